"""DINOv2's networks, with the weights as its project or Hugging Face publish them.

Oquab et al., "DINOv2: Learning Robust Visual Features without Supervision", arXiv 2304.07193. Forms
are those of facebookresearch/dinov2 (`dinov2/hub/backbones.py`).
"""

from __future__ import annotations

from ganray.models.encoders.networks.vit import Form, VisionTransformer, renamed
from ganray.models.encoders.networks.weights import load_weights
from ganray.tensors import Tensors

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def _form(width: int, layers: int, heads: int) -> Form:
    return Form(14, width, layers, heads, 37, None, True, "gelu", 1e-6, MEAN, DEVIATION)


FORMS = {"S/14": _form(384, 12, 6), "B/14": _form(768, 12, 12), "L/14": _form(1024, 24, 16)}
_LAYER = r"encoder\.layer\.(\d+)\."
_HUGGING_FACE = (
    (r"embeddings\.cls_token", "cls_token"),
    (r"embeddings\.mask_token", "mask_token"),
    (r"embeddings\.position_embeddings", "pos_embed"),
    (r"embeddings\.patch_embeddings\.projection\.(\w+)", r"patch_embed.proj.\1"),
    (_LAYER + r"attention\.attention\.(q)uery\.(\w+)", r"blocks.\1.attn.\2.\3"),
    (_LAYER + r"attention\.attention\.(k)ey\.(\w+)", r"blocks.\1.attn.\2.\3"),
    (_LAYER + r"attention\.attention\.(v)alue\.(\w+)", r"blocks.\1.attn.\2.\3"),
    (_LAYER + r"attention\.output\.dense\.(\w+)", r"blocks.\1.attn.proj.\2"),
    (_LAYER + r"layer_scale(\d)\.lambda1", r"blocks.\1.ls\2.gamma"),
    (_LAYER + r"(.+)", r"blocks.\1.\2"),
    (r"layernorm\.(\w+)", r"norm.\1"),
)


def load_dino_v2(vit: str, location: str, sha256: str) -> VisionTransformer:
    """One of `FORMS` with published weights, frozen, in evaluation mode.

    Raises:
        RefusedInput: if the file cannot be read, has another digest or other tensors.
    """
    network = VisionTransformer(FORMS[vit])
    load_weights(network, location, sha256, own_names, f"DINOv2's ViT-{vit}")
    return network


def own_names(state: Tensors) -> Tensors:
    """The tensors of a file of either project under the network's names."""
    found = renamed(state, _HUGGING_FACE)
    found.pop("mask_token", None)  # which stands for what is hidden in training
    return found
