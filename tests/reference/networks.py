"""ImageNet networks as straight-line functional code over a state dict, from the papers' tables."""

from __future__ import annotations

import torch
from torch.nn import functional as F


def random_state(network, seed=0):
    """Weights that keep activations near unit size, and batch statistics far from the defaults."""
    draw = torch.Generator().manual_seed(seed)
    state = {}
    for name, tensor in network.state_dict().items():
        noise = torch.randn(tensor.shape, generator=draw) if tensor.is_floating_point() else None
        if noise is None:
            state[name] = tensor
        elif tensor.ndim > 1:
            state[name] = noise * (2 / tensor[0].numel()) ** 0.5
        elif name.endswith(("running_var", "weight")):
            state[name] = 1 + 0.5 * torch.tanh(noise)
        else:
            state[name] = 0.3 * noise
    return state


def _norm(x, state, name):
    mean, variance, scale, shift = (
        state[f"{name}.{part}"][None, :, None, None]
        for part in ("running_mean", "running_var", "weight", "bias")
    )
    return (x - mean) / torch.sqrt(variance + 0.001) * scale + shift


def inception(state, x):
    """Features of RGB images of 299 × 299 in [−1, 1]."""

    def unit(x, name, stride=1, padding=(0, 0)):
        maps = F.conv2d(x, state[f"{name}.conv.weight"], None, stride, padding)
        return F.relu(_norm(maps, state, f"{name}.bn"))

    def average(x):
        """Sum over the window, divided by how much of it lies inside the image."""
        ones = torch.ones_like(x[:1, :1])
        window = torch.ones(1, 1, 3, 3)
        inside = F.conv2d(ones, window, padding=1)
        kernel = window.expand(x.shape[1], 1, 3, 3)
        return F.conv2d(x, kernel, padding=1, groups=x.shape[1]) / inside

    x = unit(x, "Conv2d_1a_3x3", 2)
    x = unit(x, "Conv2d_2a_3x3")
    x = unit(x, "Conv2d_2b_3x3", 1, (1, 1))
    x = F.max_pool2d(x, 3, 2)
    x = unit(x, "Conv2d_3b_1x1")
    x = unit(x, "Conv2d_4a_3x3")
    x = F.max_pool2d(x, 3, 2)
    for m in ("Mixed_5b", "Mixed_5c", "Mixed_5d"):
        a = unit(x, f"{m}.branch1x1")
        b = unit(unit(x, f"{m}.branch5x5_1"), f"{m}.branch5x5_2", 1, (2, 2))
        c = unit(unit(x, f"{m}.branch3x3dbl_1"), f"{m}.branch3x3dbl_2", 1, (1, 1))
        c = unit(c, f"{m}.branch3x3dbl_3", 1, (1, 1))
        x = torch.cat([a, b, c, unit(average(x), f"{m}.branch_pool")], 1)
    a = unit(x, "Mixed_6a.branch3x3", 2)
    b = unit(unit(x, "Mixed_6a.branch3x3dbl_1"), "Mixed_6a.branch3x3dbl_2", 1, (1, 1))
    b = unit(b, "Mixed_6a.branch3x3dbl_3", 2)
    x = torch.cat([a, b, F.max_pool2d(x, 3, 2)], 1)
    for m in ("Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"):
        a = unit(x, f"{m}.branch1x1")
        b = unit(unit(x, f"{m}.branch7x7_1"), f"{m}.branch7x7_2", 1, (0, 3))
        b = unit(b, f"{m}.branch7x7_3", 1, (3, 0))
        c = unit(unit(x, f"{m}.branch7x7dbl_1"), f"{m}.branch7x7dbl_2", 1, (3, 0))
        c = unit(unit(c, f"{m}.branch7x7dbl_3", 1, (0, 3)), f"{m}.branch7x7dbl_4", 1, (3, 0))
        c = unit(c, f"{m}.branch7x7dbl_5", 1, (0, 3))
        x = torch.cat([a, b, c, unit(average(x), f"{m}.branch_pool")], 1)
    a = unit(unit(x, "Mixed_7a.branch3x3_1"), "Mixed_7a.branch3x3_2", 2)
    b = unit(unit(x, "Mixed_7a.branch7x7x3_1"), "Mixed_7a.branch7x7x3_2", 1, (0, 3))
    b = unit(unit(b, "Mixed_7a.branch7x7x3_3", 1, (3, 0)), "Mixed_7a.branch7x7x3_4", 2)
    x = torch.cat([a, b, F.max_pool2d(x, 3, 2)], 1)
    for m in ("Mixed_7b", "Mixed_7c"):
        a = unit(x, f"{m}.branch1x1")
        b = unit(x, f"{m}.branch3x3_1")
        b1 = unit(b, f"{m}.branch3x3_2a", 1, (0, 1))
        b2 = unit(b, f"{m}.branch3x3_2b", 1, (1, 0))
        c = unit(unit(x, f"{m}.branch3x3dbl_1"), f"{m}.branch3x3dbl_2", 1, (1, 1))
        c1 = unit(c, f"{m}.branch3x3dbl_3a", 1, (0, 1))
        c2 = unit(c, f"{m}.branch3x3dbl_3b", 1, (1, 0))
        pooled = average(x) if m == "Mixed_7b" else F.max_pool2d(x, 3, 1, 1)
        x = torch.cat([a, b1, b2, c1, c2, unit(pooled, f"{m}.branch_pool")], 1)
    return x.mean((2, 3))


HALVING = ({1, 3, 5, 11}, {1, 4, 7, 15}, {1, 4, 7, 15})
"""Of the blocks of Lite0, Lite1 and Lite2, those that halve the image: the first of their stage."""


def efficientnet_lite(state, x, number):
    """Features of square RGB images of the network's size, in pixel values 0 … 255."""

    def same(x, name, stride=1):
        """TensorFlow's SAME: ⌈size / stride⌉ outputs, an odd pixel of padding at the end."""
        weight = state[f"{name}.weight"]
        kernel, size = weight.shape[-1], x.shape[-1]
        total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        before, after = total // 2, total - total // 2
        x = F.pad(x, (before, after, before, after))
        groups = x.shape[1] // weight.shape[1]
        return F.conv2d(x, weight, None, stride, 0, 1, groups)

    def active(x, name):
        return _norm(x, state, name).clamp(0, 6)

    x = active(same((x - 127) / 128, "_conv_stem", 2), "_bn0")
    blocks = {name.split(".")[1] for name in state if name.startswith("_blocks.")}
    for block in range(len(blocks)):
        name, stride, before = f"_blocks.{block}", 2 if block in HALVING[number] else 1, x
        if f"{name}._expand_conv.weight" in state:
            x = active(same(x, f"{name}._expand_conv"), f"{name}._bn0")
        x = active(same(x, f"{name}._depthwise_conv", stride), f"{name}._bn1")
        x = _norm(same(x, f"{name}._project_conv"), state, f"{name}._bn2")
        if x.shape == before.shape:
            x = x + before
    return active(same(x, "_conv_head"), "_bn1").mean((2, 3))
