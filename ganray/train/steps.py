"""What an algorithm is to the engines that run it: the steps of an iteration, each with its loss.

Free of torch, as an algorithm's file is, so that files are read fast.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol, runtime_checkable

from jaxtyping import Float, Int64

from ganray.models.spec import ModelSpec
from ganray.train.inputs.draws import Draw

if TYPE_CHECKING:
    import torch

    from ganray.train.updates.optimisers import AnyDescent

Networks = Mapping[str, Callable[..., "torch.Tensor"]]
"""The networks by their roles, as functions: modules, or modules bound to parameters."""
Noise = Mapping[str, "torch.Tensor"]
"""The random numbers of one step, by the names that the step gives its draws."""


class Shown(NamedTuple):
    """Images beside the real ones of a step, as the networks see pixels, and their classes."""

    images: Float[torch.Tensor, "n c h w"]
    labels: Int64[torch.Tensor, "n"]


@dataclass(frozen=True)
class Batch:
    """The data of one step.

    Attributes:
        index: its number among all batches of this step, from 0.
        real: real images as the networks see pixels, in [0, 1] or [−1, 1]; those of a step that
            wants none are empty.
        more: of an algorithm that shows its losses further images, those by their names.
        labels: the class of each row, from 0, where the networks or the algorithm want it: of
            the real images, or of a step without these drawn as often as they have it.
        iteration: in which the step is done, from 0.
    """

    index: int
    real: Float[torch.Tensor, "n c h w"]
    labels: Int64[torch.Tensor, "n"] | None = None
    more: Mapping[str, Shown] = field(default_factory=dict)
    iteration: int = 0


@dataclass(frozen=True)
class Replay:
    """Generated images that a step is shown as `Batch.more`, some of them of earlier iterations.

    Attributes:
        made: a pure function to images by their names; they carry no gradient.
        names: these.
        size: images that are kept of each name; 0: none, what was made is shown.
    """

    made: Callable[[Networks, Batch, Noise], Mapping[str, torch.Tensor]]
    names: tuple[str, ...]
    size: int

    @property
    def kept(self) -> int:
        """Images that a checkpoint holds of them."""
        return len(self.names) * self.size


Loss = Callable[[Networks, Batch, Noise], "torch.Tensor"]
"""A pure function to one scalar: it holds no state and knows no optimiser, device or gradient.

It is a mean over the rows of its batch, so that ranks that each have a part of them agree with one
process that has all."""


@runtime_checkable
class Optimiser(Protocol):
    """A rule by which weights go down a gradient, with its settings."""

    word: ClassVar[str]
    """What its state is called in a checkpoint."""

    def made(self, weights: Sequence[torch.Tensor], /) -> AnyDescent:
        """A new one for these weights."""

    @property
    def settings(self) -> dict[str, Any]:
        """What may change on the way, as torch calls it."""


@dataclass(frozen=True)
class Adam:
    """The settings of an optimiser (Kingma and Ba, arXiv 1412.6980)."""

    word: ClassVar[str] = "adam"
    learning_rate: float
    beta1: float
    beta2: float

    def made(self, weights: Sequence[torch.Tensor], /) -> AnyDescent:
        """As `Optimiser.made`."""
        from ganray.train.updates.optimisers import AdamDescent

        return AdamDescent(weights, **self.settings)

    @property
    def settings(self) -> dict[str, Any]:
        """As `Optimiser.settings`."""
        return {"lr": self.learning_rate, "betas": (self.beta1, self.beta2)}


@dataclass(frozen=True)
class RmsProp:
    """The settings of RMSprop (Tieleman and Hinton, 2012): the step is over √ the mean square."""

    word: ClassVar[str] = "rmsprop"
    learning_rate: float
    decay: float = 0.99

    def made(self, weights: Sequence[torch.Tensor], /) -> AnyDescent:
        """As `Optimiser.made`."""
        from ganray.train.updates.optimisers import RmsPropDescent

        return RmsPropDescent(weights, **self.settings)

    @property
    def settings(self) -> dict[str, Any]:
        """As `Optimiser.settings`."""
        return {"lr": self.learning_rate, "alpha": self.decay}


def vanishes(factor: object) -> bool:
    """Whether a factor of a loss is 0; a tensor, which members of a cohort have, never is."""
    return isinstance(factor, int | float) and factor == 0


@dataclass(frozen=True)
class Step:
    """One kind of step: in each iteration some networks are moved, `times` times, down a loss.

    Attributes:
        name: `critic`, say; its loss is shown as `critic_loss`.
        moves: the roles of the networks that it moves; all others are held fixed.
        optimiser: how it moves them.
        noise: what is drawn for it.
        real: whether its loss looks at real images.
        shown: whether it looks at those that the algorithm shows by names, though at no others.
        replay: generated images that are made before the step, for its loss to look at.
        note: what a reader of its loss should know besides.
        clip: each weight is cut off at ± this after every move; none: it is not.
        rows: of a step without real images, so many times the batch are drawn for it.
        period: batches number 0, `period`, 2·`period`, … cost what number 0 does, and all others
            what number 1 does.
    """

    name: str
    moves: tuple[str, ...]
    loss: Loss
    optimiser: Optimiser
    times: int = 1
    noise: Mapping[str, Draw] = field(default_factory=dict)
    real: bool = True
    note: str = ""
    period: int = 1
    clip: float | None = None
    rows: int = 1
    shown: bool = False
    replay: Replay | None = None

    @property
    def looks(self) -> bool:
        """Whether it is shown images by names."""
        return self.real or self.shown

    @property
    def kinds(self) -> dict[int, float]:
        """The numbers of batches that stand for all, by what they cost, and their shares."""
        share = 1 / self.period
        return {0: share} if self.period == 1 else {0: share, 1: 1 - share}


def told(model: ModelSpec, networks: Networks, labels: torch.Tensor | None) -> Networks:
    """The networks for one batch, those that are told labels with its own."""
    if labels is None:
        return networks
    return {**networks, **{role: _telling(networks[role], labels) for role in model.labelled}}


def _telling(network: Callable[..., torch.Tensor], labels: torch.Tensor) -> Callable[..., Any]:
    def called(rows: torch.Tensor, *more: Any) -> Any:
        # Real and generated images may be judged in one batch, each part with these labels.
        return network(rows, *more, labels=labels.repeat(len(rows) // len(labels)))

    return called
