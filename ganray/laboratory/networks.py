"""GANs whose images are single numbers: which ones are real, and the networks; free of torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from jaxtyping import Float64
from pydantic import Field, field_validator

from ganray.errors import RefusedInput
from ganray.models.spec import Law, ModelSpec, Shape, Uniform
from ganray.randomness import uniforms
from ganray.spec import Spec

if TYPE_CHECKING:
    import torch

SHAPE: Shape = (1, 1, 1)
"""Of a number, as networks see it: an image of one pixel."""
Place = Annotated[float, Field(ge=-1, le=1)]
_SLOPE = 0.2


class Mixture(Spec):
    """Real numbers: in some segments of [−1, 1], equally often in each, uniform within it."""

    segments: list[tuple[Place, Place]] = Field(
        [(-0.9, -0.5), (0.5, 0.9)],
        min_length=1,
        max_length=16,
        description="where real numbers lie, each from its lower to its upper end",
    )

    @field_validator("segments")
    @classmethod
    def _ascend(cls, segments: list[tuple[float, float]]) -> list[tuple[float, float]]:
        ends = [end for segment in segments for end in segment]
        if any(low >= high for low, high in segments) or ends != sorted(ends):
            raise ValueError("must ascend: each from its lower to its upper end, none in another")
        return segments

    def rows(self, seed: int, stream: str, start: int, count: int) -> Float64[np.ndarray, "n"]:
        """Numbers `start … start+count-1` of a stream; each depends on its own alone."""
        drawn = uniforms(seed, stream, start, count, 2)
        low, high = np.array(self.segments).T
        which = (drawn[:, 0] * len(low)).astype(np.int64)
        return low[which] + (high - low)[which] * drawn[:, 1]

    def density(self, at: Float64[np.ndarray, "n"]) -> Float64[np.ndarray, "n"]:
        """Of real numbers."""
        low, high = np.array(self.segments).T
        inside = (at[:, None] >= low) & (at[:, None] <= high)
        return (inside / (high - low)).mean(axis=1)


class NumberNetworks(ModelSpec):
    """A generator of numbers in (−1, 1) from one uniform number, and a critic of numbers.

    Layers of units with LeakyReLU. Biases are drawn, too: with zero ones all that such a layer can
    bend at is 0, and generators stay on one side of it.
    """

    name: Literal["number"] = Field("number", description="the family of networks")
    width: int = Field(32, ge=1, le=1024, description="units of each hidden layer")
    depth: int = Field(2, ge=1, le=8, description="hidden layers of each network")

    @property
    def latents(self) -> Law:
        """One number, uniform in [−1, 1]."""
        return Uniform(1)

    def check(self, shape: Shape, _: int, /) -> None:
        """Refuse images of more than one pixel."""
        if shape != SHAPE:
            raise RefusedInput(f"shape (={shape}) must be {SHAPE}: these networks make numbers")

    def networks(self, shape: Shape, _: int, /) -> dict[str, torch.nn.Module]:
        """Latent numbers to numbers (tanh); numbers to unbounded critic values."""
        from torch import nn

        from ganray.models.layers.chain import Critic, chain

        def hidden() -> dict[str, nn.Module]:
            layers: dict[str, nn.Module] = {}
            for index in range(1, self.depth + 1):
                layers[f"linear{index}"] = nn.Linear(1 if index == 1 else self.width, self.width)
                layers[f"relu{index}"] = nn.LeakyReLU(_SLOPE)
            return layers

        return {
            "generator": chain(
                **hidden(),
                linear=nn.Linear(self.width, 1),
                output=nn.Tanh(),
                number=nn.Unflatten(1, shape),
            ),
            "critic": Critic(flat=nn.Flatten(), **hidden(), linear=nn.Linear(self.width, 1)),
        }

    def initialise(self, networks: Mapping[str, torch.nn.Module], seed: int) -> None:
        """Weights and biases uniform in ±1/√fan_in, as torch's own layers begin."""
        import torch
        from torch import nn

        for role, network in networks.items():
            for name, layer in network.named_modules():
                if isinstance(layer, nn.Linear):
                    size, inputs = layer.weight.shape
                    drawn = 2 * uniforms(seed, f"{role}/{name}", 0, size, inputs + 1) - 1
                    values = torch.from_numpy(drawn / np.sqrt(inputs)).float()
                    with torch.no_grad():
                        layer.weight.copy_(values[:, :inputs])
                        layer.bias.copy_(values[:, inputs])
