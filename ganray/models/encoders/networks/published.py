"""Whose file of weights it is, by the names of its tensors as their own projects give them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from torch import Tensor


class _Sign(NamedTuple):
    """A file that has all of these names, the first one's tensor in that shape, is this."""

    what: str
    names: tuple[str, ...]
    shape: tuple[int, ...] | None = None


_INCEPTION = "Mixed_7c.branch3x3_2a.conv.weight"
_CLIP = ("visual.positional_embedding", "visual.ln_pre.weight", "visual.proj")
_HF_CLIP = (
    "vision_model.embeddings.position_embedding.weight",
    "vision_model.pre_layrnorm.weight",
    "visual_projection.weight",
)
_DINO = ("pos_embed", "blocks.0.ls1.gamma")
_HF_DINO = ("embeddings.position_embeddings", "encoder.layer.0.layer_scale1.lambda1")
_SIGNS = (
    _Sign("the Inception v3 of the FID", ("fc.weight", "fc.bias", _INCEPTION), (1008, 2048)),
    _Sign("torchvision's Inception v3", ("AuxLogits.fc.bias", _INCEPTION)),
    _Sign("an Inception v3 of ImageNet's 1,000 classes", ("fc.weight", _INCEPTION), (1000, 2048)),
    _Sign("an Inception v3 without its last layer", (_INCEPTION,)),
    *(
        _Sign(f"CLIP's ViT-{size}", names, shape)
        for names in (_CLIP, _HF_CLIP)
        for size, shape in (
            ("B/32", (50, 768)),
            ("B/16", (197, 768)),
            ("L/14", (257, 1024)),
            ("L/14 for 336 pixels", (577, 1024)),
        )
    ),
    _Sign("a CLIP with another vision transformer", _CLIP),
    _Sign("a CLIP with another vision transformer", _HF_CLIP),
    _Sign("CLIP's image tower without its projection", _CLIP[:2]),
    _Sign("CLIP's image tower without its projection", _HF_CLIP[:2]),
    _Sign("a CLIP whose image tower is a ResNet", ("visual.attnpool.positional_embedding",)),
    _Sign("an open_clip model whose image tower is timm's", ("visual.trunk.pos_embed",)),
    _Sign("SigLIP's", ("vision_model.head.probe",)),
    _Sign("a CLIP file without the image tower", ("token_embedding.weight", "ln_final.weight")),
    _Sign("a CLIP file without the image tower", ("text_model.embeddings.token_embedding.weight",)),
    _Sign("DINOv2's network with registers", ("register_tokens", *_DINO)),
    _Sign("DINOv2's network with registers", ("embeddings.register_tokens",)),
    *(
        _Sign(f"DINOv2's ViT-{size}/14", names, (1, 1370, width))
        for names in (_DINO, _HF_DINO)
        for size, width in (("S", 384), ("B", 768), ("L", 1024), ("g", 1536))
    ),
    _Sign("a vision transformer of DINOv2's form", _DINO),
    _Sign(
        "a vision transformer without layer scales, as the first DINO's",
        ("cls_token", "blocks.0.attn.qkv.weight"),
    ),
    _Sign("an EfficientNet", ("_conv_stem.weight", "_blocks.0._depthwise_conv.weight")),
    _Sign("LPIPS's weights of layers", ("lin0.model.1.weight",)),
    _Sign("a VGG", ("features.0.weight", "classifier.0.weight")),
    _Sign("a ResNet", ("conv1.weight", "layer1.0.conv1.weight")),
)


def whose(state: Mapping[str, Tensor]) -> str | None:
    """What the file is, within a sentence; None: it is none of those that are known here."""
    return next((sign.what for sign in _SIGNS if _fits(sign, state)), None)


def _fits(sign: _Sign, state: Mapping[str, Tensor]) -> bool:
    if not all(name in state for name in sign.names):
        return False
    return sign.shape is None or tuple(state[sign.names[0]].shape) == sign.shape
