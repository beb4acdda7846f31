"""DINOv2: features of a network that learnt from photographs without labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ganray.models.encoders.encoder import OfFile
from ganray.models.spec import Shape

if TYPE_CHECKING:
    import torch


class DinoV2(OfFile):
    """DINOv2's vision transformer of 14 × 14 patches; its class token is the feature.

    The weights are `dinov2_vits14_pretrain.pth`, `…vitb14…` or `…vitl14…` as
    facebookresearch/dinov2 publishes them, or what Hugging Face has of them; those with registers
    are other networks. Stein et al. (arXiv 2306.04675) advise the L/14 for scores that agree with
    people. They resize as here: each side by itself, nothing cropped.
    """

    title = "DINOv2"
    gives = frozenset({"features"})
    preprocessing = (
        "bicubic to 224x224 with antialiasing, cut off at 0 and 1, grey to RGB, "
        "(x - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]"
    )

    name: Literal["dino_v2"] = Field("dino_v2", description="the encoder")
    vit: Literal["S/14", "B/14", "L/14"] = Field(
        "S/14", description="the network: 384, 768 or 1,024 features; 22, 87 or 304 M parameters"
    )

    def network(self, _: Shape, __: int) -> Any:
        """384, 768 or 1,024 features, and no probabilities."""
        from ganray.models.encoders.networks.dino_v2 import FORMS
        from ganray.models.encoders.networks.vit import VisionTransformer

        return VisionTransformer(FORMS[self.vit]).eval()

    def read(self) -> torch.nn.Module:
        """From the file that the study names."""
        from ganray.models.encoders.networks.dino_v2 import load_dino_v2

        return load_dino_v2(self.vit, self.weights, self.sha256)
