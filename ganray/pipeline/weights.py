"""The stage that brings foreign ImageNet weights into the store, checked and without pickle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ganray.embed import Embedder
from ganray.models import CafdEncoder
from ganray.models.efficientnet_lite import EfficientNetLite0, load_efficientnet_lite0
from ganray.models.inception import FIDInception, load_inception
from ganray.pipeline.workspace import Workspace
from ganray.train.state import deserialise, serialise


def import_weights(work: Workspace) -> None:
    """Convert the weights that the study names, after their sha256 check, to safetensors."""
    wanted = work.task.parameters
    network = read_foreign(wanted["network"], wanted["weights"], wanted["sha256"])
    work.commit(
        {"encoder.safetensors": serialise(network.state_dict())},
        {"network": wanted["network"], "classes": network.classes},
    )


def read_foreign(network: str, weights: str | None, sha256: str | None) -> Any:
    """The ImageNet network of that name, with the weights that the study names or its package's.

    Raises:
        RefusedInput: the weights are missing, have another sha256 or are of another network.
    """
    if network == "efficientnet_lite0":
        return load_efficientnet_lite0()
    return load_inception(weights or "", sha256 or "")


def build_embedder(result: dict[str, Any], weights: bytes) -> Embedder:
    """The network that an `encoder` or `weights` artifact describes, with its weights."""
    network = bare_embedder(result.get("network"), result.get("shape", ()), result["classes"])
    network.load_state_dict(deserialise(weights))
    return network


def bare_embedder(network: str | None, shape: Sequence[int], classes: int) -> Any:
    """That ImageNet network, or the CAFD encoder (None) of such images, ready but for its weights.

    Args:
        shape: channels, height and width; they and the classes matter to the CAFD encoder alone.
    """
    if network == "inception":
        return FIDInception().eval()
    if network == "efficientnet_lite0":
        return EfficientNetLite0().eval()
    channels, height, width = shape
    return CafdEncoder((channels, height, width), classes).eval()
