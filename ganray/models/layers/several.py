"""Several networks that share some of their layers, as one: each row goes through one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from ganray.models.layers.initial import Weighted

Own = Literal["first", "last", "all"]
"""Which layers each has for itself: those before the second one with weights, those from the last
one on, or all."""


class Several(nn.Module):
    """Networks of equal layers.

    Args:
        layers: those of each network, by the same names.
    """

    def __init__(self, layers: Sequence[dict[str, nn.Module]], own: Own) -> None:
        super().__init__()
        names, self.count = list(layers[0]), len(layers)
        weighted = [name for name in names if any(_weighted(layers[0][name]))]
        begin = names.index(weighted[-1]) if own == "last" else 0
        end = names.index(weighted[1]) if own == "first" and len(weighted) > 1 else len(names)
        self.before = nn.Sequential(*(layers[0][name] for name in names[:begin]))
        self.own = nn.ModuleList(
            nn.Sequential(*(one[name] for name in names[begin:end])) for one in layers
        )
        self.after = nn.Sequential(*(layers[0][name] for name in names[end:]))

    def forward(
        self, rows: Float[Tensor, "n ..."], chosen: Int64[Tensor, "n"]
    ) -> Float[Tensor, "n ..."]:
        """Each row through the network that is chosen for it."""
        rows = self.before(rows)
        each = torch.stack([network(rows) for network in self.own])
        index = chosen.view(1, -1, *[1] * (each.ndim - 2)).expand(1, *each.shape[1:])
        made: Tensor = self.after(each.gather(0, index)[0])
        return made

    def every(self, rows: Float[Tensor, "n ..."]) -> Float[Tensor, "networks n ..."]:
        """All rows through every one of them."""
        rows = self.before(rows)
        each = torch.stack([network(rows) for network in self.own])
        made: Tensor = self.after(each.flatten(0, 1))
        return made.unflatten(0, (self.count, -1))


def spread(networks: nn.ModuleList) -> Float[Tensor, ""]:
    """Σ ‖θ − mean θ‖² of networks of equal layers: 0 where all are one."""
    far = []
    for weights in zip(*(network.parameters() for network in networks), strict=True):
        stacked = torch.stack(weights)
        far.append((stacked - stacked.mean(dim=0)).square().sum())
    return torch.stack(far).sum()


def _weighted(layer: nn.Module) -> list[bool]:
    return [True for one in layer.modules() if isinstance(one, Weighted)]
