"""What an image's critic sees of the rest of its batch."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn


class MinibatchDiscrimination(nn.Module):
    """Beside each image's features, how near it is to the rest of its batch (Salimans et al., arXiv
    1606.03498, section 3.2): for each of `kernels` projections M to `dimensions` numbers,
    Σ_j≠i exp(−|M(x_i) − M(x_j)|₁)."""

    def __init__(self, features: int, kernels: int, dimensions: int = 5) -> None:
        super().__init__()
        self.kernels, self.dimensions = kernels, dimensions
        self.project = nn.Linear(features, kernels * dimensions, bias=False)

    def forward(self, features: Float[Tensor, "n d"]) -> Float[Tensor, "n k"]:
        """The features, and the kernels' sums behind them."""
        seen = self.project(features).unflatten(1, (self.kernels, self.dimensions))
        far = (seen[:, None] - seen[None]).abs().sum(dim=3)  # image × image × kernel
        return torch.cat([features, (-far).exp().sum(dim=1) - 1], dim=1)
