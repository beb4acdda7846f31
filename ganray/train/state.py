"""Training state as named tensors: what a checkpoint holds, without pickle.

A trainer's state is total: networks, moving averages, optimisers, step and history. Random numbers
need no state, since they are drawn by index from the step.
"""

from __future__ import annotations

from collections.abc import Mapping

import safetensors.torch
import torch
from torch import Tensor, nn

Tensors = dict[str, Tensor]


def module_tensors(prefix: str, module: nn.Module) -> Tensors:
    """The module's parameters and buffers, named `prefix/<name>`."""
    return {f"{prefix}/{name}": value for name, value in module.state_dict().items()}


def load_module(prefix: str, module: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Load what `module_tensors` gave; missing or extra names raise."""
    module.load_state_dict(_below(prefix, tensors))


def optimizer_tensors(prefix: str, optimizer: torch.optim.Optimizer) -> Tensors:
    """The optimiser's moments and step counts, named `prefix/<parameter index>/<name>`."""
    state = optimizer.state_dict()["state"]
    return {
        f"{prefix}/{index}/{name}": torch.as_tensor(value)
        for index, entries in state.items()
        for name, value in entries.items()
    }


def load_optimizer(
    prefix: str, optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]
) -> None:
    """Load what `optimizer_tensors` gave into an optimiser over the same parameters."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in _below(prefix, tensors).items():
        index, entry = name.split("/")
        state.setdefault(int(index), {})[entry] = value.clone()
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def serialise(tensors: Mapping[str, Tensor], metadata: dict[str, str] | None = None) -> bytes:
    """safetensors bytes; equal tensors give equal bytes."""
    plain = {name: value.detach().cpu().contiguous() for name, value in sorted(tensors.items())}
    return safetensors.torch.save(plain, metadata)


def deserialise(data: bytes) -> Tensors:
    """The tensors of `serialise`, on the CPU."""
    return safetensors.torch.load(data)


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> Tensors:
    start = prefix + "/"
    return {
        name.removeprefix(start): value for name, value in tensors.items() if name.startswith(start)
    }
