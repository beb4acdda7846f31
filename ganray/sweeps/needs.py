"""What sweeps that are not over work on, as the store remembers it for `ganray store gc`."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, Field

from ganray.errors import GanrayError
from ganray.plan import Plan
from ganray.spec import content_hash
from ganray.store import Store
from ganray.sweeps.trials import decoded, encoded, is_over, read_trials


def save_needs(store: Store, folder: str, plans: Sequence[Plan]) -> None:
    """Write down what a sweep works on, for `store gc`: no run names it before the sweep ends."""
    tasks = {task.address: task for plan in plans for task in plan.tasks}
    content = {
        "addresses": sorted(tasks),
        "continued": sorted({t.trajectory for t in tasks.values() if t.horizon is not None}),
    }
    store.create(f"{folder}/needs/{content_hash(content)}.json", encoded(content))


class Needs(BaseModel):
    """What the sweeps of a store that are not over work on.

    Attributes:
        addresses: of artifacts.
        continued: trajectories that go on.
        unreadable: why some sweep's needs are not known, a line each.
    """

    addresses: set[str] = Field(default_factory=set)
    continued: set[str] = Field(default_factory=set)
    unreadable: list[str] = Field(default_factory=list)


def read_needs(store: Store) -> Needs:
    """What all sweeps of the store that are not over work on."""
    needs = Needs()
    folders: dict[str, list[str]] = {}
    for path in store.list("sweeps/"):
        folder, below, _ = path.partition("/needs/")
        if below and path.endswith(".json"):
            folders.setdefault(folder, []).append(path)
    for folder, paths in folders.items():
        try:
            if is_over(read_trials(store, folder)):
                continue
            kept = [decoded(Needs, store.get(path), store, path) for path in paths]
        except GanrayError as error:
            needs.unreadable.append(str(error))
            continue
        for one in kept:
            needs.addresses |= one.addresses
            needs.continued |= one.continued
    return needs
