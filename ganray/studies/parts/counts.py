"""What a study's settings come to on a data set: how many samples, and of whom."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from ganray.data.choosing.splits import apportion
from ganray.data.spec import SourceInfo, Split
from ganray.errors import RefusedInput
from ganray.metrics import Metric
from ganray.studies.parts.scoring.evaluate import Evaluate


def class_rows(info: SourceInfo, split: Split, classes: Sequence[int]) -> list[list[int]]:
    """Where a split's images of some classes lie, which are class by class: spans of rows."""
    ends = [0, *itertools.accumulate(info.counts[split])]
    return [[ends[index], ends[index + 1]] for index in classes]


def sample_count(evaluate: Evaluate, info: SourceInfo, classes: Sequence[int]) -> int:
    """How many samples each side gives: as asked for, or as many as are held out.

    Args:
        classes: those that the study is of.

    Raises:
        RefusedInput: more than are held out, since the floor must stand at the same n; or fewer
            than a metric can be computed on.
    """
    held_out = sum(info.counts["held_out"][index] for index in classes)
    least, some = evaluate.neediest.least, len(classes) < len(info.class_names)
    number = "class" if len(classes) == 1 else f"{len(classes)} classes"
    of_these = f" of the {number} that the marginals cover" if some else ""
    if held_out < least:
        raise RefusedInput(
            f"{info.name} has {held_out} held-out images{of_these}, and each side as many samples "
            f"at most; {needing(evaluate.neediest)} needs {least} or more; raise data.held_out"
        )
    count = evaluate.samples or held_out
    if not least <= count <= held_out:
        raise RefusedInput(
            f"evaluate.samples (={count}) must be from {least} (for {needing(evaluate.neediest)}) "
            f"to the held-out images{of_these}, {held_out}, so that the floor stands at the same "
            "n; see data.held_out"
        )
    return count


def needing(metric: Metric) -> str:
    """A metric with its settings, as one tells how many images it needs."""
    settings = ", ".join(
        f"{name} {value}" for name, value in metric.model_dump().items() if name != "name"
    )
    return metric.name + (f" with {settings}" if settings else "")


def mixture_counts(
    groups: Sequence[Sequence[int]], info: SourceInfo, mixture: str, count: int
) -> list[int]:
    """How many samples each marginal GAN gives: by its classes' share of the training split, or
    equally for each class; `count` in all (largest remainder)."""
    classes = info.counts["train"] if mixture == "real" else [1] * len(info.class_names)
    sizes = np.array([sum(classes[index] for index in group) for group in groups])
    return [int(share) for share in apportion(sizes, count)]
