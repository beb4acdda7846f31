"""Which networks a GAN has: the settings alone, free of torch so that they load fast."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ganray.errors import RefusedInput
from ganray.spec import Spec

Shape = tuple[int, int, int]


class ModelSpec(Spec):
    """Generator and critic of one GAN; image size and channels come from the data set.

    The defaults are Defense-GAN's networks (1,554,177 and 1,030,145 parameters on 28×28×1).
    """

    implied = frozenset({"name"})

    name: Literal["defense_gan"] = Field("defense_gan", description="the family of networks")
    width: int = Field(64, ge=1, le=1024, description="feature maps of the finest hidden layer")
    latent: int = Field(128, ge=1, le=4096, description="size of the latent vector z")


def checked_shape(shape: Shape) -> Shape:
    """`shape` itself, if the networks can be built for it.

    Raises:
        RefusedInput: channels other than 1 or 3, or fewer than 8 rows or columns.
    """
    channels, height, width = shape
    if channels not in (1, 3) or min(height, width) < 8:
        raise RefusedInput(
            f"shape (={tuple(shape)}) must be (1 or 3 channels, height, width) of 8 pixels or more"
        )
    return (channels, height, width)
