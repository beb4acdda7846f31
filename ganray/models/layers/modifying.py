"""Networks that change an image a little, and that tell classes, as parts of a GAN."""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from ganray.models.doubling import Norm
from ganray.models.encoders.networks.cafd import CafdEncoder
from ganray.models.layers.translators import UNet

Images = Float[Tensor, "n _ h w"]
Bound = Literal["clip", "tanh"]
"""How a changed image is kept in [−1, 1]: min(max(x + δ, −1), 1), or tanh(x + δ)."""


class Modifier(nn.Module):
    """An image and a class to a change δ in [−1, 1], and so to another image."""

    def __init__(
        self, channels: int, classes: int, width: int, depth: int, norm: Norm, bound: Bound
    ) -> None:
        super().__init__()
        self.classes, self.bound = classes, bound
        self.unet = UNet(channels + classes, channels, width, depth, norm)

    def forward(self, images: Images, targets: Int64[Tensor, "n"]) -> tuple[Images, Images]:
        """The image that it becomes, and δ."""
        wanted = targets[:, None] == torch.arange(self.classes, device=targets.device)
        maps = wanted.to(images.dtype)[:, :, None, None].expand(-1, -1, *images.shape[2:])
        change = torch.tanh(self.unet(torch.cat([images, maps], dim=1)))
        made = images + change
        return (made.clamp(-1, 1) if self.bound == "clip" else torch.tanh(made)), change


class Teller(nn.Module):
    """The CAFD encoder's network as a classifier of images in [−1, 1]."""

    def __init__(self, shape: tuple[int, int, int], classes: int) -> None:
        super().__init__()
        self.encoder = CafdEncoder(shape, classes)

    def forward(self, images: Images) -> Float[Tensor, "n classes"]:
        """Logits."""
        logits: Tensor = self.encoder.features_and_logits((images + 1) / 2)[1]
        return logits
