"""The networks that images are embedded on, by what an artifact or a study calls them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from ganray.models.cafd_encoder import CafdEncoder
from ganray.models.efficientnet_lite import EfficientNetLite0, load_efficientnet_lite0
from ganray.models.inception import FIDInception, load_inception
from ganray.tensors import deserialise


@runtime_checkable
class Embedder(Protocol):
    """A network that turns images in [0, 1] into features and class probabilities."""

    dimensions: int
    classes: int
    preprocessing: str

    def __call__(
        self, images: Float[Tensor, "n c h w"]
    ) -> tuple[Float[Tensor, "n d"], Float[Tensor, "n k"]]:
        """(features, class probabilities)."""


def preprocessing_of(name: str) -> str:
    """How a network, or the CAFD encoder by the name `cafd_encoder`, sees images in [0, 1]."""
    networks: dict[str, type[Embedder]] = {
        "cafd_encoder": CafdEncoder,
        "inception": FIDInception,
        "efficientnet_lite0": EfficientNetLite0,
    }
    return networks[name].preprocessing


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
