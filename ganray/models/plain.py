"""The families of networks that are made of layers, not of other families' networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field, field_validator

from ganray.models.dcgan import Dcgan
from ganray.models.deep_dcgan import DeepDcgan
from ganray.models.defense_gan import DefenseGan
from ganray.models.fully_connected import FullyConnected
from ganray.models.info_gan import InfoGan
from ganray.models.progressive import Progressive
from ganray.models.resnet import ResNet
from ganray.models.sngan import Sngan
from ganray.models.spec import Law, ModelSpec, Shape
from ganray.registry import Registry

if TYPE_CHECKING:
    import torch

PLAIN: Registry[ModelSpec] = Registry(
    "name", Dcgan, DefenseGan, FullyConnected, Sngan, ResNet, InfoGan, Progressive, DeepDcgan
)
Plain = Annotated[ModelSpec, PLAIN]
"""The type of a field that holds one of them."""


class MadeOf(ModelSpec):
    """Networks that are made of another family's generator and critic."""

    rebuilt: ClassVar[bool] = True
    """Whether layers of the other's networks are used by themselves."""
    tells: ClassVar[bool] = False
    """Whether labels reach the other's networks."""

    of: Plain = Field(Dcgan(), description="the networks that these are made of")

    @field_validator("of")
    @classmethod
    def _of_two_players(cls, of: ModelSpec) -> ModelSpec:
        if of.roles != ModelSpec.roles or "latent" not in type(of).model_fields:
            raise ValueError(f"{of.name} is not of one generator and one critic with a `latent`")
        if cls.rebuilt and not of.rebuildable:
            raise ValueError(f"{of.name}'s networks are not layers in a row, as these need them")
        if of.labelled and not cls.tells:
            raise ValueError(f"{of.name} is told labels, and these are not; set per_class to false")
        return of

    @property
    def signed(self) -> bool:
        """As the other family's."""
        return self.of.signed

    @property
    def coupled(self) -> tuple[str, ...]:
        """As the other family's."""
        return self.of.coupled

    @property
    def latents(self) -> Law:
        """As the other family's."""
        return self.of.latents

    def check(self, shape: Shape, classes: int, /) -> None:
        """As the other family."""
        self.of.check(shape, classes)

    def prepare(self, networks: Mapping[str, torch.nn.Module], iteration: int) -> None:
        """As the other family's, wherever they are in these."""
        for role, network in networks.items():
            for inner in network.modules():
                if hasattr(inner, "grow"):
                    self.of.prepare({role: inner}, iteration)

    def alike(self, until: int) -> list[tuple[int, int]]:
        """As the other family's."""
        return self.of.alike(until)

    def initialise(self, networks: Mapping[str, torch.nn.Module], seed: int) -> None:
        """As the other family begins; what it has not begins in its own way."""
        self.of.initialise(networks, seed)
