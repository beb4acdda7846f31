"""What tasks of several kinds take of memory: images, features, pairs of rows, a classifier.

All in bytes, and beside what a process takes that does nothing yet. Each stage's own estimate, its
`memory`, is made of these and of what its networks hold (`train.costs.memory`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ganray.data.spec import SPLITS
from ganray.metrics import Metric
from ganray.metrics.pairs import BLOCK
from ganray.models.encoders import Classifier, Encoder
from ganray.plan import Plan, Task
from ganray.plan.defending import Defending
from ganray.plan.parameters import (
    DataParameters,
    EncoderParameters,
    WeightsParameters,
)
from ganray.specs import EmbedSpec
from ganray.stages.stage import FLOAT_BYTES, image_shape
from ganray.train.costs.flops import encoder_parameters
from ganray.train.costs.memory import embedding_memory, encoder_memory, sampling_memory
from ganray.train.encoder_spec import EncoderSpec

DOUBLE_BYTES = 8
_TABLES = 12  # of d², of a Fréchet distance: scatters that merge, factors, and a product
LITTLE = 2**26
"""What is read and written besides, and parsed, by tasks of any kind."""


def image_bytes(plan: Plan) -> int:
    """Of an image: its bytes in 8 bits."""
    return math.prod(image_shape(plan)) if plan.dataset else 0


def images_memory(plan: Plan, split: str, classes: Sequence[int] | None = None) -> int:
    """The images of a split, or of some of its classes, and the largest class while it is read: its
    file and its rows."""
    counts = plan.dataset["counts"][split]
    own = [counts[k] for k in (range(len(counts)) if classes is None else classes)]
    return (sum(own) + 2 * max(own, default=0)) * image_bytes(plan)


def split_memory(task: Task, plan: Plan, split: str) -> int:
    """The images of a split of the task's `data` input, which need not be the plan's own set."""
    imported = plan.by_address.get(task.inputs.get("data", ""))
    told = DataParameters.of(imported).images if imported else None
    if told is not None:
        return 2 * told * image_bytes(plan)
    if split == "all":
        return sum(images_memory(plan, one) for one in SPLITS)
    return images_memory(plan, split)


def made_memory(address: str, plan: Plan) -> int:
    """The images that a task makes whose address that is."""
    maker = plan.by_address.get(address)
    count = (maker.horizon or 0) if maker else 0
    return count * image_bytes(plan)


def checkpoint_memory(weights: int, grown: int) -> int:
    """The most that training holds: within an iteration, while a checkpoint is written beside it.

    Of that there are the copy, its bytes, and once more while they are put together; or another
    copy, which waits.

    Args:
        weights: how many there are, averages among them; each has two moments.
        grown: of an iteration, with all weights, gradients and moments.
    """
    state = 3 * weights * FLOAT_BYTES
    return grown + 3 * state


def course_memory(plan: Plan, classes: int, spec: EncoderSpec) -> int:
    """A classifier that is taught, and embeds images then."""
    shape = image_shape(plan)
    weights = encoder_parameters(shape, classes, spec)
    taught = checkpoint_memory(weights, encoder_memory(shape, classes, spec))
    form = Classifier().formed(spec.network)
    return max(taught, embedding_memory(form, shape, classes, EmbedSpec().chunk)) + LITTLE


def embedder_memory(address: str, plan: Plan, count: int) -> int:
    """The network of an `embedder` input with so many images at once."""
    encoder = _encoder(plan.by_address[address])
    return embedding_memory(encoder, image_shape(plan), len(plan.class_names), count)


def _encoder(embedder: Task) -> Encoder:
    if embedder.kind != "encoder":
        return WeightsParameters.of(embedder).encoder
    return Classifier().formed(EncoderParameters.of(embedder).encoder.network)


def rows_memory(count: int, dimensions: int, classes: int = 0) -> int:
    """Features and probabilities of so many images, with their labels."""
    return count * (FLOAT_BYTES * (dimensions + classes) + DOUBLE_BYTES)


def pairs_memory(dimensions: int, count: int = BLOCK) -> int:
    """Blocks of two sets in float64, and a few tables of their pairs."""
    rows = min(count, BLOCK)
    return DOUBLE_BYTES * (4 * rows * dimensions + 4 * rows * BLOCK)


def metric_memory(metric: Metric, count: int, dimensions: int, classes: int) -> int:
    """What a metric holds beside its two sets: blocks of pairs, which rows are finite, covariances
    with their factors, and whatever it says of itself."""
    blocks = pairs_memory(dimensions, count) + count * dimensions
    gaussians = _TABLES * DOUBLE_BYTES * dimensions**2 if metric.fits_covariances else 0
    return max(blocks, gaussians) + metric.memory(count, dimensions, classes) + LITTLE


def defence_memory(told: Defending, plan: Plan, count: int) -> int:
    """Descents for so many images at once, on one GAN after another; all GANs are kept."""
    shape, pairs = image_shape(plan), count * told.restarts
    most = max(sampling_memory(shape, told.model, len(k), pairs, descends=True) for k in told.kinds)
    kept = sum(sampling_memory(shape, told.model, len(k), 0) for k in told.kinds)
    return most + kept + 3 * pairs * image_bytes(plan) * FLOAT_BYTES
