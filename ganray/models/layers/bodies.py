"""What else can stand on the body of a critic than a value."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ganray.models.layers.chain import Chain, Critic
from ganray.models.layers.leaky_relu import LeakyReLU


def encoder_on(critic: nn.Module, shape: tuple[int, int, int], outputs: int) -> Chain:
    """A critic's body, and so many numbers linear in its features in place of the value."""
    assert isinstance(critic, Critic)
    size = critic.features(shape)
    body = {f"body_{name}": layer for name, layer in critic.body.items()}
    return Chain({**body, "flat": nn.Flatten(), "outputs": nn.Linear(size, outputs)})


class PairJudge(nn.Module):
    """A value for each pair of an image and a latent vector, which meet behind a critic's body."""

    def __init__(
        self, critic: nn.Module, shape: tuple[int, int, int], latent: int, units: int
    ) -> None:
        super().__init__()
        self.image = encoder_on(critic, shape, units)
        self.vector = nn.Linear(latent, units)
        self.relu1, self.relu2 = LeakyReLU(0.2), LeakyReLU(0.2)
        self.both, self.value = nn.Linear(2 * units, units), nn.Linear(units, 1)

    def forward(
        self, images: Float[Tensor, "n c h w"], latents: Float[Tensor, "n k"]
    ) -> Float[Tensor, "n"]:
        """High where it holds the pair for one of a real image."""
        met = torch.cat([self.image(images), self.vector(latents)], dim=1)
        made: Tensor = self.value(self.relu2(self.both(self.relu1(met))))
        return made.flatten()
