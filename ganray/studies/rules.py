"""What a study's settings come to on a data set: how many samples, from whom, and which targets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ganray.data.spec import SourceInfo
from ganray.data.splits import apportion
from ganray.errors import RefusedInput
from ganray.studies.settings import Evaluate, RangeSearch


def sample_count(evaluate: Evaluate, info: SourceInfo) -> int:
    """How many samples each side gives: as asked for, or as many as are held out.

    Raises:
        RefusedInput: more than are held out, since the floor must stand at the same n.
    """
    held_out = sum(info.counts["held_out"])
    count = evaluate.samples or held_out
    if not max(2, evaluate.splits) <= count <= held_out:
        raise RefusedInput(
            f"evaluate.samples (={count}) must be from {max(2, evaluate.splits)} to the held-out "
            f"images, {held_out}, so that the floor stands at the same n; see data.held_out"
        )
    return count


def mixture_counts(
    groups: Sequence[Sequence[int]], info: SourceInfo, mixture: str, count: int
) -> list[int]:
    """How many samples each marginal GAN gives: by its classes' share of the training split, or
    equally for each class; `count` in all (largest remainder)."""
    classes = info.counts["train"] if mixture == "real" else [1] * len(info.class_names)
    sizes = np.array([sum(classes[index] for index in group) for group in groups])
    return [int(share) for share in apportion(sizes, count)]


def target_names(search: RangeSearch, info: SourceInfo, other: SourceInfo | None) -> list[str]:
    """What the probe images are called, in their order."""
    real = [f"real {name}" for name in info.class_names[: search.real]]
    noisy = [f"noisy {name}" for name in info.class_names[: search.noisy]]
    others = [f"other {index}" for index in range(len(other.class_names))] if other else []
    return real + noisy + others + list(search.shapes)
