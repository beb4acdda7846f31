"""What a run's drivers have written of themselves: who they are, and whether one seems to lead."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from pydantic import TypeAdapter, ValidationError

from ganray.errors import DamagedRecord, GanrayError, RefusedInput, Stopped
from ganray.spec import explain
from ganray.store import Store


@dataclass(frozen=True)
class Beat:
    """What a driver's file says: who it is, how often it has beaten, and what it last told.

    `ended` is empty until the driver has ended, and then says how.
    """

    driver: int
    counter: int
    token: str
    host: str
    process: int
    place: str
    payload: dict[str, Any] = field(default_factory=dict)
    ended: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """For people: which driver on which host."""
        return f"driver {self.driver} on {self.host} (process {self.process})"

    @property
    def error(self) -> GanrayError | None:
        """What its followers are to raise: of the kind that ended it, if it did not end well."""
        if "error" not in self.ended:
            return None
        kinds = {kind.exit_code: kind for kind in (GanrayError, RefusedInput, Stopped)}
        kind = kinds.get(self.ended["code"], GanrayError)
        return kind(f"{self.name}, which was followed, ended: {self.ended['error']}")

    @property
    def leads(self) -> bool:
        """Whether it seems to lead now: it has not ended, and is not known to be dead."""
        return not self.ended and not self.dead

    @property
    def dead(self) -> bool:
        """Whether it was a process of this machine that is there no more."""
        return bool(self.place) and self.place == place_here() and not _alive(self.process)


def newest_driver(store: Store, run: str) -> Beat | None:
    """What the driver that leads, or last led, a run has written; None if there never was one.

    Raises:
        StoreError: the store fails, or the file is damaged.
    """
    numbers = [
        int(name)
        for path in store.list(f"runs/{run}/drivers/")
        if (name := path.rpartition("/")[2].removesuffix(".json")).isdigit()
    ]
    if not numbers:
        return None
    path = path_of(run, max(numbers))
    try:
        return TypeAdapter(Beat).validate_json(store.get(path) or b"")
    except ValidationError as error:
        raise DamagedRecord(f"{store.url}/{path} is damaged: {explain(error)}") from None


def is_led(store: Store, run: str) -> bool:
    """Whether some driver seems to lead the run now; may raise StoreError."""
    newest = newest_driver(store, run)
    return newest is not None and newest.leads


def path_of(run: str, driver: int) -> str:
    """Where that driver writes."""
    return f"runs/{run}/drivers/{driver}.json"


def place_here() -> str:
    """Where process numbers mean what they mean here: this start of this machine, and namespace.

    Empty where the system does not tell; a dead driver is then found by its silence.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _alive(process: int) -> bool:
    """Whether there is such a process, and it is no zombie."""
    try:
        return psutil.Process(process).status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.NoSuchProcess:
        return False
