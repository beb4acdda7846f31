"""CLIP's image towers that are vision transformers, of whole files with the text's tower beside.

Radford et al., "Learning Transferable Visual Models From Natural Language Supervision", arXiv
2103.00020. Forms and names are those of openai/CLIP (`clip/model.py`), which open_clip shares, and
Hugging Face's.
"""

from __future__ import annotations

from ganray.models.encoders.networks.vit import Activation, Form, VisionTransformer, renamed
from ganray.models.encoders.networks.weights import load_weights
from ganray.tensors import Tensors

MEAN = 0.48145466, 0.4578275, 0.40821073
DEVIATION = 0.26862954, 0.26130258, 0.27577711
FORMS = {
    "B/32": Form(32, 768, 12, 12, 7, 512, False, "quick_gelu", 1e-5, MEAN, DEVIATION),
    "L/14": Form(14, 1024, 24, 16, 16, 768, False, "quick_gelu", 1e-5, MEAN, DEVIATION),
}
PUBLISHED = {
    "B/32": "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af",
    "L/14": "b8cca3fd41ae0c99ba7e8951adf17d267cdb84cd88be6f7c2e0eca1737a03836",
}
"""Digests of OpenAI's files, as their URLs have them; these are TorchScript programs."""

_LAYER = r"visual\.transformer\.resblocks\.(\d+)\."
_OPENAI = (
    (r"visual\.class_embedding", "cls_token"),
    (r"visual\.positional_embedding", "pos_embed"),
    (r"visual\.conv1\.weight", "patch_embed.proj.weight"),
    (r"visual\.ln_pre\.(\w+)", r"norm_pre.\1"),
    (r"visual\.ln_post\.(\w+)", r"norm.\1"),
    (r"visual\.proj", "proj"),
    (_LAYER + r"ln_(\d)\.(\w+)", r"blocks.\1.norm\2.\3"),
    (_LAYER + r"attn\.in_proj_(\w+)", r"blocks.\1.attn.qkv.\2"),
    (_LAYER + r"attn\.out_proj\.(\w+)", r"blocks.\1.attn.proj.\2"),
    (_LAYER + r"mlp\.c_fc\.(\w+)", r"blocks.\1.mlp.fc1.\2"),
    (_LAYER + r"mlp\.c_proj\.(\w+)", r"blocks.\1.mlp.fc2.\2"),
)
_HF_LAYER = r"vision_model\.encoder\.layers\.(\d+)\."
_HUGGING_FACE = (
    (r"vision_model\.embeddings\.class_embedding", "cls_token"),
    (r"vision_model\.embeddings\.position_embedding\.weight", "pos_embed"),
    (r"vision_model\.embeddings\.patch_embedding\.weight", "patch_embed.proj.weight"),
    (r"vision_model\.pre_layrnorm\.(\w+)", r"norm_pre.\1"),  # it is misspelt there
    (r"vision_model\.post_layernorm\.(\w+)", r"norm.\1"),
    (r"visual_projection\.weight", "head.weight"),
    (_HF_LAYER + r"layer_norm(\d)\.(\w+)", r"blocks.\1.norm\2.\3"),
    (_HF_LAYER + r"self_attn\.([qkv])_proj\.(\w+)", r"blocks.\1.attn.\2.\3"),
    (_HF_LAYER + r"self_attn\.out_proj\.(\w+)", r"blocks.\1.attn.proj.\2"),
    (_HF_LAYER + r"(mlp\..+)", r"blocks.\1.\2"),
)
_IMAGES = ("visual.", "vision_model.", "visual_projection.")
_COUNTERS = ("vision_model.embeddings.position_ids",)


def form_of(vit: str, activation: Activation) -> Form:
    """One of `FORMS`, with the activation that its weights were trained with."""
    return FORMS[vit]._replace(activation=activation)


def load_clip(vit: str, activation: Activation, location: str, sha256: str) -> VisionTransformer:
    """The image tower with published weights, frozen, in evaluation mode.

    Raises:
        RefusedInput: if the file cannot be read, has another digest or other tensors.
    """
    network = VisionTransformer(form_of(vit, activation))
    scripts = PUBLISHED.values()
    load_weights(network, location, sha256, own_names, f"CLIP's ViT-{vit}", scripts)
    return network


def own_names(state: Tensors) -> Tensors:
    """The image tower's tensors of a file of any project under the network's names."""
    tower = {name: t for name, t in state.items() if name.startswith(_IMAGES)}
    found = renamed({n: t for n, t in tower.items() if n not in _COUNTERS}, _OPENAI + _HUGGING_FACE)
    if "proj" in found:
        found["head.weight"] = found.pop("proj").T
    for name, leading in (("cls_token", 2), ("pos_embed", 1)):
        if name in found:
            found[name] = found[name][(None,) * leading]
    return found
