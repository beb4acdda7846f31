"""Pictures made to fit: one size, one number of channels, and none that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from jaxtyping import UInt8

from ganray.text.wording import listed

if TYPE_CHECKING:
    from PIL import Image

    from ganray.data.rows import Rows

Fit = Literal["crop", "pad", "stretch"]
Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Reading:
    """What is done with the pictures of a source while they are read.

    Attributes:
        size: height and width that all are brought to; none: they stay as they are.
        fit: what becomes of another aspect ratio: the longer side is cropped, in the middle, or the
            shorter one padded with black, or the picture stretched.
        channels: 1 makes colours grey (ITU-R BT.601), 3 repeats grey three times.
        skip: whether pictures that cannot be read are left out.
        background: red, green and blue behind what is transparent; none: that is refused.
    """

    size: tuple[int, int] | None = None
    fit: Fit = "crop"
    channels: Literal[1, 3] | None = None
    skip: bool = False
    background: tuple[int, int, int] | None = None

    @property
    def identity(self) -> dict[str, Any]:
        """What fingerprints hold of it: empty where pictures are read as they are."""
        known = asdict(self)
        if self.background is None:  # it is younger than the rest
            del known["background"]
        return known if self != AS_THEY_ARE else {}

    @property
    def changes(self) -> bool:
        """Whether images of an imported set may become others."""
        return self.size is not None or self.channels is not None

    def shape(self, shape: Shape) -> Shape:
        """Of what comes of a picture of some shape."""
        channels, height, width = shape
        return (self.channels or channels, *(self.size or (height, width)))

    def __call__(self, image: UInt8[np.ndarray, "c h w"]) -> UInt8[np.ndarray, "_ _ _"]:
        """A picture made to fit; one that fits already is untouched.

        It is resized by Pillow's bicubic filter, which is antialiased.
        """
        if image.shape == self.shape(image.shape):
            return image
        from PIL import Image  # which whoever reads a study file need not wait for

        picture = Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0))
        if self.channels:
            picture = picture.convert("L" if self.channels == 1 else "RGB")
        if self.size and (picture.height, picture.width) != self.size:
            picture = self._resized(picture, *self.size)
        pixels = np.asarray(picture, dtype=np.uint8)
        return np.ascontiguousarray(pixels.reshape(*pixels.shape[:2], -1).transpose(2, 0, 1))

    def _resized(self, picture: Image.Image, height: int, width: int) -> Image.Image:
        from PIL import Image

        if self.fit == "stretch":
            return picture.resize((width, height), Image.Resampling.BICUBIC)
        scales = width / picture.width, height / picture.height
        if self.fit == "crop":
            scale = max(scales)
            # Where a side fits, rounding may leave a hair less than nothing beside it.
            left = max(0.0, (picture.width - width / scale) / 2)
            top = max(0.0, (picture.height - height / scale) / 2)
            box = left, top, picture.width - left, picture.height - top
            return picture.resize((width, height), Image.Resampling.BICUBIC, box)
        scale = min(scales)
        inner = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        whole = Image.new(picture.mode, (width, height))
        place = (width - inner[0]) // 2, (height - inner[1]) // 2
        whole.paste(picture.resize(inner, Image.Resampling.BICUBIC), place)
        return whole

    @property
    def said(self) -> str:
        """What is done, for notes and protocols; empty where nothing is."""
        size = "×".join(map(str, self.size)) if self.size else ""
        parts = [f"{size} pixels ({self.fit}, bicubic)"] if size else []
        parts += [{1: "grey", 3: "colour"}[self.channels]] if self.channels else []
        behind = "laid on #{:02x}{:02x}{:02x} where transparent"
        laid = behind.format(*self.background) if self.background else ""
        made = f"made {listed(parts)}" if parts else ""
        return ", ".join(said for said in (made, laid) if said)


AS_THEY_ARE = Reading()


def fitted(rows: Rows, reading: Reading) -> Rows:
    """A set whose images are made to fit while they are streamed."""

    def stream() -> Iterator[UInt8[np.ndarray, "_ c h w"]]:
        for images in rows.stream():
            yield np.stack([reading(image) for image in images])

    return replace(rows, shape=reading.shape(rows.shape), stream=stream)
