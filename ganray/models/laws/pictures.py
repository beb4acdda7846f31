"""Images in the place of noise, of which some GANs make others; free of torch."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64, UInt8

from ganray.errors import RefusedInput
from ganray.models.laws import Law


@dataclass(frozen=True, eq=False)
class Pictures:
    """Source images in place of noise: vector number i is number i of them, in [0, 1].

    Attributes:
        shape: channels, height and width of each.
        images: those that there are, one after another and then again; none: they are yet to come.
    """

    shape: tuple[int, int, int]
    images: UInt8[np.ndarray, "n c h w"] | None = None

    @property
    def size(self) -> int:
        """Pixels of all channels."""
        return math.prod(self.shape)

    @property
    def free(self) -> int:
        """None: they are given."""
        return 0

    @property
    def isotropic(self) -> bool:
        """They are no directions."""
        return False

    def truncated(self, bound: float) -> Law:
        """Of noise alone."""
        raise RefusedInput(f"truncation (={bound:g}) is of noise, and this GAN is given images")

    def rows(self, _: int, __: str, start: int, count: int) -> Float64[np.ndarray, "count size"]:
        """Images number `start … start+count-1`, whatever the seed.

        Raises:
            RefusedInput: there are no images.
        """
        if self.images is None:
            raise RefusedInput(
                "noise (=None): this GAN makes images of other images; "
                "give them by `generator.of(images)`"
            )
        chosen = self.images[np.arange(start, start + count) % len(self.images)]
        return chosen.reshape(count, -1) / 255.0

    def of(self, images: UInt8[np.ndarray, "n c h w"], _: Int64[np.ndarray, "m"] | None) -> Law:
        """The same law, of these images."""
        return Pictures(self.shape, images)


@dataclass(frozen=True, eq=False)
class Siblings(Pictures):
    """Source images, each so often as there are other classes, and behind each one of these.

    Vector number i is image i ÷ (classes − 1), and the (1 + i mod (classes − 1))-th class after its
    own.

    Attributes:
        labels: the class of each image.
    """

    classes: int = 2
    labels: Int64[np.ndarray, "n"] | None = None

    @property
    def size(self) -> int:
        """A picture's, and one."""
        return super().size + 1

    def rows(
        self, seed: int, stream: str, start: int, count: int
    ) -> Float64[np.ndarray, "count size"]:
        """As `Pictures.rows`; RefusedInput also where images have no labels."""
        if self.images is None or self.labels is None:
            return super().rows(seed, stream, start, count)  # which refuses
        index, others = np.arange(start, start + count), self.classes - 1
        chosen = index // others % len(self.images)
        targets = (self.labels[chosen] + 1 + index % others) % self.classes
        return np.column_stack([self.images[chosen].reshape(count, -1) / 255.0, targets])

    def of(
        self, images: UInt8[np.ndarray, "n c h w"], labels: Int64[np.ndarray, "m"] | None
    ) -> Law:
        """The same law, of these images and their classes.

        Raises:
            RefusedInput: there is not one class, from 0, for each image.
        """
        whole = range(self.classes)
        if labels is None or len(labels) != len(images) or not {*labels.tolist()} <= {*whole}:
            shown = None if labels is None else labels.shape
            raise RefusedInput(
                f"labels (={shown}) must be the class, 0 to {self.classes - 1}, of each of "
                f"{len(images)} images, whose siblings are of others"
            )
        return Siblings(self.shape, images, self.classes, labels)
