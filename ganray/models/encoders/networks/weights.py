"""Weights from elsewhere: fetched, verified before they are parsed, and named where they are wrong.

Files of three kinds hold them: PyTorch's own, of which nothing but tensors is read; safetensors;
and TorchScript programs, which are opened only where their digest is known here.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import re
import warnings
import zipfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import fsspec
import pooch
import safetensors
import torch
from torch import Tensor, nn

from ganray.errors import RefusedInput, one_line, refuse_secrets
from ganray.models.encoders.networks.published import whose
from ganray.tensors import Tensors, deserialise
from ganray.text.urls import is_url

_NAMED_IN_ERRORS = 3
_UNREADABLE = (RuntimeError, EOFError, ValueError, pickle.UnpicklingError)


def load_weights(
    network: nn.Module,
    location: str,
    sha256: str,
    translate: Callable[[Tensors], Tensors] | None = None,
    wanted: str = "",
    scripts: Collection[str] = (),
) -> None:
    """Fill `network` from a file of named tensors, verified before it is parsed, and freeze it.

    `location` is a path or any URL that fsspec opens; http(s) downloads are cached. The network
    ends in evaluation mode, without gradients.

    Args:
        translate: from the file's names to the network's; none: they are the same.
        wanted: what the file should be, for whoever gave another one.
        scripts: digests of TorchScript programs that may be opened.

    Raises:
        RefusedInput: if the URL carries credentials, or the file cannot be read, has another
            digest, holds anything but named tensors, or does not hold exactly the network's
            tensors in their shapes. Whose file it is instead is said, where it is known.
    """
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise RefusedInput(f"sha256 (={sha256!r}) must be 64 lower-case hexadecimal digits")
    refuse_secrets("weights", location)
    given = _parsed(_read(location, sha256), location, sha256 in scripts)
    state = translate(given) if translate else given
    wrong = _differences(state, _tensors(network.state_dict()))
    if wrong:
        raise RefusedInput(f"weights {location!r} {_told(given, wanted)}{wrong}")
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


def _parsed(payload: bytes, location: str, known: bool) -> Tensors:
    if _is_script(payload):
        return _script_tensors(payload, location, known)
    try:
        state = _safe_tensors(payload) if payload[8:9] == b"{" else _torch_tensors(payload)
    except (
        RuntimeError,
        EOFError,
        ValueError,
        pickle.UnpicklingError,
        safetensors.SafetensorError,
    ):
        raise RefusedInput(
            f"weights {location!r} are no PyTorch state dict and no safetensors file"
        ) from None
    if not isinstance(state, dict) or not all(isinstance(t, Tensor) for t in state.values()):
        raise RefusedInput(f"weights {location!r} hold something other than named tensors")
    return _tensors(state)


def _torch_tensors(payload: bytes) -> object:
    return torch.load(io.BytesIO(payload), map_location="cpu", weights_only=True)


def _safe_tensors(payload: bytes) -> object:
    return deserialise(payload)


def _is_script(payload: bytes) -> bool:
    """Whether it is a zip archive with code in it."""
    try:
        names = zipfile.ZipFile(io.BytesIO(payload)).namelist()
    except zipfile.BadZipFile:
        return False
    return any(name.endswith("/constants.pkl") for name in names)


def _script_tensors(payload: bytes, location: str, known: bool) -> Tensors:
    """A program's tensors. Opening it may run code of its own, so that it must be a known one."""
    if not known:
        raise RefusedInput(
            f"weights {location!r} are a TorchScript program, which is code, as NVIDIA's Inception "
            "and OpenAI's CLIP are published; ganray reads tensors alone: save those of its "
            "state_dict() as a file"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        program = torch.jit.load(io.BytesIO(payload), map_location="cpu")
    return _tensors(program.state_dict())


def _tensors(state: Mapping[str, Tensor]) -> Tensors:
    """All but the training-time counters, which older files lack and inference never reads."""
    return {name: t for name, t in state.items() if not name.endswith("num_batches_tracked")}


def _told(given: Tensors, wanted: str) -> str:
    """Whose file it is instead, as the beginning of a sentence; nothing where that is not known."""
    known = whose(given)
    if known is None:
        return ""
    return f"are {known}" + (f", not {wanted}" if wanted else "") + ": they "


def _differences(given: Tensors, expected: Tensors) -> str:
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
    return "; ".join(f"{verb} {_first(names)}" for verb, names in problems.items() if names)


def _first(names: list[str]) -> str:
    rest = len(names) - _NAMED_IN_ERRORS
    return ", ".join(names[:_NAMED_IN_ERRORS]) + (f" and {rest} more" if rest > 0 else "")
