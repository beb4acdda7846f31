"""What keeps the sizes of activations and of weights within bounds, as layers."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from ganray.models.doubling import Norm
from ganray.randomness import normals

_SETTLING = 30  # steps of the power iteration outside training
Maps = Float[Tensor, "n c h w"]


def normalised(norm: Norm, channels: int, classes: int = 0) -> nn.Module:
    """The layer that normalises maps of so many channels.

    Args:
        classes: from 1, each class has scales and shifts of its own.
    """
    if classes and norm != "none":
        return ConditionalNorm(normalised_plainly(norm, channels, affine=False), channels, classes)
    return normalised_plainly(norm, channels, affine=True)


def normalised_plainly(norm: Norm, channels: int, affine: bool) -> nn.Module:
    """The same for all classes."""
    if norm == "batch":
        return nn.BatchNorm2d(channels, affine=affine)
    if norm == "instance":
        return nn.InstanceNorm2d(channels, affine=affine)
    return nn.GroupNorm(1, channels, affine=affine) if norm == "layer" else nn.Identity()


class ConditionalNorm(nn.Module):
    """A normalisation whose scales and shifts are those of each image's class (Dumoulin et al.,
    arXiv 1610.07629; de Vries et al., arXiv 1707.00683)."""

    labelled = True

    def __init__(self, norm: nn.Module, channels: int, classes: int) -> None:
        super().__init__()
        self.norm = norm
        self.scales = nn.Parameter(torch.ones(classes, channels))
        self.shifts = nn.Parameter(torch.zeros(classes, channels))

    def forward(self, maps: Maps, labels: Int64[Tensor, "n"]) -> Maps:
        """Each image by the scales and shifts of its class."""
        scales, shifts = (
            functional.embedding(labels, table)[:, :, None, None]
            for table in (self.scales, self.shifts)
        )
        normal: Tensor = self.norm(maps)
        return scales * normal + shifts


class Spectral:
    """A layer whose weights are divided by their largest singular value (Miyato et al., arXiv
    1802.05957, algorithm 1): one step of the power iteration in each training pass."""

    weight: Tensor
    training: bool
    u: Tensor

    def draw(self, seed: int, stream: str) -> None:
        """The first left vector, by index."""
        drawn = torch.from_numpy(normals(seed, f"{stream}/u", 0, 1, len(self.u))[0])
        self.u.copy_(drawn / drawn.norm())

    def divided(self) -> Float[Tensor, "..."]:
        """W / (uᵀWv), where u and v count as constants."""
        matrix = self.weight.flatten(1)
        with torch.no_grad():
            u = self.u.clone()
            # A sampler's weights may be averages, of which `u` is none: it is found anew. Where
            # tensors have no values, none is to be found.
            once = self.training or matrix.is_meta
            for _ in range(1 if once else _SETTLING):
                v = functional.normalize(u @ matrix, dim=0, eps=1e-12)
                u = functional.normalize(matrix @ v, dim=0, eps=1e-12)
            if self.training:
                self.u.copy_(u)
        return self.weight / (u @ (matrix @ v))


class SpectralConv2d(Spectral, nn.Conv2d):
    """A convolution under spectral normalisation."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int | tuple[int, int],
        stride: int,
        padding: int,
        bias: bool,
    ) -> None:
        super().__init__(inputs, outputs, kernel, stride, padding, bias=bias)
        self.register_buffer("u", torch.zeros(self.out_channels))

    def forward(self, maps: Maps) -> Float[Tensor, "n k p q"]:
        """Convolve."""
        return self._conv_forward(maps, self.divided(), self.bias)


class SpectralLinear(Spectral, nn.Linear):
    """A linear layer under spectral normalisation."""

    def __init__(self, inputs: int, outputs: int, bias: bool) -> None:
        super().__init__(inputs, outputs, bias)
        self.register_buffer("u", torch.zeros(outputs))

    def forward(self, rows: Float[Tensor, "n d"]) -> Float[Tensor, "n k"]:
        """As `torch.nn.Linear`."""
        return functional.linear(rows, self.divided(), self.bias)


def conv(
    inputs: int,
    outputs: int,
    kernel: int | tuple[int, int],
    stride: int = 1,
    padding: int = 0,
    bias: bool = True,
    spectral: bool = False,
) -> nn.Conv2d:
    """A convolution, spectrally normalised or not."""
    if spectral:
        return SpectralConv2d(inputs, outputs, kernel, stride, padding, bias)
    return nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=bias)


def linear(inputs: int, outputs: int, bias: bool = True, spectral: bool = False) -> nn.Linear:
    """A linear layer, spectrally normalised or not."""
    return (SpectralLinear if spectral else nn.Linear)(inputs, outputs, bias=bias)
