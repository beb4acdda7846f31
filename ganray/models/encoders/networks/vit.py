"""The vision transformer of DINOv2 and CLIP, as an embedder of whole images.

Dosovitskiy et al., "An Image is Worth 16x16 Words", arXiv 2010.11929. Tensors are called what they
are in the files that DINOv2 publishes; others are `renamed`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from ganray.models.encoders.networks.imagenet import resized_bicubic
from ganray.tensors import Tensors

Activation = Literal["gelu", "quick_gelu"]
Tokens = Float[Tensor, "n tokens width"]
SIZE = 224
"""Pixels each way of the images that the networks see."""


class Form(NamedTuple):
    """What one network is made of.

    Attributes:
        patch: pixels each way of what becomes a token.
        grid: positions each way that the file has; where patches are others, they are interpolated.
        outputs: features of a last projection; none: the class token is the feature.
        scaled: DINOv2's: branches are scaled, and patches have a bias. Else CLIP's: there are
            norms before the first block, too.
        mean, deviation: of each colour, by which pixels are centred and scaled.
    """

    patch: int
    width: int
    layers: int
    heads: int
    grid: int
    outputs: int | None
    scaled: bool
    activation: Activation
    epsilon: float
    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]


class VisionTransformer(nn.Module):
    """RGB or grey images in [0, 1] to features, and no classes."""

    classes = 0
    _mean: Tensor
    _deviation: Tensor

    def __init__(self, form: Form) -> None:
        super().__init__()
        self.form, width = form, form.width
        self.dimensions = form.outputs or width
        for name, each in (("_mean", form.mean), ("_deviation", form.deviation)):
            self.register_buffer(name, torch.tensor(each)[:, None, None], persistent=False)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, form.grid**2 + 1, width))
        self.patch_embed = nn.ModuleDict(
            {"proj": nn.Conv2d(3, width, form.patch, form.patch, bias=form.scaled)}
        )
        self.norm_pre = nn.Identity() if form.scaled else nn.LayerNorm(width, form.epsilon)
        self.blocks = nn.Sequential(*(_Block(form) for _ in range(form.layers)))
        self.norm = nn.LayerNorm(width, form.epsilon)
        self.head = nn.Identity() if form.outputs is None else nn.Linear(width, form.outputs, False)

    def forward(
        self, images: Float[Tensor, "n c h w"]
    ) -> tuple[Float[Tensor, "n d"], Float[Tensor, "n k"]]:
        """(features, nothing).

        Raises:
            RefusedInput: for images that have neither 1 nor 3 channels.
        """
        pixels = (resized_bicubic(images, SIZE) - self._mean) / self._deviation
        patches = self.patch_embed["proj"](pixels)
        positions: Tensor = self.pos_embed
        if patches.shape[-1] != self.form.grid:
            positions = interpolated(positions, patches.shape[-1])
        first = self.cls_token.expand(len(images), -1, -1)
        tokens = torch.cat([first, patches.flatten(2).transpose(1, 2)], dim=1) + positions
        tokens = self.blocks(self.norm_pre(tokens))
        features = self.head(self.norm(tokens[:, 0]))
        return features, features.new_zeros(len(images), 0)


class _Scale(nn.Module):
    """Each channel times its γ."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))

    def forward(self, tokens: Tokens) -> Tokens:
        return tokens * self.gamma


class _Attention(nn.Module):
    """Every token looks at all, by several heads."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, tokens: Tokens) -> Tokens:
        # Queries, keys and values one after another, head by head in each.
        parts = self.qkv(tokens).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(*parts)
        made: Tensor = self.proj(seen.transpose(1, 2).flatten(2))
        return made


class _Mlp(nn.Module):
    """Each token by itself, through four times its width."""

    def __init__(self, width: int, activation: Activation) -> None:
        super().__init__()
        self.quick = activation == "quick_gelu"
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, tokens: Tokens) -> Tokens:
        wide = self.fc1(tokens)
        wide = wide * torch.sigmoid(1.702 * wide) if self.quick else functional.gelu(wide)
        made: Tensor = self.fc2(wide)
        return made


class _Block(nn.Module):
    """Normalise and attend, normalise and widen; each is added to what it is given."""

    def __init__(self, form: Form) -> None:
        super().__init__()
        width = form.width
        self.norm1, self.norm2 = (nn.LayerNorm(width, form.epsilon) for _ in range(2))
        self.attn, self.mlp = _Attention(width, form.heads), _Mlp(width, form.activation)
        self.ls1, self.ls2 = (_Scale(width) if form.scaled else nn.Identity() for _ in range(2))

    def forward(self, tokens: Tokens) -> Tokens:
        tokens = tokens + self.ls1(self.attn(self.norm1(tokens)))
        added: Tensor = tokens + self.ls2(self.mlp(self.norm2(tokens)))
        return added


def interpolated(positions: Float[Tensor, "1 m width"], grid: int) -> Float[Tensor, "1 n width"]:
    """Embeddings of positions on a square grid, brought to another one as DINOv2 does it.

    Bicubic without antialiasing, by a factor of (grid + 0.1) / the old one: that tenth was to keep
    a product of floats above a whole number, and is part of what is published.
    """
    first, rest = positions[:, :1], positions[:, 1:]
    old = round(rest.shape[1] ** 0.5)
    maps = rest.unflatten(1, (old, old)).permute(0, 3, 1, 2)
    factor = (grid + 0.1) / old
    maps = functional.interpolate(maps, scale_factor=(factor, factor), mode="bicubic")
    return torch.cat([first, maps.flatten(2).transpose(1, 2)], dim=1)


def renamed(state: Mapping[str, Tensor], rules: Sequence[tuple[str, str]]) -> Tensors:
    """A file's tensors under the network's names.

    Queries, keys and values that the rules call `attn.q.weight`, `attn.k.weight` and so on become
    one tensor.

    Args:
        rules: patterns of whole names, and what each becomes; the first that fits counts, and
            whatever none fits keeps its name.
    """
    names = {name: _renamed(name, rules) for name in state}
    found = {names[name]: tensor for name, tensor in state.items()}
    for name in [one for one in found if ".attn.q." in one]:
        apart = [name.replace(".q.", f".{letter}.") for letter in "qkv"]
        if all(one in found for one in apart):
            found[name.replace(".q.", ".qkv.")] = torch.cat([found.pop(one) for one in apart])
    return found


def _renamed(name: str, rules: Sequence[tuple[str, str]]) -> str:
    for pattern, replacement in rules:
        if re.fullmatch(pattern, name):
            return re.sub(pattern, replacement, name)
    return name
