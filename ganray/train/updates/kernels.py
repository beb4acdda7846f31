"""How the arithmetic of a training is done: what changes its last bits, or more, but not its terms.

Losses and networks know nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_map

from ganray.train.fused.functions import Fused
from ganray.train.spec import TrainSpec
from ganray.train.steps import Networks, Step
from ganray.train.updates.optimisers import AdamDescent, AnyDescent


def lay_out(spec: TrainSpec, networks: Mapping[str, nn.Module]) -> None:
    """Lay the weights of `kernel: fused` out as oneDNN and cuDNN read them fastest."""
    if spec.kernel == "fused":
        for network in networks.values():
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def descent_of(spec: TrainSpec, step: Step, weights: Sequence[Tensor]) -> AnyDescent:
    """How a step moves its weights: by `kernel: fused` in one pass over each."""
    made = step.optimiser.made(weights)
    if spec.kernel == "fused" and isinstance(made, AdamDescent):
        made.fused = made.on_device = True
    return made


def laid_out(spec: TrainSpec, images: Tensor) -> Tensor:
    """Images as the kernel's convolutions read them."""
    if spec.kernel == "plain":
        return images
    return images.contiguous(memory_format=torch.channels_last)


def functions_of(
    spec: TrainSpec, networks: Mapping[str, nn.Module], device: torch.device
) -> Networks:
    """The networks as functions, as `precision` and `kernel` say.

    Of `kernel: fused` those that are piecewise linear are differentiated as a whole, on a CPU: on
    CUDA the time of the layers of one GAN is cuDNN's. Cohorts do so everywhere
    (`cohorts.stacked`).
    """
    functions = in_precision(spec, networks, device)
    if spec.kernel == "plain" or device.type != "cpu":
        return functions
    precision = None if spec.precision == "float32" else torch.bfloat16
    return {role: Fused(network, functions[role], precision) for role, network in networks.items()}


def in_precision(spec: TrainSpec, networks: Networks, device: torch.device) -> Networks:
    """The networks as `precision` says: within them bfloat16, outside of them 32 bits, so that
    losses, penalties' norms, gradients of weights and the weights themselves have these."""
    if spec.precision == "float32":
        return networks
    return {role: partial(_lowered, network, device.type) for role, network in networks.items()}


def _lowered(network: Callable[..., Any], device: str, *inputs: Any, **named: Any) -> Any:
    with torch.autocast(device, torch.bfloat16):
        made = network(*inputs, **named)
    return tree_map(_widened, made)


def _widened(value: object) -> object:
    if isinstance(value, Tensor) and value.dtype == torch.bfloat16:
        return value.float()
    return value
