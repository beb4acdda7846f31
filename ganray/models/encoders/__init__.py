"""Encoders: the networks on which images are embedded; one file each, in the order of this list.

A new encoder is a new file and its line here.
"""

from typing import Annotated

from ganray.models.encoders.classifier import Classifier
from ganray.models.encoders.classifier_logits import ClassifierLogits
from ganray.models.encoders.clip import Clip
from ganray.models.encoders.dino_v2 import DinoV2
from ganray.models.encoders.efficientnet_lite import (
    EfficientNetLite0,
    EfficientNetLite1,
    EfficientNetLite2,
)
from ganray.models.encoders.encoder import Embedder, Encoder
from ganray.models.encoders.every_pixel import EveryPixel
from ganray.models.encoders.inception import Inception
from ganray.models.encoders.inception_antialiased import InceptionAntialiased
from ganray.models.encoders.pixels import Pixels
from ganray.models.encoders.random_convolutions import RandomConvolutions
from ganray.registry import Registry

ENCODERS: Registry[Encoder] = Registry(
    "name",
    Classifier,
    ClassifierLogits,
    Inception,
    InceptionAntialiased,
    DinoV2,
    Clip,
    EfficientNetLite0,
    EfficientNetLite1,
    EfficientNetLite2,
    RandomConvolutions,
    Pixels,
    EveryPixel,
    implied=False,
)
AnyEncoder = Annotated[Encoder, ENCODERS]
"""The type of a file's field that names an encoder."""

__all__ = ["ENCODERS", "AnyEncoder", "Classifier", "ClassifierLogits", "Clip", "DinoV2",
           "EfficientNetLite0", "EfficientNetLite1", "EfficientNetLite2", "Embedder", "Encoder",
           "EveryPixel", "Inception", "InceptionAntialiased", "Pixels",
           "RandomConvolutions"]  # fmt: skip
