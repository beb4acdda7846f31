"""A vision transformer in NumPy, float64, token by token, over the names of published files."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image


def prepared(image, mean, deviation, size=224):
    """An image in [0, 1] as the networks see it: each colour resized by Pillow, then normalised."""
    colours = np.broadcast_to(image, (3, *image.shape[1:]))
    resized = [
        np.asarray(
            Image.fromarray(np.ascontiguousarray(colour, dtype=np.float32)).resize(
                (size, size), Image.Resampling.BICUBIC
            ),
            dtype=np.float64,
        ).clip(0, 1)
        for colour in colours
    ]
    return np.stack([(c - m) / d for c, m, d in zip(resized, mean, deviation, strict=True)])


def _norm(x, scale, shift, epsilon):
    return np.stack([(t - t.mean()) / math.sqrt(t.var() + epsilon) * scale + shift for t in x])


def _attention(tokens, weight, bias, heads):
    """Each head of each token: a softmax over all tokens, and the mean of their values by it."""
    count, width = tokens.shape
    size = width // heads
    query, key, value = np.split(tokens @ weight.T + bias, 3, axis=1)
    answer = np.empty_like(tokens)
    for head in range(heads):
        own = slice(head * size, (head + 1) * size)
        for i in range(count):
            scores = [float(query[i, own] @ key[j, own]) / math.sqrt(size) for j in range(count)]
            weights = [math.exp(score - max(scores)) for score in scores]
            shares = [one / math.fsum(weights) for one in weights]
            answer[i, own] = sum(share * value[j, own] for j, share in enumerate(shares))
    return answer


def _gelu(x):
    return np.vectorize(lambda v: v * 0.5 * (1 + math.erf(v / math.sqrt(2))))(x)


def _quick_gelu(x):
    return x / (1 + np.exp(-1.702 * x))


def _patches(image, weight, patch):
    """Row by row, the inner products of each patch with all filters."""
    _, height, width = image.shape
    corners = [(i, j) for i in range(0, height, patch) for j in range(0, width, patch)]
    parts = [image[:, i : i + patch, j : j + patch] for i, j in corners]
    return np.array([[float((part * kernel).sum()) for kernel in weight] for part in parts])


def _cubic(x, a=-0.75):
    x = abs(x)
    if x <= 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    return a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a if x < 2 else 0.0


def interpolated(positions, grid):
    """Positions of an old grid at those of a new one, as DINOv2 has them, row by row."""
    old = math.isqrt(len(positions))
    maps = positions.reshape(old, old, -1)
    taps = []
    for i in range(grid):
        at = (i + 0.5) * old / (grid + 0.1) - 0.5
        low = math.floor(at)
        taps.append([(min(max(k, 0), old - 1), _cubic(at - k)) for k in range(low - 1, low + 3)])
    answer = np.zeros((grid, grid, maps.shape[2]))
    for i in range(grid):
        for j in range(grid):
            for row, u in taps[i]:
                for column, v in taps[j]:
                    answer[i, j] += u * v * maps[row, column]
    return answer


def dino_v2(state, image, heads, patch):
    """The class token of one prepared image, by the names of DINOv2's files."""
    s = {name: np.asarray(tensor, dtype=np.float64) for name, tensor in state.items()}
    patches = _patches(image, s["patch_embed.proj.weight"], patch) + s["patch_embed.proj.bias"]
    first, rest = s["pos_embed"][0, :1], s["pos_embed"][0, 1:]
    if len(rest) != len(patches):
        rest = interpolated(rest, math.isqrt(len(patches))).reshape(len(patches), -1)
    x = np.concatenate([s["cls_token"][0] + first, patches + rest])
    for block in range(len({name.split(".")[1] for name in s if name.startswith("blocks.")})):
        b = {n.removeprefix(f"blocks.{block}."): t for n, t in s.items()}
        y = _norm(x, b["norm1.weight"], b["norm1.bias"], 1e-6)
        y = _attention(y, b["attn.qkv.weight"], b["attn.qkv.bias"], heads)
        x = x + b["ls1.gamma"] * (y @ b["attn.proj.weight"].T + b["attn.proj.bias"])
        y = _norm(x, b["norm2.weight"], b["norm2.bias"], 1e-6)
        y = _gelu(y @ b["mlp.fc1.weight"].T + b["mlp.fc1.bias"])
        x = x + b["ls2.gamma"] * (y @ b["mlp.fc2.weight"].T + b["mlp.fc2.bias"])
    return _norm(x[:1], s["norm.weight"], s["norm.bias"], 1e-6)[0]


def clip(state, image, heads, patch, activation="quick_gelu"):
    """The projected class token of one prepared image, by the names of OpenAI's files."""
    s = {
        name.removeprefix("visual."): np.asarray(tensor, dtype=np.float64)
        for name, tensor in state.items()
        if name.startswith("visual.")
    }
    active = {"gelu": _gelu, "quick_gelu": _quick_gelu}[activation]
    patches = _patches(image, s["conv1.weight"], patch)
    x = np.concatenate([s["class_embedding"][None], patches]) + s["positional_embedding"]
    x = _norm(x, s["ln_pre.weight"], s["ln_pre.bias"], 1e-5)
    for block in range(len({name.split(".")[2] for name in s if name.startswith("transformer.")})):
        b = {n.removeprefix(f"transformer.resblocks.{block}."): t for n, t in s.items()}
        y = _norm(x, b["ln_1.weight"], b["ln_1.bias"], 1e-5)
        y = _attention(y, b["attn.in_proj_weight"], b["attn.in_proj_bias"], heads)
        x = x + y @ b["attn.out_proj.weight"].T + b["attn.out_proj.bias"]
        y = _norm(x, b["ln_2.weight"], b["ln_2.bias"], 1e-5)
        y = active(y @ b["mlp.c_fc.weight"].T + b["mlp.c_fc.bias"])
        x = x + y @ b["mlp.c_proj.weight"].T + b["mlp.c_proj.bias"]
    return _norm(x[:1], s["ln_post.weight"], s["ln_post.bias"], 1e-5)[0] @ s["proj"]
