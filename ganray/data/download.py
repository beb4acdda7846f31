"""Download of the published files of MNIST and Fashion-MNIST, checked by their SHA-256."""

from __future__ import annotations

from pathlib import Path

import pooch
import requests

from ganray.errors import RefusedInput, StoreError, one_line, quoted, refuse_secrets
from ganray.proxies import UNREACHED_STATUS, requests_proxy_for, through_proxy
from ganray.urls import address_without_secrets, is_url

MIRRORS = {
    "mnist": (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    "fashion-mnist": ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
}

SHA256 = {
    "mnist": {
        "train-images-idx3-ubyte.gz": (
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
        ),
        "train-labels-idx1-ubyte.gz": (
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
        ),
        "t10k-images-idx3-ubyte.gz": (
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
        ),
        "t10k-labels-idx1-ubyte.gz": (
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
        ),
    },
    "fashion-mnist": {
        "train-images-idx3-ubyte.gz": (
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"
        ),
        "train-labels-idx1-ubyte.gz": (
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"
        ),
        "t10k-images-idx3-ubyte.gz": (
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"
        ),
        "t10k-labels-idx1-ubyte.gz": (
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"
        ),
    },
}

_TIMEOUT = 30  # seconds without an answer before the next mirror is tried


def fetch(name: str, to: str | Path, base_url: str | None = None) -> list[Path]:
    """Puts the four IDX files of a published set into the folder `to`; returns their paths.

    A file that is already there with the right SHA-256 is kept. Mirrors are tried in turn.

    Args:
        name: "mnist" or "fashion-mnist".
        base_url: the only mirror to use, instead of the public ones.

    Raises:
        RefusedInput: for an unknown name, a mirror that is no HTTP URL or has credentials in it, or
            a folder that cannot be written.
        StoreError: where no mirror gave the right bytes, with each one's reason.
    """
    if name not in SHA256:
        raise RefusedInput(f"name (={quoted(name)}) must be one of {', '.join(SHA256)}")
    if base_url is not None:
        _check_mirror(base_url)
    refuse_secrets("to", str(to))
    if is_url(str(to)):
        raise RefusedInput(f"to (={quoted(str(to))}) must be a folder of this machine")
    mirrors = (base_url.rstrip("/") + "/",) if base_url else MIRRORS[name]
    pooch.get_logger().setLevel("ERROR")
    try:
        return [_fetch_file(file, mirrors, Path(to), known) for file, known in SHA256[name].items()]
    except OSError as error:
        raise RefusedInput(f"to (={str(to)!r}) cannot be written: {error}") from None


def _check_mirror(url: str) -> None:
    refuse_secrets("mirror", url)
    if not url.lower().startswith(("http://", "https://")):
        shown = address_without_secrets(url)  # what is no URL is not told again as it is
        raise RefusedInput(f"mirror (={quoted(shown)}) must be an http:// or https:// URL")


def _fetch_file(file: str, mirrors: tuple[str, ...], to: Path, sha256: str) -> Path:
    failures = []
    for mirror in mirrors:
        try:
            path = pooch.retrieve(
                mirror + file,
                known_hash=f"sha256:{sha256}",
                fname=file,
                path=to,
                downloader=pooch.HTTPDownloader(timeout=_TIMEOUT),
            )
        except (requests.RequestException, ValueError) as error:
            failures.append(f"{mirror}: {one_line(error)}{_by_proxy(mirror, error)}")
        else:
            return Path(path)
    raise StoreError(f"{file!r} could not be fetched; " + "; ".join(failures))


def _by_proxy(mirror: str, error: Exception) -> str:
    """That a proxy stands between, where the mirror itself has not answered."""
    response = getattr(error, "response", None)
    away = response.status_code in UNREACHED_STATUS if response is not None else True
    unreached = isinstance(error, requests.RequestException) and away
    return through_proxy(mirror, requests_proxy_for) if unreached else ""
