"""Many trajectories of the two-Gaussian game, a thousand in a chunk; how often they succeed."""

from __future__ import annotations

import numpy as np

from ganray.laboratory.gaussians import play, starts
from ganray.plan import Plan, Task
from ganray.plan.laboratory import GaussiansParameters
from ganray.runs.records.parts import Arrays, joined
from ganray.stages.artifacts import chunk_arrays, shard_files
from ganray.stages.stage import Cost, Stage, Timed
from ganray.stages.workspace import Workspace

CHUNK = 1000
"""Trajectories of a chunk; each is computed by itself, so that it changes no bit."""
_NO_WIDTH = 1e-6
_OPERATIONS = 400  # of a trajectory's iteration, about; the search for zeros takes far more


def play_chunk(work: Workspace, index: int) -> Arrays:
    """Where trajectories `index·CHUNK … (index+1)·CHUNK − 1` end."""
    told = GaussiansParameters.of(work.task)
    begun = starts(told.starts, told.seed, index * CHUNK, CHUNK)
    ended = play(told.dynamics, *begun)
    return {"started": begun[0], "means": ended.means, "ends": ended.ends, "success": ended.success}


def play_all(work: Workspace) -> None:
    """Success by the cell that a trajectory began in; intervals that collapsed."""
    told = GaussiansParameters.of(work.task)
    count, size = told.starts.count, told.starts.grid
    rows = {name: found[:count] for name, found in joined(chunk_arrays(work, "played")).items()}
    cells = rows["success"].reshape(size, size, told.starts.draws).mean(axis=2)
    off = ~np.eye(size, dtype=bool)
    collapsed = None
    if told.dynamics.rule != "optimal":  # whose intervals are as many as there should be
        widths = rows["ends"][:, 1::2] - rows["ends"][:, ::2]
        collapsed = float((widths < _NO_WIDTH).any(axis=1).mean())
    work.commit(
        {},
        {
            "count": count,
            "success": float(rows["success"].mean()),
            "success_off_diagonal": float(cells[off].mean()) if size > 1 else None,
            "success_diagonal": float(np.diagonal(cells).mean()),
            "collapsed": collapsed,
            "cells": cells.tolist(),
        },
        stored=shard_files(work),
    )


def _cost(task: Task, _: Plan) -> Cost:
    told = GaussiansParameters.of(task)
    factor = 60 if told.dynamics.rule == "optimal" else told.dynamics.steps
    each = _OPERATIONS * factor * told.dynamics.iterations
    return Cost(float(each) * CHUNK * task.chunks, 65 * CHUNK * task.chunks)


def _timed(task: Task, _: Plan, __: str) -> Timed:
    told = GaussiansParameters.of(task)
    few = min(20, told.dynamics.iterations)
    short = told.dynamics.model_copy(update={"iterations": few})
    begun = starts(told.starts, told.seed, 0, CHUNK)
    part = few / (told.dynamics.iterations * task.chunks)
    return Timed(lambda: play(short, *begun), part)


STAGE = Stage(
    play_all,
    play_chunk,
    "played",
    cost=_cost,
    timed=_timed,
    alike=lambda task, _: GaussiansParameters.of(task).dynamics.title,
)
