"""One trajectory of the two-Gaussian game, whole."""

from __future__ import annotations

import numpy as np

from ganray.laboratory.gaussians import best_intervals, path, succeeded, value
from ganray.plan.laboratory import GaussianPathParameters
from ganray.stages.stage import Stage
from ganray.stages.workspace import Workspace
from ganray.tensors import pack


def follow_path(work: Workspace) -> None:
    """Means, ends and L after every iteration; the best L that there would have been."""
    example = GaussianPathParameters.of(work.task).example
    target = np.array(example.dynamics.target)
    begun = np.array([example.means]), np.sort(np.array([example.intervals]), axis=1)
    means, ends = path(example.dynamics, *begun, generator=example.generator == "moves")
    means, ends = means[:, 0], ends[:, 0]
    arrays = {
        "means": means,
        "ends": ends,
        "value": value(ends, means, target),
        "best": value(best_intervals(means, target), means, target),
    }
    work.commit(
        {"path.safetensors": pack(arrays)},
        {
            "success": bool(succeeded(example.dynamics, means[-1:])[0]),
            "means": means[-1].tolist(),
            "ends": [float(end) if np.isfinite(end) else None for end in ends[-1]],
        },
    )


STAGE = Stage(follow_path)
