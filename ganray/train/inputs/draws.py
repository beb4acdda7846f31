"""Random numbers that a step's loss takes, each a law by which row i of all batches has its own.

Free of torch, as an algorithm's file is, so that files are read fast.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64

from ganray.models.laws import Codes
from ganray.models.spec import ModelSpec, Shape
from ganray.randomness import normals, uniforms


@runtime_checkable
class Draw(Protocol):
    """Random numbers for each row of a batch, by the row's number alone."""

    def rows(
        self, model: ModelSpec, seed: int, start: int, count: int, /
    ) -> Float64[np.ndarray, "count ..."]:
        """Those of rows `start … start+count-1` of all batches of the step."""


@runtime_checkable
class ImageDraw(Protocol):
    """Random images, by their number alone; where a draw is one, it is asked for these."""

    def images(
        self, shape: Shape, seed: int, start: int, count: int, /
    ) -> Float64[np.ndarray, "count c h w"]:
        """Those of rows `start … start+count-1` of all batches of the step."""


def drawn(
    draw: Draw, model: ModelSpec, shape: Shape, seed: int, start: int, count: int
) -> Float64[np.ndarray, "count ..."]:
    """What a draw gives rows `start … start+count-1` of images of `shape`."""
    if isinstance(draw, ImageDraw):
        return draw.images(shape, seed, start, count)
    return draw.rows(model, seed, start, count)


@dataclass(frozen=True)
class Latents:
    """Noise by the networks' own latent law."""

    stream: str

    def rows(
        self, model: ModelSpec, seed: int, start: int, count: int, /
    ) -> Float64[np.ndarray, "count latent"]:
        """Latent vectors."""
        return model.latents.rows(seed, self.stream, start, count)


@dataclass(frozen=True)
class NormalLatents:
    """Standard normal vectors of the size of latent ones, whatever their law."""

    stream: str

    def rows(
        self, model: ModelSpec, seed: int, start: int, count: int, /
    ) -> Float64[np.ndarray, "count latent"]:
        """One for each row."""
        return normals(seed, self.stream, start, count, model.latents.size)


@dataclass(frozen=True)
class CodesOf:
    """The codes in the latent vectors of a stream, where the networks have codes."""

    stream: str

    def rows(
        self, model: ModelSpec, seed: int, start: int, count: int, /
    ) -> Float64[np.ndarray, "count codes"]:
        """The category's number, then the continuous codes."""
        law = model.latents
        assert isinstance(law, Codes)
        return law.codes(seed, self.stream, start, count)


@dataclass(frozen=True)
class Uniforms:
    """Some numbers in (0, 1) for each image."""

    stream: str
    width: int

    def rows(
        self, _: ModelSpec, seed: int, start: int, count: int, /
    ) -> Float64[np.ndarray, "count width"]:
        """So many columns."""
        return uniforms(seed, self.stream, start, count, self.width)


@dataclass(frozen=True)
class OfPixels:
    """A number for each pixel of an image."""

    stream: str

    def law(
        self, seed: int, start: int, count: int, width: int, /
    ) -> Float64[np.ndarray, "count width"]:
        """So many in a row for each image."""
        raise NotImplementedError

    def rows(
        self, _: ModelSpec, seed: int, start: int, count: int, /
    ) -> Float64[np.ndarray, "count 1 1 1"]:
        """Of images of one pixel."""
        return self.images((1, 1, 1), seed, start, count)

    def images(
        self, shape: Shape, seed: int, start: int, count: int, /
    ) -> Float64[np.ndarray, "count c h w"]:
        """As `ImageDraw.images`."""
        rows = self.law(seed, start, count, math.prod(shape))
        return rows.reshape(count, *shape)


class Normals(OfPixels):
    """Standard normal ones."""

    def law(
        self, seed: int, start: int, count: int, width: int, /
    ) -> Float64[np.ndarray, "count width"]:
        """As `OfPixels.law`."""
        return normals(seed, self.stream, start, count, width)


class PixelUniforms(OfPixels):
    """Numbers in (0, 1)."""

    def law(
        self, seed: int, start: int, count: int, width: int, /
    ) -> Float64[np.ndarray, "count width"]:
        """As `OfPixels.law`."""
        return uniforms(seed, self.stream, start, count, width)


@dataclass(frozen=True)
class Uniform:
    """One number in [0, 1) for each image, to be multiplied with it."""

    stream: str

    def rows(
        self, _: ModelSpec, seed: int, start: int, count: int, /
    ) -> Float64[np.ndarray, "count 1 1 1"]:
        """Numbers of the shape of images of one pixel."""
        return uniforms(seed, self.stream, start, count, 1).reshape(count, 1, 1, 1)
