"""Training state as named tensors: what a checkpoint holds, without pickle.

A trainer's state is total: networks, moving averages, optimisers, step and history. Random numbers
need no state, since they are drawn by index from the step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ganray.errors import RefusedInput
from ganray.tensors import Tensors
from ganray.train.updates.optimisers import AnyDescent


def trainable(networks: Mapping[str, nn.Module]) -> dict[str, list[nn.Parameter]]:
    """The weights of each network that are to be trained; a family may have fixed ones."""
    return {
        role: [weight for weight in network.parameters() if weight.requires_grad]
        for role, network in networks.items()
    }


def freeze_first(networks: Mapping[str, nn.Module], layers: Mapping[str, int]) -> None:
    """Let the first so many layers of some networks keep their weights, and what normalises them.

    A layer begins with each weight of more than one dimension, as parameters are ordered.

    Raises:
        RefusedInput: a network has no more layers than these.
    """
    for role, count in layers.items():
        begun = 0
        for weight in networks[role].parameters():
            begun += weight.ndim > 1
            weight.requires_grad_(weight.requires_grad and begun > count)
        if begun <= count:
            raise RefusedInput(
                f"train.{role}_frozen (={count}) leaves none of the {role}'s {begun} layers to be "
                f"trained; valid: at most {begun - 1}"
            )


def hold_all_but(
    moving: Sequence[str] | None, weights: Mapping[str, Sequence[nn.Parameter]]
) -> None:
    """Let gradients flow to the weights of some networks alone; None: of all again."""
    for role, own in weights.items():
        for weight in own:
            weight.requires_grad_(moving is None or role in moving)


@torch.no_grad()
def clip(weights: Sequence[nn.Parameter], bound: float) -> None:
    """Cut each weight off at ±`bound`."""
    for weight in weights:
        weight.clamp_(-bound, bound)


def module_tensors(prefix: str, module: nn.Module) -> Tensors:
    """The module's parameters and buffers, named `prefix/<name>`."""
    return prefixed(prefix, module.state_dict())


def prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> Tensors:
    """The tensors, named `prefix/<name>`."""
    return {f"{prefix}/{name}": value for name, value in tensors.items()}


def load_module(prefix: str, module: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Load what `module_tensors` gave; missing or extra names raise."""
    module.load_state_dict(below(prefix, tensors))


def optimizer_tensors(prefix: str, optimizer: AnyDescent) -> Tensors:
    """The optimiser's moments and step counts, named `prefix/<parameter index>/<name>`."""
    state = optimizer.state_dict()["state"]
    return {
        f"{prefix}/{index}/{name}": torch.as_tensor(value)
        for index, entries in state.items()
        for name, value in entries.items()
    }


def load_optimizer(prefix: str, optimizer: AnyDescent, tensors: Mapping[str, Tensor]) -> None:
    """Load what `optimizer_tensors` gave into an optimiser over the same parameters."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in below(prefix, tensors).items():
        index, entry = name.split("/")
        state.setdefault(int(index), {})[entry] = value.clone()  # it moves them in place
    # Rates are not the checkpoint's but the spec's: a schedule may have changed them since.
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def below(prefix: str, tensors: Mapping[str, Tensor]) -> Tensors:
    """Those of them that `prefixed` named, under their own names."""
    start = prefix + "/"
    return {
        name.removeprefix(start): value for name, value in tensors.items() if name.startswith(start)
    }


def moving_average(networks: nn.Module, decay: float) -> AveragedModel:
    """ema ← decay·ema + (1 − decay)·networks at each update, from the initial weights on."""
    average = AveragedModel(networks, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True)
    average.n_averaged.fill_(1)  # else the first update would be a copy
    return average
