"""The families of networks that are made of layers, not of other families' networks."""

from __future__ import annotations

from typing import Annotated

from ganray.models.dcgan import Dcgan
from ganray.models.defense_gan import DefenseGan
from ganray.models.fully_connected import FullyConnected
from ganray.models.info_gan import InfoGan
from ganray.models.progressive import Progressive
from ganray.models.resnet import ResNet
from ganray.models.sngan import Sngan
from ganray.models.spec import ModelSpec
from ganray.registry import Registry

PLAIN: Registry[ModelSpec] = Registry(
    "name", Dcgan, DefenseGan, FullyConnected, Sngan, ResNet, InfoGan, Progressive
)


def two_players(of: ModelSpec) -> ModelSpec:
    """`of` itself, if other networks can be made of its generator and critic.

    Raises:
        ValueError: it is no family of these two with a `latent`.
    """
    if of.roles != ModelSpec.roles or "latent" not in type(of).model_fields:
        raise ValueError(f"{of.name} is not of one generator and one critic with a `latent`")
    return of


Plain = Annotated[ModelSpec, PLAIN]
"""The type of a field that holds one of them."""
