"""Networks: one file per paper, each with its spec, in the order of this list.

A new family is a new file and its line here. The first is meant where a file names none.
"""

from typing import Annotated

from ganray.models.defense_gan import DefenseGan
from ganray.models.spec import ModelSpec
from ganray.registry import Registry

MODELS: Registry[ModelSpec] = Registry("name", DefenseGan)
Model = Annotated[ModelSpec, MODELS]
"""The type of a file's field `model`."""

__all__ = ["MODELS", "DefenseGan", "Model", "ModelSpec"]
