"""Networks: one file per paper, built for a `ModelSpec` and the images' shape by `build`."""

from ganray.models.spec import ModelSpec

__all__ = ["ModelSpec"]
