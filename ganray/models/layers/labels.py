"""Networks around other networks, which tell these each image's class."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from ganray.models.layers.chain import Critic, takes_labels
from ganray.models.layers.normalisation import Spectral
from ganray.randomness import normals

Labels = Int64[Tensor, "n"]


class Table(nn.Module):
    """A vector for each class, ~ N(0, `deviation`²) in the beginning."""

    def __init__(self, classes: int, size: int, deviation: float = 1.0) -> None:
        super().__init__()
        self.rows = nn.Parameter(torch.zeros(classes, size))
        self.deviation = deviation

    def draw(self, seed: int, stream: str) -> None:
        """As `DrawsItself.draw`."""
        rows = self.deviation * normals(seed, stream, 0, *self.rows.shape)
        self.rows.copy_(torch.from_numpy(rows))

    def forward(self, labels: Labels) -> Float[Tensor, "n size"]:
        """The classes' vectors."""
        return functional.embedding(labels, self.rows)


class SpectralTable(Spectral, Table):
    """Vectors that together are spectrally normalised, as the critic's other weights are."""

    def __init__(self, classes: int, size: int, deviation: float) -> None:
        super().__init__(classes, size, deviation)
        self.register_buffer("u", torch.zeros(classes))

    @property
    def weight(self) -> Tensor:  # type: ignore[override]
        """What is normalised."""
        return self.rows

    def draw(self, seed: int, stream: str) -> None:
        """As `DrawsItself.draw`."""
        Table.draw(self, seed, stream)
        Spectral.draw(self, seed, stream)

    def forward(self, labels: Labels) -> Float[Tensor, "n size"]:
        """The classes' vectors."""
        return functional.embedding(labels, self.divided())


class BesideZ(nn.Module):
    """A generator whose latent vector has its class's vector behind it."""

    labelled = True

    def __init__(self, generator: nn.Module, classes: int, size: int) -> None:
        super().__init__()
        self.generator, self.table = generator, Table(classes, size)

    def forward(self, z: Float[Tensor, "n k"], labels: Labels) -> Float[Tensor, "n c h w"]:
        """Images of the labels' classes."""
        longer = torch.cat([z, self.table(labels)], dim=1)
        own = {"labels": labels} if takes_labels(self.generator) else {}
        made: Tensor = self.generator(longer, **own)
        return made


class _Told(nn.Module):
    """A critic that is told classes."""

    critic: Critic

    def add_heads(self, heads: Mapping[str, int], shape: tuple[int, int, int]) -> None:
        """As `Critic.add_heads`."""
        self.critic.add_heads(heads, shape)


class BesidePixels(_Told):
    """A critic whose images have a map of their class behind their channels."""

    def __init__(self, critic: nn.Module, classes: int, sides: tuple[int, int]) -> None:
        super().__init__()
        assert isinstance(critic, Critic)
        self.critic, self.sides = critic, sides
        self.table = Table(classes, sides[0] * sides[1])

    def add_heads(self, heads: Mapping[str, int], shape: tuple[int, int, int]) -> None:
        """As `Critic.add_heads`, of images with a channel more."""
        channels, height, width = shape
        self.critic.add_heads(heads, (channels + 1, height, width))

    def forward(self, images: Float[Tensor, "n c h w"], *wanted: str, labels: Labels) -> object:
        """As `Critic`."""
        maps = self.table(labels).unflatten(1, (1, *self.sides))
        return self.critic(torch.cat([images, maps], dim=1), *wanted)


class Projection(_Told):
    """A critic whose value is ψ(features) + ⟨vector of the class, features⟩ (eq. 4)."""

    def __init__(self, critic: nn.Module, classes: int, shape: tuple[int, int, int]) -> None:
        super().__init__()
        assert isinstance(critic, Critic)
        size = critic.features(shape)
        deviation = (2 / (size + 1)) ** 0.5  # as large as Glorot's weights are of one output
        bounded = any(isinstance(layer, Spectral) for layer in critic.modules())
        made = SpectralTable if bounded else Table
        self.critic, self.table = critic, made(classes, size, deviation)

    def forward(self, images: Float[Tensor, "n c h w"], *wanted: str, labels: Labels) -> object:
        """As `Critic`."""
        value, features, *more = self.critic(
            images, "value", "features", *(name for name in wanted if name not in _COMMON)
        )
        value = value + (self.table(labels) * features).sum(dim=1)
        if not wanted:
            return value
        known = {"value": value, "features": features}
        others = iter(more)
        return tuple(known[name] if name in known else next(others) for name in wanted)


_COMMON = ("value", "features")
