"""Download of the files of published sets, checked by their SHA-256."""

from __future__ import annotations

from pathlib import Path

import pooch
import requests

from ganray.data.fetching.archives import unpack
from ganray.data.fetching.published import INSIDE, MIRRORS, SHA256
from ganray.errors import RefusedInput, StoreError, one_line, quoted, refuse_secrets
from ganray.text.proxies import UNREACHED_STATUS, requests_proxy_for, through_proxy
from ganray.text.urls import address_without_secrets, is_url

_TIMEOUT = 30  # seconds without an answer before the next mirror is tried


def fetch(name: str, to: str | Path, base_url: str | None = None) -> list[Path]:
    """Puts the files of a published set into the folder `to`, a source then; returns their paths.

    A file that is already there with the right SHA-256 is kept. Mirrors are tried in turn. Of a set
    that is published as an archive, the files are taken out, and the archive stays beside them.

    Args:
        name: one of `SHA256`, such as "mnist", "emnist-letters" or "cifar10".
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
        files = [
            _fetch_file(file, mirrors, Path(to), known) for file, known in SHA256[name].items()
        ]
        return unpack(files[0], Path(to), INSIDE[name]) if name in INSIDE else files
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
