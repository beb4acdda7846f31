"""Files of vision transformers as they are published: names, shapes, and random weights.

Names and shapes are those of facebookresearch/dinov2 (`models/vision_transformer.py`, at 518
pixels), openai/CLIP (`clip/model.py`) and of Hugging Face's classes for both.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch

Shapes = dict[str, tuple[int, ...]]
DINO_V2 = {"S/14": (384, 12), "B/14": (768, 12), "L/14": (1024, 24)}
"""Width and layers of each."""
CLIP = {"B/32": (768, 12, 32, 49, 512), "L/14": (1024, 24, 14, 256, 768)}
"""Width, layers, patch, patches and outputs of each."""


def _pair(name: str, rows: int, columns: int | None = None) -> Shapes:
    weight = (rows,) if columns is None else (rows, columns)
    return {f"{name}.weight": weight, f"{name}.bias": (rows,)}


def dino_v2_shapes(width: int, layers: int, patch: int = 14, patches: int = 37**2) -> Shapes:
    """Of `dinov2_vit…_pretrain.pth`."""
    found: Shapes = {
        "cls_token": (1, 1, width),
        "pos_embed": (1, patches + 1, width),
        "mask_token": (1, width),
        "patch_embed.proj.weight": (width, 3, patch, patch),
        "patch_embed.proj.bias": (width,),
    } | _pair("norm", width)
    for block in (f"blocks.{index}" for index in range(layers)):
        found |= _pair(f"{block}.norm1", width) | _pair(f"{block}.norm2", width)
        found |= _pair(f"{block}.attn.qkv", 3 * width, width)
        found |= _pair(f"{block}.attn.proj", width, width)
        found |= _pair(f"{block}.mlp.fc1", 4 * width, width)
        found |= _pair(f"{block}.mlp.fc2", width, 4 * width)
        found |= {f"{block}.ls1.gamma": (width,), f"{block}.ls2.gamma": (width,)}
    return found


def clip_shapes(width: int, layers: int, patch: int, patches: int, outputs: int) -> Shapes:
    """Of the image tower in `ViT-….pt`."""
    found: Shapes = {
        "visual.class_embedding": (width,),
        "visual.positional_embedding": (patches + 1, width),
        "visual.proj": (width, outputs),
        "visual.conv1.weight": (width, 3, patch, patch),
    }
    found |= _pair("visual.ln_pre", width) | _pair("visual.ln_post", width)
    for block in (f"visual.transformer.resblocks.{index}" for index in range(layers)):
        found |= _pair(f"{block}.ln_1", width) | _pair(f"{block}.ln_2", width)
        found |= {f"{block}.attn.in_proj_weight": (3 * width, width)}
        found |= {f"{block}.attn.in_proj_bias": (3 * width,)}
        found |= _pair(f"{block}.attn.out_proj", width, width)
        found |= _pair(f"{block}.mlp.c_fc", 4 * width, width)
        found |= _pair(f"{block}.mlp.c_proj", width, 4 * width)
    return found


TEXT_TOWER: Shapes = {
    "positional_embedding": (77, 8),
    "text_projection": (8, 8),
    "logit_scale": (),
    "token_embedding.weight": (100, 8),
    "ln_final.weight": (8,),
    "ln_final.bias": (8,),
    "transformer.resblocks.0.ln_1.weight": (8,),
}
"""Some of what lies beside the image tower."""


def random_tensors(shapes: Shapes, seed: int = 0) -> dict[str, torch.Tensor]:
    """Weights that keep tokens near unit size and tell them apart."""
    draw = torch.Generator().manual_seed(seed)

    def tensor(name: str, shape: tuple[int, ...]) -> torch.Tensor:
        noise = torch.randn(shape, generator=draw)
        if (name.endswith("weight") and len(shape) == 1) or name.endswith("gamma"):
            return 1 + 0.3 * torch.tanh(noise)
        fan = 3 * shape[-1] ** 2 if len(shape) == 4 else shape[-1] if len(shape) == 2 else 9
        return noise * (2.0 / fan**0.5 if len(shape) > 1 and "emb" not in name else 0.5)

    return {name: tensor(name, shape) for name, shape in shapes.items()}


def hugging_face_dino_v2(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The same weights as Hugging Face has them."""
    found = {
        "embeddings.cls_token": state["cls_token"],
        "embeddings.mask_token": state["mask_token"],
        "embeddings.position_embeddings": state["pos_embed"],
        "embeddings.patch_embeddings.projection.weight": state["patch_embed.proj.weight"],
        "embeddings.patch_embeddings.projection.bias": state["patch_embed.proj.bias"],
        "layernorm.weight": state["norm.weight"],
        "layernorm.bias": state["norm.bias"],
    }
    for name, tensor in state.items():
        if not name.startswith("blocks."):
            continue
        _, index, rest = name.split(".", 2)
        layer, part = f"encoder.layer.{index}", rest.rpartition(".")[2]
        if rest.startswith("attn.qkv"):
            for called, one in zip(("query", "key", "value"), tensor.chunk(3), strict=True):
                found[f"{layer}.attention.attention.{called}.{part}"] = one.clone()
        elif rest.startswith("attn.proj"):
            found[f"{layer}.attention.output.dense.{part}"] = tensor
        elif rest.startswith("ls"):
            found[f"{layer}.layer_scale{rest[2]}.lambda1"] = tensor
        else:
            found[f"{layer}.{rest}"] = tensor
    return found


def hugging_face_clip(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The same weights as Hugging Face has them, with something of the text's tower."""
    model = "vision_model"
    patches = len(state["visual.positional_embedding"])
    found = {
        f"{model}.embeddings.class_embedding": state["visual.class_embedding"],
        f"{model}.embeddings.position_embedding.weight": state["visual.positional_embedding"],
        f"{model}.embeddings.patch_embedding.weight": state["visual.conv1.weight"],
        f"{model}.embeddings.position_ids": torch.arange(patches)[None],
        "visual_projection.weight": state["visual.proj"].T.contiguous(),
        "text_model.embeddings.token_embedding.weight": torch.zeros(100, 8),
        "text_projection.weight": torch.zeros(8, 8),
        "logit_scale": torch.zeros(()),
    }
    called = {
        "ln_1": "layer_norm1",
        "ln_2": "layer_norm2",
        "mlp.c_fc": "mlp.fc1",
        "mlp.c_proj": "mlp.fc2",
        "attn.out_proj": "self_attn.out_proj",
    }
    for name, tensor in state.items():
        part = name.rpartition(".")[2]
        if name.startswith(("visual.ln_pre", "visual.ln_post")):
            norm = "pre_layrnorm" if "ln_pre" in name else "post_layernorm"
            found[f"{model}.{norm}.{part}"] = tensor
        elif name.startswith("visual.transformer."):
            index, rest = name.removeprefix("visual.transformer.resblocks.").split(".", 1)
            layer = f"{model}.encoder.layers.{index}"
            if "in_proj" in rest:
                for letter, one in zip("qkv", tensor.chunk(3), strict=True):
                    kind = rest.rpartition("_")[2]
                    found[f"{layer}.self_attn.{letter}_proj.{kind}"] = one.clone()
            else:
                found[f"{layer}.{called[rest.rpartition('.')[0]]}.{part}"] = tensor
    return found


def saved(state: dict[str, torch.Tensor], path: Path) -> tuple[str, str]:
    """Its path and digest."""
    torch.save(state, path)
    return str(path), hashlib.sha256(path.read_bytes()).hexdigest()
