"""Which images of a set are the farthest from real ones, the nearest to training images or to each
other, and of which kinds it has more than another set: by their numbers, for pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Int64

from ganray.errors import UndefinedScore
from ganray.metrics.copying.near_pairs import Pair, closest_to_training, closest_within
from ganray.metrics.features import Embedding
from ganray.metrics.kernel.bandwidth import usual_bandwidth
from ganray.metrics.kernel.novelty import novel_modes
from ganray.metrics.nearest import nearest
from ganray.plan import Plan, Task
from ganray.plan.measuring import ExtremesParameters
from ganray.plan.parameters import EmbedParameters
from ganray.process.progress import shares
from ganray.randomness import permutation
from ganray.stages.artifacts import read_embedding
from ganray.stages.needs import DOUBLE_BYTES, LITTLE, pairs_memory
from ganray.stages.sampling.embed import embedded_memory, embedding_of
from ganray.stages.stage import Cost, Stage
from ganray.stages.telling import telling
from ganray.stages.workspace import Workspace

KINDS = 3
"""Of images that one set has more of, at most."""
_LOOKED_AT = 1000  # of each set for its kinds: eigenvectors of twice as many rows take seconds


def find_extremes(work: Workspace) -> None:
    """Numbers of images, and distances in units of the features.

    Inputs are as of measuring; `other/0` … are the set that kinds are compared with, the real
    images where there is none.
    """
    told = ExtremesParameters.of(work.task)
    spans = told.subset.rows if told.subset else {}
    made, real = _set(work, "set"), read_embedding(work, "reference").of(spans.get("test", []))
    other = _set(work, "other") if "other/0" in work.task.inputs else real
    training = None
    if "training" in work.task.inputs:
        training = read_embedding(work, "training").of(spans.get("train", []))
    with telling(work):
        result = _found(made, real, other, training, told.count)
    work.commit({}, result)


def _found(
    made: Embedding, real: Embedding, other: Embedding, training: Embedding | None, count: int
) -> dict[str, Any]:
    """What is told of a set; copies where training images are known."""
    result: dict[str, Any] = {}
    known = 0 if training is None else training.count
    farthest, within, copied = shares(real.count, made.count / 2, known)  # pairs for each image
    with farthest:
        result["outliers"] = _farthest(made, real, count)
    with within:
        result["duplicates"] = _plain(closest_within(made.features, count))
    result["kinds"] = _kinds(made, other, real, count)
    if training is not None:
        with copied:
            copies = closest_to_training(made.features, training.features, count)
        result["copies"] = _plain(copies)
    return result


def _set(work: Workspace, name: str) -> Embedding:
    roles = [role for role in work.task.inputs if role.startswith(f"{name}/")]
    return read_embedding(work, *sorted(roles, key=lambda role: int(role.partition("/")[2])))


def _farthest(made: Embedding, real: Embedding, count: int) -> list[dict[str, Any]]:
    """The images that are farthest from their nearest real ones, these first."""
    found, squared = nearest(made.features, real.features)
    rows = np.argsort(-squared, kind="stable")[:count]
    pairs = [Pair(int(row), int(found[row]), float(np.sqrt(squared[row]))) for row in rows]
    return _plain(pairs)


def _plain(pairs: Sequence[Pair]) -> list[dict[str, Any]]:
    return [pair._asdict() for pair in pairs]


def _kinds(made: Embedding, other: Embedding, real: Embedding, count: int) -> list[list[int]]:
    """The most typical images of each kind that there is more of than in the other set; none where
    half of the real images are equal, so that nothing says what is alike."""
    rows, others = _some(made, "kinds/set"), _some(other, "kinds/other")
    try:
        bandwidth = real.once(usual_bandwidth)
    except UndefinedScore:
        return []
    sets = other.features[others], made.features[rows]
    found = novel_modes(*sets, bandwidth, modes=KINDS, images=count)
    return [[int(one) for one in rows[kind]] for kind in found]


def _some(images: Embedding, what: str) -> Int64[np.ndarray, "n"]:
    return permutation(0, what, 0, images.count)[:_LOOKED_AT]


def _cost(task: Task, plan: Plan) -> Cost:
    """Tables of distances, as if all sets were as large as this one, and the kinds' system."""
    sets = [plan.by_address[one] for role, one in task.inputs.items() if role.startswith("set/")]
    size = embedding_of(sets[0], plan)
    count = sum(one.chunks * EmbedParameters.of(one).embed.chunk for one in sets)
    tables = 2.5 if "training" in task.inputs else 1.5
    side = 2.0 * min(count, _LOOKED_AT)
    return Cost(2 * tables * count**2 * size.dimensions + 20 * side**3, 0)


def _memory(task: Task, plan: Plan) -> int:
    """All features, blocks of pairs of them, and a table of those whose kinds are told."""
    held = sum(embedded_memory(task, role, plan) for role in task.inputs)
    made = plan.by_address[next(task.inputs[one] for one in task.inputs if one.startswith("set/"))]
    network = embedding_of(made, plan)
    kinds = 6 * DOUBLE_BYTES * (2 * _LOOKED_AT) ** 2
    return 2 * held + pairs_memory(network.dimensions) + kinds + LITTLE


STAGE = Stage(find_extremes, memory=_memory, lowered_by="evaluate.samples", cost=_cost)
