"""CLIP: features of a network that learnt which words belong to which pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ganray.models.encoders.encoder import OfFile
from ganray.models.spec import Shape

if TYPE_CHECKING:
    import torch


class Clip(OfFile):
    """CLIP's image tower; its projection into the space of words and pictures is the feature.

    The feature is not brought to length 1. The weights are whole files, of OpenAI, open_clip or
    Hugging Face. Nothing in a file says which activation it was trained with: OpenAI's and
    MetaCLIP's with `quick_gelu`, most of LAION's and DataComp's with `gelu`, and a wrong one gives
    wrong features. Images are prepared as for OpenAI's, but that each side is resized by itself and
    nothing is cropped.
    """

    title = "CLIP"
    gives = frozenset({"features"})
    preprocessing = (
        "bicubic to 224x224 with antialiasing, cut off at 0 and 1, grey to RGB, "
        "(x - [0.48145466, 0.4578275, 0.40821073]) / [0.26862954, 0.26130258, 0.27577711]"
    )

    name: Literal["clip"] = Field("clip", description="the encoder")
    vit: Literal["B/32", "L/14"] = Field(
        "B/32", description="the image tower: 512 or 768 features; 88 or 304 M parameters"
    )
    activation: Literal["quick_gelu", "gelu"] = Field(
        "quick_gelu", description="that the file was trained with; OpenAI's are quick_gelu"
    )

    def network(self, _: Shape, __: int) -> Any:
        """512 or 768 features, and no probabilities."""
        from ganray.models.encoders.networks.clip import form_of
        from ganray.models.encoders.networks.vit import VisionTransformer

        return VisionTransformer(form_of(self.vit, self.activation)).eval()

    def read(self) -> torch.nn.Module:
        """From the file that the study names."""
        from ganray.models.encoders.networks.clip import load_clip

        return load_clip(self.vit, self.activation, self.weights, self.sha256)
