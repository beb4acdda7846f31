"""A task's inputs as the store has them now: artifacts, or a data set that lies outside of it."""

from __future__ import annotations

from ganray.errors import StoreError
from ganray.plan import Task
from ganray.store import Manifest, Store


def dataset_location(
    store: Store, address: str, url: str | None, known: Manifest | None = None
) -> str:
    """The folder of `dataset.json`: an artifact's own, or the URL of an external set.

    Args:
        known: the artifact's manifest, where it was read before.
    """
    if address.startswith("external/"):
        if url is None:
            raise StoreError(f"{address}: the plan does not say where this data set lies")
        return url
    manifest = known or store.manifest(address)
    if manifest is None:
        raise StoreError(f"the data set {address} is not in {store.url}")
    folder = manifest.file("dataset.json").path.rpartition("/")[0]
    return f"{store.url}/{folder}"


def input_digests(
    store: Store, task: Task, read: dict[str, Manifest] | None = None
) -> dict[str, str]:
    """The content digest of every input as it is now, by address.

    Args:
        read: takes the manifests that there are, by address.
    """
    digests = {}
    for address in dict.fromkeys(task.inputs.values()):
        if external(address):  # it is named by its own digest
            digests[address] = address.removeprefix("external/").partition("/")[0]
            continue
        manifest = store.manifest(address)
        digests[address] = "" if manifest is None else manifest.digest
        if manifest is not None and read is not None:
            read[address] = manifest
    return digests


def external(address: str) -> bool:
    """Whether an input is a data set outside the store, which is there by definition."""
    return address.startswith("external/")
