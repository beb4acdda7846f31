"""The networks that a study can train as its data set's own classifier, by their words."""

from __future__ import annotations

from ganray.models.encoders.networks.cafd import CafdEncoder
from ganray.models.encoders.networks.channelwise import ChannelwiseEncoder
from ganray.models.encoders.networks.classifier import ClassifierNetwork
from ganray.models.encoders.networks.defense_gan import (
    ClassifierA,
    ClassifierB,
    ClassifierC,
    ClassifierD,
    ClassifierE,
    ClassifierF,
    DefenseGanClassifier,
)
from ganray.models.encoders.networks.resnet import ResNetEncoder

NETWORKS: dict[
    str, type[CafdEncoder | ResNetEncoder | ChannelwiseEncoder | DefenseGanClassifier]
] = {
    "cafd": CafdEncoder,
    "resnet": ResNetEncoder,
    "channelwise": ChannelwiseEncoder,
    "defense_gan_a": ClassifierA,
    "defense_gan_b": ClassifierB,
    "defense_gan_c": ClassifierC,
    "defense_gan_d": ClassifierD,
    "defense_gan_e": ClassifierE,
    "defense_gan_f": ClassifierF,
}


def new_classifier(name: str, shape: tuple[int, int, int], classes: int) -> ClassifierNetwork:
    """One of them, for images of that shape and so many classes, with whatever weights torch gives.

    Args:
        name: as `encoder.network` has it.
    """
    return NETWORKS[name](shape, classes)
