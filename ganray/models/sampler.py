"""A GAN as sampling and searching see it: noise to images, whatever its networks are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np
import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor, nn

from ganray.errors import RefusedInput
from ganray.models.laws.pictures import Pictures
from ganray.models.layers.chain import Critic
from ganray.models.spec import ModelSpec, Shape
from ganray.tensors import Tensors

SEPARATOR = "/"


class Sampler(nn.Module):
    """Images in [0, 1] from noise, by the networks that a family draws them with.

    Attributes:
        model: the family, with its settings.
        shape: channels, height and width of the images.
        law: of the noise.
        classes: how many training images of each class there were.
    """

    def __init__(
        self,
        model: ModelSpec,
        shape: Shape,
        networks: Mapping[str, nn.Module],
        classes: tuple[int, ...] = (1,),
    ) -> None:
        """From networks that have weights.

        Args:
            classes: how many training images of each class there were, by which labels are drawn
                where the family's images have any.
        """
        super().__init__()
        self.classes = classes
        self.model, self.shape, self.law = model, shape, model.noise(classes, shape)
        self.networks = nn.ModuleDict({role: networks[role] for role in model.sampled})

    def noise(
        self, seed: int, stream: str, start: int, count: int, truncation: float | None = None
    ) -> Float[Tensor, "count size"]:
        """Rows `start … start+count-1` of a stream of the family's noise, on its device.

        Args:
            truncation: the bound of latent vectors (`Law.truncated`); none: there is none.

        Raises:
            RefusedInput: there is a bound and the latent vectors are not normal.
        """
        law = self.law if truncation is None else self.law.truncated(truncation)
        rows = law.rows(seed, stream, start, count)
        return torch.from_numpy(rows).float().to(self.device)

    def of(
        self, images: UInt8[np.ndarray, "n c h w"], labels: Int64[np.ndarray, "m"] | None = None
    ) -> Sampler:
        """The same GAN, of these images in place of noise, where its images are made of others.

        Args:
            images: 0 … 255.
            labels: their classes from 0, where it changes these.

        Raises:
            RefusedInput: its images are made of noise, or these are of another shape.
        """
        if not isinstance(self.law, Pictures):
            raise RefusedInput(f"images: {self.model.name} makes its images of noise, not of these")
        if tuple(images.shape[1:]) != self.shape or not len(images):
            raise RefusedInput(
                f"images (of shape {images.shape}) must be one or more of {self.shape} (channels, "
                "height, width), as this GAN was trained on"
            )
        drawn = Sampler(self.model, self.shape, dict(self.networks.items()), self.classes)
        drawn.law = self.law.of(images, labels)
        return drawn.train(self.training)

    def forward(self, noise: Float[Tensor, "n size"]) -> Float[Tensor, "n c h w"]:
        """Images in [0, 1], one for each row."""
        return self.model.images(dict(self.networks.items()), noise, self.shape)

    @property
    def device(self) -> torch.device:
        """Where its networks are."""
        return next(self.parameters()).device

    def tensors(self) -> Tensors:
        """The weights by their names; those of several networks begin with their roles."""
        state = {
            f"{role}{SEPARATOR}{name}": value
            for role, network in self.networks.items()
            for name, value in network.state_dict().items()
        }
        return state if len(self.networks) > 1 else _without_role(state)

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Take over what `tensors` gave; missing or extra names raise."""
        for role, network in self.networks.items():
            start = f"{role}{SEPARATOR}" if len(self.networks) > 1 else ""
            own = {n.removeprefix(start): v for n, v in tensors.items() if n.startswith(start)}
            network.load_state_dict(own)


def new_networks(
    model: ModelSpec,
    shape: Shape,
    seed: int | None = None,
    classes: int = 1,
    heads: Mapping[str, int] | None = None,
) -> dict[str, nn.Module]:
    """The networks of a family for images of `shape`.

    With `seed`, their weights are drawn as the family begins; without, they await others.

    Args:
        classes: of the training images.
        heads: what an algorithm reads off the features of each of the family's critics.

    Raises:
        RefusedInput: the family cannot do such images, or so few classes.
    """
    model.check(shape, classes)
    networks = model.networks(shape, classes)
    for role in model.featured if heads else ():
        cast("Critic", networks[role]).add_heads(heads or {}, shape)
    if seed is not None:
        model.initialise(networks, seed)
    return networks


def trained_sampler(
    model: ModelSpec,
    shape: Shape,
    tensors: Mapping[str, Tensor],
    classes: tuple[int, ...] = (1,),
) -> Sampler:
    """The sampler with these weights, on the CPU, ready to be used.

    It is in evaluation mode and its parameters are frozen; gradients with respect to the noise
    are there all the same.
    """
    sampler = Sampler(model, shape, new_networks(model, shape, classes=len(classes)), classes)
    sampler.load(tensors)
    return sampler.eval().requires_grad_(False)


def _without_role(state: Tensors) -> Tensors:
    return {name.partition(SEPARATOR)[2]: value for name, value in state.items()}
