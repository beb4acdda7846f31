"""The laws of the noise that images are made from, each drawn by index; free of torch."""

from ganray.models.laws.composed import Codes, Joined, Labelled, drawn_of, free_part
from ganray.models.laws.law import Law, refuse_projection
from ganray.models.laws.plain import Normal, Sphere, Uniform

__all__ = [
    "Codes",
    "Joined",
    "Labelled",
    "Law",
    "Normal",
    "Sphere",
    "Uniform",
    "drawn_of",
    "free_part",
    "refuse_projection",
]
