"""What every encoder says of itself; free of torch, so that files are read fast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, runtime_checkable

from pydantic import Field

from ganray.models.spec import Shape
from ganray.spec import Spec

if TYPE_CHECKING:
    import torch
    from jaxtyping import Float


@runtime_checkable
class Embedder(Protocol):
    """A network that turns images in [0, 1] into features and class probabilities."""

    dimensions: int
    classes: int

    def __call__(
        self, images: Float[torch.Tensor, "n c h w"]
    ) -> tuple[Float[torch.Tensor, "n d"], Float[torch.Tensor, "n k"]]:
        """(features, class probabilities)."""


class Encoder(Spec):
    """A network on which images are embedded: a member of `ganray.models.encoders.ENCODERS`.

    An encoder is a file with its spec, which says what its network gives and how it is made. Torch
    is imported where the network is made: reading a file needs none.
    """

    title: ClassVar[str]
    """What people call it within a sentence."""
    gives: ClassVar[frozenset[str]] = frozenset({"features", "posteriors"})
    """What metrics can be computed from; see `ganray.metrics.metric.Need`."""
    preprocessing: ClassVar[str]
    """What the network does to images in [0, 1] first; part of every score's protocol."""
    chunk: ClassVar[int] = 50
    """Images embedded at once: 250 took EfficientNet-Lite0 3.3 GB."""
    layer: ClassVar[Literal["features", "logits"]] = "features"
    """Which numbers of the network are the features; the set's own classifier has two kinds."""
    name: str

    def network(self, shape: Shape, classes: int) -> Any:
        """An `Embedder`, a module in evaluation mode, ready but for its weights.

        Args:
            shape: of the images: channels, height and width.
            classes: of the data set.
        """
        raise NotImplementedError

    def protocol(self, _: Shape, /) -> str:
        """What scores on such images say that the network does to them: part of their protocol."""
        return self.preprocessing

    def read(self) -> torch.nn.Module:
        """The network with the weights that come from elsewhere, checked.

        Raises:
            RefusedInput: they are missing, or not what the file says.
        """
        raise NotImplementedError

    def identity(self) -> dict[str, Any]:
        """As of every spec, without where its weights lie, which `places` are."""
        return {k: v for k, v in super().identity().items() if k not in self.places}

    @property
    def imported(self) -> dict[str, Any]:
        """What decides about the weights that come from elsewhere, as the key of their task has it.

        Those of the first release have `sha256` whether they name one or not.
        """
        own = {k: v for k, v in self.identity().items() if k != "name"}
        return {"sha256": None} | own | {"network": self.name}


class OfFile(Encoder):
    """An encoder whose weights are a file that somebody published and the study names."""

    places = ("weights",)

    weights: str = Field(
        min_length=1,
        description="the published file, a path or a URL; a path is relative to the study file",
    )
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="of the weights, which must have it")
