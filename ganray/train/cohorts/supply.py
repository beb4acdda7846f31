"""Batches and noise of many steps drawn ahead, for all members of a cohort at once.

Each number is the one that a member draws by itself: it depends on the member's seed, the stream
and the row alone. On a GPU the numbers of the plain laws are drawn there (`philox`), equal integers
and so equal numbers to the last bits of a double; all others are the host's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from ganray.models import laws
from ganray.models.spec import ModelSpec, Shape
from ganray.train.cohorts.fitting import carried
from ganray.train.cohorts.philox import uniforms_on
from ganray.train.gan import GanTrainer
from ganray.train.inputs import draws
from ganray.train.inputs.draws import Draw, drawn
from ganray.train.steps import Step

_NUMBERS = 2**24
"""At most so many are drawn ahead: 128 MiB of doubles."""
_STEPS = 64


class Supply(NamedTuple):
    """What a step needs, so many batches in a row; members come second, rows third.

    Attributes:
        rows: of the images of all members, one after another; none where no real image is seen.
        labels: of these rows, or of those that a step without images draws.
        factors: of its loss, those that members have of their own.
    """

    noise: dict[str, Float[Tensor, "steps k n ..."]]
    rows: Int64[Tensor, "steps k n"] | None
    labels: Int64[Tensor, "steps k n"] | None
    factors: dict[str, Float[Tensor, "steps k"]]

    def at(self, index: int) -> Supply:
        """That of one batch."""
        rows, labels = (None if one is None else one[index] for one in (self.rows, self.labels))
        noise, factors = (
            {name: value[index] for name, value in given.items()}
            for given in (self.noise, self.factors)
        )
        return Supply(noise, rows, labels, factors)


class Supplies:
    """Draws ahead for the members of a cohort, whose images are on its device."""

    def __init__(self, members: Sequence[GanTrainer], device: torch.device) -> None:
        self._members, self._device = members, device
        self.model, self.shape = members[0].model, members[0].shape
        self._carried = carried(member.spec for member in members)
        sets = [member.feed.resident for member in members]
        # Members that see the same images (replicates of the joint GAN, say) share them.
        # Members that are given the same tensor share it; a part of it is another set.
        places: dict[tuple[int, tuple[int, ...]], int] = {}
        whole: list[UInt8[Tensor, "n c h w"]] = []
        self._first = []
        for images in sets:
            known = images.data_ptr(), tuple(images.shape)
            if known not in places:
                places[known] = sum(map(len, whole))
                whole.append(images)
            self._first.append(places[known])
        self.images = whole[0] if len(whole) == 1 else torch.cat(whole)

    def ahead(self, steps: Sequence[Step]) -> int:
        """Iterations that are drawn for at once."""
        numbers = 1
        for step in steps:
            for draw in step.noise.values():
                one = drawn(draw, self.model, self.shape, 0, 0, 1)
                rows = self._members[0].spec.batch * step.rows
                numbers += step.times * rows * one.size * len(self._members)
        return max(1, min(_STEPS, _NUMBERS // numbers))

    def of(self, step: Step, first: int, iterations: range) -> Supply:
        """Of the batches of a step in some iterations, which are alike; from number `first` on."""
        batches = len(iterations) * step.times
        noise = {name: self._noise(step, draw, first, batches) for name, draw in step.noise.items()}
        told = [member.feed.ahead(step, first, batches) for member in self._members]
        rows = [
            at + some for at, (some, _) in zip(self._first, told, strict=True) if some is not None
        ]
        labels = [some for _, some in told if some is not None]
        factors = self._factors(iterations, step.times)
        return Supply(noise, self._sent(rows), self._sent(labels), factors)

    def _factors(self, iterations: range, times: int) -> dict[str, Float[Tensor, "steps k"]]:
        """Those of each batch that differ among members, or change on the way."""
        if not self._carried:
            return {}
        specs = [[one.spec.at(iteration) for iteration in iterations] for one in self._members]
        found = {}
        for name in self._carried:
            values = [[getattr(spec, name) for spec in own] for own in specs]
            sent = self._sent([np.repeat(np.array(own, np.float32), times) for own in values])
            assert sent is not None
            found[name] = sent
        return found

    def _sent(self, of_members: Sequence[np.ndarray]) -> Tensor | None:
        """Arrays of each member as one tensor, members second; none of none."""
        if not of_members:
            return None
        sent = torch.from_numpy(np.stack(of_members, axis=1))
        if self._device.type == "cuda":  # else the device would be waited for
            sent = sent.pin_memory()
        return sent.to(self._device, non_blocking=True)

    def _noise(self, step: Step, draw: Draw, first: int, batches: int) -> Float[Tensor, "..."]:
        rows = self._members[0].spec.batch * step.rows
        seeds = [member.seed for member in self._members]
        start, count = first * rows, batches * rows
        recipe = recipe_of(draw, self.model, self.shape) if self._device.type == "cuda" else None
        if recipe is not None:
            even = uniforms_on(self._device, seeds, recipe.stream, start, count, recipe.width)
            made = recipe.law(even).float().view(len(seeds), batches, rows, *recipe.shape)
            return made.transpose(0, 1).contiguous()
        numbers = [drawn(draw, self.model, self.shape, seed, start, count) for seed in seeds]
        sent = self._sent(
            [one.astype(np.float32).reshape(batches, rows, *one.shape[1:]) for one in numbers]
        )
        assert sent is not None
        return sent


class Recipe(NamedTuple):
    """How numbers of a law come of even ones in (0, 1)."""

    stream: str
    width: int
    law: Callable[[Float[Tensor, "k n width"]], Float[Tensor, "k n width"]]
    shape: tuple[int, ...]


def recipe_of(draw: Draw, model: ModelSpec, shape: Shape) -> Recipe | None:
    """That of a plain law; None: it is drawn on the host."""
    even, normal = (lambda u: u), torch.special.ndtri
    pixels = int(np.prod(shape))
    if type(draw) is draws.Uniform:
        return Recipe(draw.stream, 1, even, (1, 1, 1))
    if type(draw) is draws.Uniforms:
        return Recipe(draw.stream, draw.width, even, (draw.width,))
    if type(draw) in (draws.Normals, draws.PixelUniforms):
        law = normal if type(draw) is draws.Normals else even
        return Recipe(draw.stream, pixels, law, shape)  # type: ignore[attr-defined]
    if type(draw) is draws.NormalLatents:
        return Recipe(draw.stream, model.latents.size, normal, (model.latents.size,))
    if type(draw) is draws.Latents and (made := _latent(model.latents)) is not None:
        return Recipe(draw.stream, model.latents.size, made, (model.latents.size,))
    return None


def _latent(law: laws.Law) -> Callable[[Tensor], Tensor] | None:
    if isinstance(law, laws.Normal) and law.bound is None:
        return lambda u: law.deviation * torch.special.ndtri(u)
    if isinstance(law, laws.Uniform):
        return lambda u: law.low + (law.high - law.low) * u
    if isinstance(law, laws.Sphere) and law.bound is None:

        def directions(u: Tensor) -> Tensor:
            normal = torch.special.ndtri(u)
            return normal * (law.size**0.5 / normal.norm(dim=-1, keepdim=True))

        return directions
    return None
