"""A cluster's address, looked at before Ray does: Ray tries a dead one for minutes."""

from __future__ import annotations

import socket

import ray

from ganray.distributed.ray_internals import bootstrap_address
from ganray.errors import RefusedInput
from ganray.text.urls import address_without_secrets

_SECONDS = 10.0


def refuse_unreachable(address: str) -> None:
    """Refuse an address at which no Ray head can be; "auto" and names that Ray knows pass.

    Raises:
        RefusedInput: it is the URL of a dashboard or of the Ray Client, or nobody listens there.
    """
    scheme, separator, _ = address.partition("://")
    shown = address_without_secrets(address)
    if separator:
        why = "a dashboard's URL" if scheme in ("http", "https") else "not the address of a head"
        raise RefusedInput(
            f"address (={shown!r}) is {why}: name the head as HOST:PORT (usually port 6379), or "
            "send the study as a job with `ganray submit --address http://<head>:8265`"
        )
    try:
        meant = bootstrap_address(address)  # what Ray makes of "auto" and of localhost
    except ValueError:
        meant = address
    if meant is None:
        return  # Ray says itself, and at once, that it finds none
    host, _, port = meant.rpartition(":")
    if shown != address or not (host and port.isdigit() and 0 < int(port) < 65536):
        raise RefusedInput(f"address (={shown!r}) must be 'auto' or HOST:PORT of the head")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _SECONDS).close()
    except OSError as error:
        why = (
            "no answer in time" if isinstance(error, TimeoutError) else error.strerror or "unknown"
        )
        raise RefusedInput(f"address (={shown!r}): no Ray cluster answers: {why}") from None


def refuse_another(address: str | None) -> None:
    """Refuse the address of another cluster than the one that this process is connected to.

    Raises:
        RefusedInput: naming both.
    """
    if address is None or address == "auto":
        return
    here = ray.get_runtime_context().gcs_address
    try:
        meant = bootstrap_address(address)
    except ValueError:
        meant = address
    if meant is not None and not _places(meant) & _places(here):
        raise RefusedInput(
            f"address (={address_without_secrets(address)!r}): this process is connected to the "
            f"cluster at {here} already; leave the address out, or call ray.shutdown() before"
        )


def _places(address: str) -> set[tuple[str, str]]:
    """The addresses that a host's name stands for, with the port; as it is where there is none."""
    host, _, port = address.rpartition(":")
    try:
        found = socket.getaddrinfo(host.strip("[]"), None)
    except OSError:
        return {(host, port)}
    return {(str(place[0]), port) for *_, place in found}
