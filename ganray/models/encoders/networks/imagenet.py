"""What the ImageNet networks share: weights from elsewhere, verified, and images as RGB squares."""

from __future__ import annotations

import hashlib
import io
import pickle
import re
from pathlib import Path

import fsspec
import pooch
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from ganray.errors import RefusedInput, one_line, refuse_secrets
from ganray.urls import is_url

_NAMED_IN_ERRORS = 3


def resized_rgb(images: Float[Tensor, "n c h w"], size: int) -> Float[Tensor, "n 3 size size"]:
    """Images with 1 or 3 channels as RGB of size × size, bilinear, half-pixel centres.

    No low-pass filter precedes it, as in the published FID: sound for enlarging.

    Raises:
        RefusedInput: for any other number of channels.
    """
    if images.shape[1] not in (1, 3):
        raise RefusedInput(
            f"images has {images.shape[1]} channels (shape {tuple(images.shape)}); "
            "ImageNet networks take 1 (grey) or 3 (RGB)"
        )
    square = functional.interpolate(
        images, (size, size), mode="bilinear", align_corners=False, antialias=False
    )
    # Convolutions follow their input's layout; this one is 1.5 times as fast on CPUs.
    return square.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)


def load_weights(network: nn.Module, location: str, sha256: str) -> None:
    """Fill `network` from a PyTorch state dict, verified before it is parsed, and freeze it.

    `location` is a path or any URL that fsspec opens; http(s) downloads are cached. The network
    ends in evaluation mode, without gradients.

    Raises:
        RefusedInput: if the URL carries credentials, or the file cannot be read, has another
            digest, is no state dict, or does not hold exactly the network's tensors in their
            shapes.
    """
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise RefusedInput(f"sha256 (={sha256!r}) must be 64 lower-case hexadecimal digits")
    refuse_secrets("weights", location)
    state = _parsed(_read(location, sha256), location)
    _check_tensors(state, _tensors(network.state_dict()), location)
    network.load_state_dict(state, strict=False)
    network.eval().requires_grad_(False)


def _read(location: str, sha256: str) -> bytes:
    try:
        payload = _fetched(location, sha256)
    except OSError as error:
        raise RefusedInput(f"weights {location!r} cannot be read: {type(error).__name__}") from None
    except (ValueError, ImportError) as error:  # a download's digest; an unknown protocol
        raise RefusedInput(f"weights {location!r} cannot be used: {one_line(error)}") from None
    found = hashlib.sha256(payload).hexdigest()
    if found != sha256:
        raise RefusedInput(f"weights {location!r} have sha256 {found}, not {sha256}")
    return payload


def _fetched(location: str, sha256: str) -> bytes:
    if not is_url(location):  # fsspec would take some names of files for chains
        return Path(location).read_bytes()
    if location.lower().startswith(("http://", "https://")):
        pooch.get_logger().setLevel("WARNING")
        cache = pooch.os_cache("ganray")
        return Path(pooch.retrieve(location, f"sha256:{sha256}", path=cache)).read_bytes()
    with fsspec.open(location, "rb") as file:
        return bytes(file.read())


def _parsed(payload: bytes, location: str) -> dict[str, Tensor]:
    try:
        state = torch.load(io.BytesIO(payload), map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, ValueError, pickle.UnpicklingError):
        raise RefusedInput(f"weights {location!r} are no PyTorch state dict") from None
    if not isinstance(state, dict) or not all(isinstance(t, Tensor) for t in state.values()):
        raise RefusedInput(f"weights {location!r} hold something other than named tensors")
    return _tensors(state)


def _tensors(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """All but the training-time counters, which older files lack and inference never reads."""
    return {name: t for name, t in state.items() if not name.endswith("num_batches_tracked")}


def _check_tensors(given: dict[str, Tensor], expected: dict[str, Tensor], location: str) -> None:
    misshapen = [
        f"{name} {tuple(given[name].shape)} instead of {tuple(tensor.shape)}"
        for name, tensor in expected.items()
        if name in given and given[name].shape != tensor.shape
    ]
    problems = {
        "lack": [name for name in expected if name not in given],
        "have the unexpected": [name for name in given if name not in expected],
        "have": misshapen,
    }
    told = [f"{verb} {_first(names)}" for verb, names in problems.items() if names]
    if told:
        raise RefusedInput(f"weights {location!r} {'; '.join(told)}")


def _first(names: list[str]) -> str:
    rest = len(names) - _NAMED_IN_ERRORS
    return ", ".join(names[:_NAMED_IN_ERRORS]) + (f" and {rest} more" if rest > 0 else "")
