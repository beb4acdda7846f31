"""What work takes, seen operation by operation on tensors without data: nothing is computed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from ganray.train.costs.absent import spared


class Watching(TorchDispatchMode):
    """Sees every operation that is done while it is in force."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # torch would load its compiler, see `spared`


@contextmanager
def without_data() -> Iterator[None]:
    """Make all new tensors of a shape alone: nothing is allocated, and nothing computed."""
    with spared(), torch.device("meta"):
        yield
