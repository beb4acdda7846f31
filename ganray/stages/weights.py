"""The stage that brings foreign ImageNet weights into the store, checked and without pickle."""

from __future__ import annotations

from ganray.models.embedders import read_foreign
from ganray.stages.stage import Stage
from ganray.stages.workspace import Workspace
from ganray.tensors import serialise


def import_weights(work: Workspace) -> None:
    """Convert the weights that the study names, after their sha256 check, to safetensors."""
    wanted = work.task.parameters
    network = read_foreign(wanted["network"], wanted["weights"], wanted["sha256"])
    work.commit(
        {"encoder.safetensors": serialise(network.state_dict())},
        {"network": wanted["network"], "classes": network.classes},
    )


STAGE = Stage(import_weights)
