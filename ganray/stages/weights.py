"""The stage that brings weights from elsewhere into the store, checked and without pickle."""

from __future__ import annotations

from ganray.plan.parameters import WeightsParameters
from ganray.stages.stage import Stage
from ganray.stages.workspace import Workspace
from ganray.tensors import serialise


def import_weights(work: Workspace) -> None:
    """Convert the weights that the study names, after their sha256 check, to safetensors."""
    encoder = WeightsParameters.of(work.task).encoder
    network = encoder.read()
    told = encoder.model_dump(mode="json", exclude=set(encoder.places))
    work.commit({"encoder.safetensors": serialise(network.state_dict())}, {"encoder": told})


STAGE = Stage(import_weights)
