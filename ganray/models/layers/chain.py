"""Networks of layers that follow one another: generators, and critics that tell their features."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn


class Chain(nn.Sequential):
    """Layers that follow one another, each under its name; labels go to those that take them."""

    def __init__(self, layers: Mapping[str, nn.Module]) -> None:
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)
        self.labelled = any(takes_labels(layer) for layer in layers.values())

    def forward(
        self, values: Float[Tensor, "n ..."], labels: Int64[Tensor, "n"] | None = None
    ) -> Float[Tensor, "n ..."]:
        """What the last layer makes of what the others made."""
        for layer in self:
            values = layer(values, labels) if takes_labels(layer) else layer(values)
        return values


def chain(**layers: nn.Module) -> Chain:
    """A network whose layers follow one another, each under its name."""
    return Chain(layers)


def takes_labels(layer: nn.Module) -> bool:
    """Whether a layer is told the images' classes."""
    return bool(getattr(layer, "labelled", False))


class Critic(nn.Module):
    """A network from images to one value each, which can also tell what it saw on the way.

    Args:
        layers: the last gives the value; what those before it give, flattened, are the features.
    """

    def __init__(self, **layers: nn.Module) -> None:
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)
        *self._body, self._value = layers

    @property
    def row(self) -> list[nn.Module]:
        """All layers from an image to its value."""
        return [self.get_submodule(name) for name in (*self._body, self._value)]

    @property
    def body(self) -> dict[str, nn.Module]:
        """The layers that its features come of."""
        return {name: self.get_submodule(name) for name in self._body}

    def add_heads(self, heads: Mapping[str, int], shape: tuple[int, int, int]) -> None:
        """Let it give so many more numbers under each name, each linear in the features.

        Args:
            shape: of the images that it is for.
        """
        size = self.features(shape)
        for name, outputs in heads.items():
            self.add_module(f"{name}_head", nn.Linear(size, outputs))

    @torch.no_grad()
    def features(self, shape: tuple[int, int, int]) -> int:
        """How many features it has of an image of `shape`."""
        (features,) = self.eval()(torch.empty(1, *shape), "features")
        self.train()
        return int(features.shape[1])

    def forward(
        self, images: Float[Tensor, "n c h w"], *wanted: str
    ) -> Float[Tensor, "n"] | tuple[Tensor, ...]:
        """The values; or of all that is `wanted`, in this order, a tuple: "value", "features", or
        the name of a head."""
        made = self.bodied(images)
        if not wanted:
            return self._named("value", made)
        return tuple(self._named(name, made) for name in wanted)

    def bodied(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n ..."]:
        """What the layers before the last one give."""
        for name in self._body:
            images = self.get_submodule(name)(images)
        return images

    def _named(self, name: str, body: Float[Tensor, "n ..."]) -> Float[Tensor, "..."]:
        if name == "spread":  # of a single network, as `layers.mixtures` has it of several
            return body.new_zeros(())
        if name == "value":
            value: Tensor = self.get_submodule(self._value)(body)
            return value.flatten()
        features = body.flatten(1)
        if name == "features":
            return features
        made: Tensor = self.get_submodule(f"{name}_head")(features)
        return made
