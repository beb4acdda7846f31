"""Adam and RMSprop by torch's own arithmetic, without the classes that it wraps around it.

Those load torch's compiler at their first step, which takes two seconds of every process that
trains for a moment, and ask at every step whether they are being compiled.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.optim.adam import adam
from torch.optim.rmsprop import rmsprop

State = dict[str, Tensor]


@dataclass(frozen=True)
class Moved:
    """Weights with what they are moved by, in equal order.

    Attributes:
        moments: what is remembered of their gradients, by the optimiser's names for it.
        counts: how often each was moved.
    """

    weights: list[Tensor]
    gradients: list[Tensor]
    moments: dict[str, list[Tensor]]
    counts: list[Tensor]


class Descent(ABC):
    """Weights that go down their gradients, and what is remembered of earlier ones.

    Of `torch.optim.Optimizer` it has what a trainer asks for, by the same names.

    Args:
        settings: as torch calls them, `lr` say.

    Attributes:
        states: what is remembered of each weight that has moved, by its place.
    """

    defaults: ClassVar[dict[str, Any]]
    remembered: ClassVar[tuple[str, ...]]
    """What is remembered of each weight's gradients: tensors that are zero at first."""
    on_device = False
    """Whether it counts where the weights are: a captured graph of its step can count nowhere
    else."""

    def __init__(self, weights: Iterable[nn.Parameter | Tensor], **settings: Any) -> None:
        self._weights = list(weights)
        self.param_groups = [{**self.defaults, **settings}]
        self.states: dict[int, State] = {}

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients; unless `set_to_none`, they are zero then."""
        for weight in self._weights:
            if set_to_none or weight.grad is None:
                weight.grad = None
            else:
                weight.grad.detach_().zero_()

    @torch.no_grad()
    def step(self) -> None:
        """Move each weight that has a gradient."""
        places = [at for at, weight in enumerate(self._weights) if weight.grad is not None]
        for at in places:
            if at not in self.states:
                fresh = {name: torch.zeros_like(self._weights[at]) for name in self.remembered}
                self.states[at] = fresh | {"step": self.begun(at)}
        weights = [self._weights[at] for at in places]
        moved = Moved(
            weights,
            [weight.grad for weight in weights if weight.grad is not None],
            {name: [self.states[at][name] for at in places] for name in self.remembered},
            [self.states[at]["step"] for at in places],
        )
        if weights:
            self._move(moved, self.param_groups[0])

    def state_dict(self) -> dict[str, Any]:
        """What is remembered, by the weights' places, and the settings."""
        return {"state": dict(self.states), "param_groups": [dict(self.param_groups[0])]}

    def load_state_dict(self, told: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        self.param_groups = [dict(told["param_groups"][0])]
        self.states = {
            at: {
                # Laid out as the weight is: a fused step reads both as they lie in memory.
                name: (self.begun(at) if name == "step" else torch.empty_like(self._weights[at]))
                .copy_(value)
                .detach()
                for name, value in state.items()
            }
            for at, state in told["state"].items()
        }

    def begun(self, at: int) -> Tensor:
        """How often a weight was moved: a number of the CPU, where it is cheap to read."""
        device = self._weights[at].device if self.on_device else torch.device("cpu")
        return torch.zeros((), dtype=torch.float32, device=device)

    @abstractmethod
    def _move(self, moved: Moved, settings: dict[str, Any]) -> None:
        """One step of all, in place."""


class AdamDescent(Descent):
    """Kingma and Ba, arXiv 1412.6980, algorithm 1.

    Attributes:
        fused: in one pass over each weight; its last bits are others.
    """

    fused = False
    defaults: ClassVar = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8}
    remembered = ("exp_avg", "exp_avg_sq")

    def _move(self, moved: Moved, settings: dict[str, Any]) -> None:
        adam(
            moved.weights,
            moved.gradients,
            moved.moments["exp_avg"],
            moved.moments["exp_avg_sq"],
            [],
            moved.counts,
            # By itself torch steps all in one call on CUDA alone; on a CPU too it is the same bits.
            foreach=not self.fused,
            fused=self.fused,
            capturable=self.on_device,
            amsgrad=False,
            beta1=settings["betas"][0],
            beta2=settings["betas"][1],
            lr=settings["lr"],
            weight_decay=0.0,
            eps=settings["eps"],
            maximize=False,
        )
        if self.fused:  # which does not tell autograd that they moved
            torch.autograd.graph.increment_version(moved.weights)


class RmsPropDescent(Descent):
    """Tieleman and Hinton, 2012: the step is over √ the mean square."""

    defaults: ClassVar = {"lr": 1e-2, "alpha": 0.99, "eps": 1e-8}
    remembered = ("square_avg",)

    def _move(self, moved: Moved, settings: dict[str, Any]) -> None:
        rmsprop(
            moved.weights,
            moved.gradients,
            moved.moments["square_avg"],
            [],
            [],
            moved.counts,
            foreach=True,
            capturable=self.on_device,
            lr=settings["lr"],
            alpha=settings["alpha"],
            eps=settings["eps"],
            weight_decay=0.0,
            momentum=0.0,
            centered=False,
        )


AnyDescent = Descent | torch.optim.Optimizer
"""An algorithm's own file may bring any of torch's."""
