"""The losses of a training as Parquet."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Float32


def history_table(losses: Float32[np.ndarray, "steps losses"], names: tuple[str, ...]) -> bytes:
    """Parquet: iteration (from 1) and each loss."""
    columns: dict[str, Any] = {"iteration": np.arange(1, len(losses) + 1)}
    columns |= {name: losses[:, index] for index, name in enumerate(names)}
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, compression="zstd")
    return sink.getvalue()


def read_history(data: bytes) -> dict[str, np.ndarray]:
    """The columns of `history.parquet`."""
    table = pq.read_table(io.BytesIO(data))
    return {name: table[name].to_numpy() for name in table.column_names}
