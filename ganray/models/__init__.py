"""Networks: one file per paper, each with its spec, in the order of this list.

A new family is a new file and its line here. The first is meant where a file names none.
"""

from typing import Annotated

from ganray.models.big_gan import BigGan
from ganray.models.bigan import BiGan
from ganray.models.conditional import Conditional
from ganray.models.cycle_gan import CycleGan
from ganray.models.dcgan import Dcgan
from ganray.models.deep_dcgan import DeepDcgan
from ganray.models.defense_gan import DefenseGan
from ganray.models.fully_connected import FullyConnected
from ganray.models.info_gan import InfoGan
from ganray.models.mixture import Mixture
from ganray.models.modnet import ModNet
from ganray.models.pix2pix import Pix2Pix
from ganray.models.plain import PLAIN
from ganray.models.progressive import Progressive
from ganray.models.resnet import ResNet
from ganray.models.sngan import Sngan
from ganray.models.spec import ModelSpec
from ganray.models.vae import Vae
from ganray.registry import Registry

MODELS: Registry[ModelSpec] = Registry(
    "name", DefenseGan, *PLAIN, Conditional, Mixture, BiGan, Vae, BigGan, CycleGan, Pix2Pix, ModNet
)
Model = Annotated[ModelSpec, MODELS]
"""The type of a file's field `model`."""

__all__ = [
    "MODELS",
    "BiGan",
    "BigGan",
    "Conditional",
    "CycleGan",
    "Dcgan",
    "DeepDcgan",
    "DefenseGan",
    "FullyConnected",
    "InfoGan",
    "Mixture",
    "ModNet",
    "Model",
    "ModelSpec",
    "Pix2Pix",
    "Progressive",
    "ResNet",
    "Sngan",
    "Vae",
]
