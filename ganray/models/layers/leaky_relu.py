"""LeakyReLU that is cheap to differentiate twice."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional


class LeakyReLU(nn.Module):
    """`leaky_relu` as a layer."""

    def __init__(self, slope: float) -> None:
        super().__init__()
        self.slope = slope

    def forward(self, values: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """x where it is positive, else slope·x."""
        return leaky_relu(values, self.slope)


def leaky_relu(values: Float[Tensor, "..."], slope: float) -> Float[Tensor, "..."]:
    """x where it is positive, else slope·x: torch's own to the last bit, but cheaper to
    differentiate twice.

    Its slope changes at 0 alone, so that its second derivative is 0 wherever there is one.

    Args:
        slope: above 0, as the output's sign must tell the input's.
    """
    return _LeakyReLU.apply(values, slope)


class _LeakyReLU(torch.autograd.Function):
    """Torch's own sends that zero, a tensor like any other, through all layers below once more
    when a gradient penalty is differentiated; here there is nothing to send."""

    generate_vmap_rule = True

    @staticmethod
    def forward(values: Tensor, slope: float) -> Tensor:
        return functional.leaky_relu(values, slope)

    @staticmethod
    def setup_context(context: Any, inputs: tuple[Tensor, float], output: Tensor) -> None:
        context.save_for_backward(output)  # its signs are the input's
        context.slope = inputs[1]
        context.set_materialize_grads(False)

    @staticmethod
    def backward(context: Any, gradient: Tensor | None) -> tuple[Tensor | None, None]:
        if gradient is None:
            return None, None
        (output,) = context.saved_tensors
        constant = output.detach()
        return torch.ops.aten.leaky_relu_backward(gradient, constant, context.slope, True), None
