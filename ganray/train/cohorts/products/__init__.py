"""The three products of a convolution, of several networks at once, each in several ways.

Images are (k, n, c, h, w), maps (k, n, o, p, q) and weights (k, o, c, i, j), of k networks:
`maps` are the convolution of images and weights, `images` its gradient by the images (which is a
transposed convolution), `weights` that by the weights.

- grouped: one grouped convolution, the networks' channels beside one another.
- columns: the pixels under each place of the kernel copied beside one another, then one batched
  product of matrices; for `images`, the maps' pixels that reach each block of stride × stride.
- folded (of `images` alone): the batched product first, then what it gives added up in place.

Columns are laid out with channels last, and so is what comes of them.
"""

from __future__ import annotations

from ganray.train.cohorts.products import blocks, columns, grouped
from ganray.train.cohorts.products.finish import (
    NOTHING,
    Finish,
    FinishedForm,
    Form,
    then_finished,
)
from ganray.train.cohorts.products.geometry import Geometry, Images, Kind, Maps, Weights
from ganray.train.cohorts.products.layouts import laid_out_once, made_once, product

__all__ = [
    "FORMS",
    "NOTHING",
    "Finish",
    "FinishedForm",
    "Form",
    "Geometry",
    "Images",
    "Kind",
    "Maps",
    "Weights",
    "laid_out_once",
    "made_once",
    "product",
    "then_finished",
]

FORMS: dict[Kind, dict[str, Form]] = {
    "maps": {"grouped": grouped.maps_of, "columns": columns.maps_of},
    "images": {
        "grouped": grouped.images_of,
        "columns": blocks.images_by_columns,
        "folded": blocks.images_by_folding,
    },
    "weights": {"grouped": grouped.weights_of, "columns": columns.weights_of},
}
