"""What is done to images before a critic sees them, as pure functions of images and of numbers that
were drawn for them; gradients flow through all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jaxtyping import Float, Int64
from pydantic import Field

from ganray.spec import Spec
from ganray.train.inputs.draws import Draw, Normals, PixelUniforms, Uniforms
from ganray.train.steps import Noise

if TYPE_CHECKING:
    import torch

_COLUMNS = 8  # of numbers drawn for an image: one for each thing that is done, and two for a place


class Augment(Spec):
    """What the critic sees in place of real and generated images; by default these themselves.

    Colours, translation and cutout are DiffAugment's (Zhao et al., arXiv 2006.10738): done to real
    and generated images alike, and differentiable, so that the generator learns through them.
    """

    flips: bool = Field(False, description="half of the real images mirrored left to right")
    colours: bool = Field(
        False, description="brightness ±0.5, saturation 0 to 2, contrast 0.5 to 1.5"
    )
    translation: float = Field(
        0.0, ge=0, lt=1, description="moved by up to this share of its side; 0.125 is published"
    )
    cutout: float = Field(
        0.0, ge=0, lt=1, description="a square of this share of its side is blank; 0.5 is published"
    )
    dequantised: float = Field(
        0.0,
        ge=0,
        description="even noise from 0 to this on each pixel of real images, as wide as a step "
        "between 8-bit values; 1/128 is published, of pixels in [−1, 1]",
    )
    noise: float = Field(0.0, ge=0, description="deviation of noise on each pixel at the beginning")
    noise_halves: int = Field(
        1000, ge=1, description="iterations in which that deviation falls to its half"
    )

    def draws(self, step: str) -> dict[str, Draw]:
        """The random numbers that it needs of a step, by their names."""
        found: dict[str, Draw] = {}
        for side in ("real", "fake"):
            stream = f"train/{step}/augment/{side}"
            if self.flips or self.colours or self.translation or self.cutout:
                found[f"augment_{side}"] = Uniforms(stream, _COLUMNS)
            if self.noise:
                found[f"noise_{side}"] = Normals(f"{stream}/noise")
            if self.dequantised and side == "real":
                found["dequantised"] = PixelUniforms(f"{stream}/dequantised")
        return found

    def real(
        self, images: Float[torch.Tensor, "n c h w"], noise: Noise, iteration: int
    ) -> Float[torch.Tensor, "n c h w"]:
        """Real images as the critic sees them."""
        return self._seen(self.data(images, noise), noise, "real", iteration)

    def data(
        self, images: Float[torch.Tensor, "n c h w"], noise: Noise
    ) -> Float[torch.Tensor, "n c h w"]:
        """Real images mirrored and dequantised: more data, of which penalties are taken too."""
        if self.dequantised:
            images = images + self.dequantised * noise["dequantised"]
        if self.flips:
            mirrored = noise["augment_real"][:, 0] < 0.5
            images = images.flip(3).where(mirrored[:, None, None, None], images)
        return images

    def fake(
        self, images: Float[torch.Tensor, "n c h w"], noise: Noise, iteration: int
    ) -> Float[torch.Tensor, "n c h w"]:
        """Generated images as the critic sees them."""
        return self._seen(images, noise, "fake", iteration)

    def _seen(
        self, images: Float[torch.Tensor, "n c h w"], noise: Noise, side: str, iteration: int
    ) -> Float[torch.Tensor, "n c h w"]:
        drawn = noise.get(f"augment_{side}")
        if drawn is not None and self.colours:
            images = colours(images, drawn[:, 1:4])
        if drawn is not None and self.translation:
            images = translate(images, drawn[:, 4:6], self.translation)
        if drawn is not None and self.cutout:
            images = cut_out(images, drawn[:, 6:8], self.cutout)
        if self.noise:
            deviation = self.noise * 0.5 ** (iteration / self.noise_halves)
            images = images + deviation * noise[f"noise_{side}"]
        return images


def colours(
    images: Float[torch.Tensor, "n c h w"], drawn: Float[torch.Tensor, "n 3"]
) -> Float[torch.Tensor, "n c h w"]:
    """Brightness, saturation and contrast changed by an image's own uniform numbers."""
    brightness, saturation, contrast = drawn[:, :, None, None, None].unbind(1)
    images = images + (brightness - 0.5)
    grey = images.mean(dim=1, keepdim=True)
    images = grey + 2 * saturation * (images - grey)
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    return mean + (contrast + 0.5) * (images - mean)


def translate(
    images: Float[torch.Tensor, "n c h w"], drawn: Float[torch.Tensor, "n 2"], share: float
) -> Float[torch.Tensor, "n c h w"]:
    """Each image moved by whole pixels, up to `share` of its side each way; 0 comes in."""
    for axis in (2, 3):
        size = images.shape[axis]
        most = int(size * share + 0.5)
        shift = (drawn[:, axis - 2] * (2 * most + 1)).floor() - most
        images = _moved(images, shift.long(), axis)
    return images


def _moved(
    images: Float[torch.Tensor, "n c h w"], shift: Int64[torch.Tensor, "n"], axis: int
) -> Float[torch.Tensor, "n c h w"]:
    import torch

    size = images.shape[axis]
    view = [-1 if dim == axis else 1 for dim in range(4)]
    places = torch.arange(size, device=images.device).view(view) - shift.view(-1, 1, 1, 1)
    inside = (places >= 0) & (places < size)
    chosen = places.clamp(0, size - 1).expand(images.shape)
    return images.gather(axis, chosen) * inside


def cut_out(
    images: Float[torch.Tensor, "n c h w"], drawn: Float[torch.Tensor, "n 2"], share: float
) -> Float[torch.Tensor, "n c h w"]:
    """A square of `share` of each image's side set to 0, its centre anywhere in the image."""
    import torch

    kept = torch.zeros((), dtype=torch.bool, device=images.device)
    for axis in (2, 3):
        size = images.shape[axis]
        wide = int(size * share + 0.5)
        first = (drawn[:, axis - 2] * (size + 1 - wide % 2)).floor() - wide // 2
        view = [-1 if dim == axis else 1 for dim in range(4)]
        places = torch.arange(size, device=images.device).view(view)
        first = first.view(-1, 1, 1, 1)
        kept = kept | (places < first) | (places >= first + wide)
    return images * kept
