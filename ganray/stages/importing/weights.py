"""The stage that brings weights from elsewhere into the store, checked and without pickle."""

from __future__ import annotations

from ganray.plan import Plan, Task
from ganray.plan.parameters import WeightsParameters
from ganray.stages.needs import LITTLE
from ganray.stages.stage import Stage
from ganray.stages.workspace import Workspace
from ganray.tensors import serialise
from ganray.train.costs.memory import embedding_memory

_SHAPE = 3, 32, 32  # its weights are of every shape as many


def import_weights(work: Workspace) -> None:
    """Convert the weights that the study names, after their sha256 check, to safetensors."""
    encoder = WeightsParameters.of(work.task).encoder
    network = encoder.read()
    told = encoder.model_dump(mode="json", exclude=set(encoder.places))
    work.commit({"encoder.safetensors": serialise(network.state_dict())}, {"encoder": told})


def _memory(task: Task, _: Plan) -> int:
    """The file, its tensors, the network and the file that is written."""
    encoder = WeightsParameters.of(task).encoder
    return 3 * embedding_memory(encoder, _SHAPE, 10, 0) + LITTLE


STAGE = Stage(import_weights, memory=_memory)
