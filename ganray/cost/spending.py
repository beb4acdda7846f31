"""What a run has spent, counted across its drivers, and the caps that stop it.

Spent is the time for which workers with a task held CPUs and GPUs, times the prices. Each driver
rewrites a file of its own under `runs/<run>/spending/` every few seconds; the run has spent what
all of them say, so that a resumed run goes on counting. A driver that is killed takes at most
these few seconds with it. Nodes that idle are not counted: no task holds them.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import time
from dataclasses import dataclass, field
from functools import cached_property

from pydantic import Field

from ganray.errors import DamagedRecord, StoreError, one_line
from ganray.spec import Spec
from ganray.store import Store
from ganray.store.files import Files
from ganray.store.outage import OUTAGES

_SAVE_SECONDS = 5.0
_HOUR = 3600.0


class Prices(Spec):
    """What an hour of a device costs."""

    cpu_hour: float = Field(0.0, ge=0, description="of one CPU")
    gpu_hour: float = Field(0.0, ge=0, description="of one whole GPU")


class Cost(Spec):
    """Prices, and caps at which a run stops cleanly with everything kept; no part of any key."""

    prices: Prices = Prices()
    currency: str = Field("USD", min_length=1, max_length=8, description="what prices are told in")
    max_cost: float | None = Field(None, gt=0, description="for the run, all submissions together")
    max_hours: float | None = Field(None, gt=0, description="of work, all submissions together")

    @property
    def named(self) -> bool:
        """Whether the study names any price or cap."""
        return self != type(self)()

    @property
    def capped(self) -> bool:
        """Whether there is a cap."""
        return self.max_cost is not None or self.max_hours is not None

    def of(self, cpu_hours: float, gpu_hours: float) -> float:
        """The price of so many hours."""
        return cpu_hours * self.prices.cpu_hour + gpu_hours * self.prices.gpu_hour


@dataclass(frozen=True)
class Spent:
    """Seconds for which CPUs and GPUs were held, and for which drivers were at work."""

    cpu_seconds: float = 0.0
    gpu_seconds: float = 0.0
    seconds: float = 0.0

    def __add__(self, other: Spent) -> Spent:
        return Spent(
            self.cpu_seconds + other.cpu_seconds,
            self.gpu_seconds + other.gpu_seconds,
            self.seconds + other.seconds,
        )

    def price(self, cost: Cost) -> float:
        """What that costs, in the cost's currency."""
        return cost.of(self.cpu_seconds / _HOUR, self.gpu_seconds / _HOUR)


@dataclass
class Meter:
    """Counts what one driver spends on top of what the run had spent before it.

    Args:
        before: by the drivers before this one.
    """

    store: Store
    run: str
    cost: Cost
    before: Spent = Spent()
    own: Spent = Spent()
    _name: str = field(default_factory=lambda: secrets.token_hex(8))
    _held: tuple[float, float] = (0.0, 0.0)
    _read: float = field(default_factory=lambda: time.monotonic())
    _saved: float = float("-inf")

    @classmethod
    def open(cls, store: Store, run: str, cost: Cost) -> Meter:
        """A meter that goes on from what the store says the run has spent."""
        return cls(store, run, cost, spent(store, run))

    @cached_property
    def _files(self) -> Files:
        return self.store.files.for_probing()

    @property
    def total(self) -> Spent:
        """What the run has spent in all."""
        return self.before + self.own

    def read(self, cpus: float, gpus: float) -> None:
        """So many CPUs and GPUs are held from now on; what was held until now is counted."""
        now = time.monotonic()
        passed, self._read = now - self._read, now
        self.own += Spent(self._held[0] * passed, self._held[1] * passed, passed)
        self._held = cpus, gpus
        # Nobody waits for a store that is away, which the lease's beats tell.
        if now - self._saved > _SAVE_SECONDS and OUTAGES.own() is None:
            with contextlib.suppress(StoreError):  # the next one, or the last, may succeed
                self.save()

    def close(self) -> None:
        """Nothing is held any more; write down the end, if the store can be written."""
        self.read(0.0, 0.0)
        with contextlib.suppress(StoreError):
            self.save()

    def save(self) -> None:
        """Write down what this driver has spent.

        Raises:
            StoreError: the store cannot be written.
        """
        self._saved = time.monotonic()
        path = f"{_folder(self.run)}{self._name}.json"
        self._files.put(path, json.dumps(vars(self.own)).encode())

    def reached(self) -> str:
        """Which cap is reached, in one line; empty if none is."""
        cost, total = self.cost, self.total
        price, hours = total.price(cost), total.seconds / _HOUR
        if cost.max_cost is not None and price >= cost.max_cost:
            return (
                f"cost.max_cost (={cost.max_cost:g}) is reached: {price:.4g} {cost.currency} for "
                f"{total.cpu_seconds / _HOUR:.4g} CPU-hours and "
                f"{total.gpu_seconds / _HOUR:.4g} GPU-hours"
            )
        if cost.max_hours is not None and hours >= cost.max_hours:
            return f"cost.max_hours (={cost.max_hours:g}) is reached: {hours:.4g} hours of work"
        return ""


def spent(store: Store, run: str) -> Spent:
    """What all drivers of a run have written down.

    Raises:
        StoreError: the store fails, or a file is damaged.
    """
    total = Spent()
    for path in store.list(_folder(run)):
        try:
            total += Spent(**json.loads(store.get(path) or b""))
        except (ValueError, TypeError) as error:
            raise DamagedRecord(f"{store.url}/{path} is damaged: {one_line(error)}") from None
    return total


def _folder(run: str) -> str:
    return f"runs/{run}/spending/"
