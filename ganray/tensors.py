"""Tensors and arrays as safetensors bytes: equal ones give equal bytes, and nothing is pickled."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import safetensors.numpy
import safetensors.torch
from torch import Tensor

Tensors = dict[str, Tensor]


def serialise(tensors: Mapping[str, Tensor], metadata: dict[str, str] | None = None) -> bytes:
    """safetensors bytes; equal tensors give equal bytes."""
    plain = {name: value.detach().cpu().contiguous() for name, value in sorted(tensors.items())}
    return safetensors.torch.save(plain, metadata)


def deserialise(data: bytes) -> Tensors:
    """The tensors of `serialise`, on the CPU."""
    return safetensors.torch.load(data)


Arrays = Mapping[str, np.ndarray]


def pack(arrays: Arrays) -> bytes:
    """safetensors bytes of NumPy arrays, in a fixed order."""
    return safetensors.numpy.save({k: np.ascontiguousarray(arrays[k]) for k in sorted(arrays)})
