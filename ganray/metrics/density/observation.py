"""log p(x|z) of a decoder with normal observation noise, and its gradient by z."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float

from ganray.errors import RefusedInput
from ganray.metrics.density.annealed import Observation


def normal_observation(
    decoder: Callable[[torch.Tensor], torch.Tensor],
    images: Float[np.ndarray, "n d"],
    sigma: float,
    chains: int,
    dtype: torch.dtype | None = None,
) -> Observation:
    """log N(x; decoder(z), σ²I) in nats, for `chains` rows of each image in turn.

    σ is chosen, not found, and decides most of the value: under different σ values are not
    comparable. Squares are summed in float64; the decoder computes in its own type.

    Args:
        decoder: from latent vectors to as many numbers as an image has, in any shape.
        sigma: the noise's standard deviation, in units of the images.
        dtype: of the decoder's weights; none: float32.

    Raises:
        RefusedInput: sigma is not above 0.
    """
    if not 0 < sigma < math.inf:
        raise RefusedInput(f"sigma (={sigma!r}) must be finite and above 0")
    wanted = torch.from_numpy(np.repeat(images, chains, axis=0).astype(np.float64))
    norm = images.shape[1] / 2 * math.log(2 * math.pi * sigma**2)

    def observe(latent: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with torch.enable_grad():
            z = torch.tensor(latent, requires_grad=True)
            made = decoder(z.to(dtype or torch.float32)).flatten(1).double()
            found = -(made - wanted).square().sum(1) / (2 * sigma**2) - norm
            (slope,) = torch.autograd.grad(found.sum(), z)
        return found.detach().numpy(), slope.numpy()

    return observe
