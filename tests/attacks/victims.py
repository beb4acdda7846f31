"""Classifiers that attacks are tried on: a linear one, and a small one with a hidden layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ganray.attacks import Victim

SHAPE = (1, 5, 4)
PIXELS = 20


@dataclass(frozen=True)
class Linear:
    """Logits Wx + b."""

    weight: Tensor
    bias: Tensor

    def __call__(self, images: Tensor) -> Tensor:
        return images.flatten(1) @ self.weight.T + self.bias

    @property
    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        return self.weight.numpy(), self.bias.numpy()


def linear(classes: int = 4, seed: int = 0) -> Linear:
    """Random weights, in float64."""
    draw = torch.Generator().manual_seed(seed)
    weight = torch.randn(classes, PIXELS, generator=draw, dtype=torch.float64)
    return Linear(weight, torch.randn(classes, generator=draw, dtype=torch.float64) / 4)


def network(seed: int = 1, classes: int = 4) -> nn.Module:
    """With a hidden layer, so that gradients differ from place to place."""
    torch.manual_seed(seed)
    layers = nn.Flatten(), nn.Linear(PIXELS, 16), nn.ReLU(), nn.Linear(16, classes)
    made = nn.Sequential(*layers).double().eval()
    with torch.no_grad():
        for weight in made.parameters():
            weight.mul_(2)
        made[3].bias -= made(images()).mean(dim=0)  # no class is all images'
    return made


def images(count: int = 12, seed: int = 2) -> Tensor:
    """Random images, away from black and white."""
    draw = torch.Generator().manual_seed(seed)
    return 0.2 + 0.6 * torch.rand(count, *SHAPE, generator=draw, dtype=torch.float64)


def victim(logits, count: int = 12, defence=None) -> Victim:
    return Victim(logits, np.arange(count), 7, defence)


class Nothing:
    """A projection that is the identity."""

    def project(self, shown: Tensor, rows: np.ndarray, stream: str = "") -> Nothing:
        self.images = shown
        return self
