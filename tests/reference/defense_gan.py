"""Defense-GAN by explicit loops: SAME convolutions, one WGAN-GP iteration, the range-space search.

Written from the papers and the facts alone; nothing here imports `ganray`.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch.nn import functional as F


def same_conv(image, kernel, bias, stride):
    """TensorFlow's SAME convolution of one image [c, h, w] by a kernel [out, c, k, k]."""
    outputs, _, size, _ = kernel.shape
    height, width = (math.ceil(n / stride) for n in image.shape[1:])
    top, left = (
        max((out - 1) * stride + size - n, 0) // 2
        for out, n in zip((height, width), image.shape[1:], strict=True)
    )
    answer = np.zeros((outputs, height, width))
    for o, i, j in np.ndindex(outputs, height, width):
        total = bias[o]
        for a, b in np.ndindex(size, size):
            y, x = i * stride + a - top, j * stride + b - left
            if 0 <= y < image.shape[1] and 0 <= x < image.shape[2]:
                total += image[:, y, x] @ kernel[o, :, a, b]
        answer[o, i, j] = total
    return answer


def same_deconv(maps, kernel, bias, stride=2):
    """TensorFlow's SAME transposed convolution: scatter each value of `maps` [c, h, w].

    The output has stride × the input's size; the kernel is [c, out, k, k].
    """
    channels, height, width = maps.shape
    outputs, size = kernel.shape[1], kernel.shape[2]
    full = np.zeros((outputs, stride * height, stride * width)) + bias[:, None, None]
    before = (size - stride) // 2
    for c, i, j, a, b in np.ndindex(channels, height, width, size, size):
        y, x = i * stride + a - before, j * stride + b - before
        if 0 <= y < full.shape[1] and 0 <= x < full.shape[2]:
            full[:, y, x] += maps[c, i, j] * kernel[c, :, a, b]
    return full


def generate(weights, latents, width):
    """The generator on 28 × 28 images, as functions of a dict of tensors."""
    maps = F.relu(latents @ weights["linear.weight"].T + weights["linear.bias"])
    maps = maps.reshape(-1, 4 * width, 4, 4)
    for layer, size in (("deconv1", 7), ("deconv2", 14), ("deconv3", 28)):
        kernel, bias = weights[f"{layer}.weight"], weights[f"{layer}.bias"]
        full = F.conv_transpose2d(maps, kernel, bias, stride=2)  # every product, nothing cropped
        maps = full[:, :, 1 : size + 1, 1 : size + 1]  # SAME drops one before, the rest after
        maps = torch.sigmoid(maps) if layer == "deconv3" else F.relu(maps)
    return maps


def criticise(weights, images):
    """The critic on 28 × 28 images."""
    maps = images
    for layer, padding in (("conv1", (1, 2, 1, 2)), ("conv2", (1, 2, 1, 2)), ("conv3", (2,) * 4)):
        padded = F.pad(maps, padding)
        maps = F.conv2d(padded, weights[f"{layer}.weight"], weights[f"{layer}.bias"], stride=2)
        maps = torch.where(maps > 0, maps, 0.2 * maps)
    return maps.flatten(1) @ weights["linear.weight"][0] + weights["linear.bias"][0]


class Adam:
    """Kingma and Ba, algorithm 1."""

    def __init__(self, weights, rate, beta1, beta2):
        self.rate, self.betas, self.steps = rate, (beta1, beta2), 0
        self.first = {name: torch.zeros_like(value) for name, value in weights.items()}
        self.second = {name: torch.zeros_like(value) for name, value in weights.items()}

    def step(self, weights, gradients):
        """The weights after one step."""
        beta1, beta2 = self.betas
        self.steps += 1
        moved = {}
        for name, g in gradients.items():
            self.first[name] = beta1 * self.first[name] + (1 - beta1) * g
            self.second[name] = beta2 * self.second[name] + (1 - beta2) * g * g
            mean = self.first[name] / (1 - beta1**self.steps)
            square = self.second[name] / (1 - beta2**self.steps)
            moved[name] = (weights[name] - self.rate * mean / (square.sqrt() + 1e-8)).detach()
        return moved


def gradients_of(loss, weights):
    """∂loss/∂weights by name."""
    found = torch.autograd.grad(loss, list(weights.values()))
    return dict(zip(weights, found, strict=True))


def penalty(weights, real, fake, mix, as_published):
    """Mean of (‖∇ critic‖ − 1)², one image (or, as published, one NHWC column) at a time."""
    terms = []
    for i in range(len(real)):
        point = (mix[i] * fake[i] + (1 - mix[i]) * real[i])[None].detach().requires_grad_(True)
        (g,) = torch.autograd.grad(criticise(weights, point)[0], point, create_graph=True)
        if not as_published:
            terms.append((g.pow(2).sum().sqrt() - 1) ** 2)
            continue
        nhwc = g.permute(0, 2, 3, 1)[0]  # the published code sums squares over axis 1 of NHWC
        for x in range(nhwc.shape[1]):
            for c in range(nhwc.shape[2]):
                terms.append((nhwc[:, x, c].pow(2).sum().sqrt() - 1) ** 2)
    return torch.stack(terms).mean()


def r1(weights, real, gamma):
    """γ/2 · mean of ‖∇ critic‖² at real images, one image at a time (Mescheder et al., eq. 9)."""
    terms = []
    for image in real:
        point = image[None].detach().requires_grad_(True)
        (g,) = torch.autograd.grad(criticise(weights, point)[0], point, create_graph=True)
        terms.append(g.pow(2).sum())
    return gamma / 2 * torch.stack(terms).mean()


def leaves(weights):
    """The same values as leaves that gradients are taken of."""
    return {name: value.detach().clone().requires_grad_(True) for name, value in weights.items()}


def search(weights, width, target, start, steps, rate, momentum):
    """One image from one start by SGD with heavy-ball momentum: (latent, residual)."""
    latent = torch.tensor(start, requires_grad=True)
    optimizer = torch.optim.SGD([latent], lr=rate, momentum=momentum)
    for _ in range(steps):
        optimizer.zero_grad()
        ((generate(weights, latent[None], width)[0] - target) ** 2).mean().backward()
        optimizer.step()
    with torch.no_grad():
        residual = ((generate(weights, latent[None], width)[0] - target) ** 2).mean()
    return latent.detach(), float(residual)
