"""A task's inputs as the store has them now: artifacts, or a data set that lies outside of it."""

from __future__ import annotations

from ganray.errors import StoreError
from ganray.plan import Task
from ganray.store import Store


def dataset_location(store: Store, address: str, url: str | None) -> str:
    """The folder of `dataset.json`: an artifact's own, or the URL of an external set."""
    if address.startswith("external/"):
        if url is None:
            raise StoreError(f"{address}: the plan does not say where this data set lies")
        return url
    manifest = store.manifest(address)
    if manifest is None:
        raise StoreError(f"the data set {address} is not in {store.url}")
    folder = manifest.file("dataset.json").path.rpartition("/")[0]
    return f"{store.url}/{folder}"


def input_digests(store: Store, task: Task) -> dict[str, str]:
    """The content digest of every input as it is now, by address."""
    return {address: input_digest(store, address) for address in task.inputs.values()}


def input_digest(store: Store, address: str) -> str:
    """The content digest of one input; an external data set is named by its own."""
    if address.startswith("external/"):
        return address.removeprefix("external/").partition("/")[0]
    manifest = store.manifest(address)
    return "" if manifest is None else manifest.digest


def external(address: str) -> bool:
    """Whether an input is a data set outside the store, which is there by definition."""
    return address.startswith("external/")
