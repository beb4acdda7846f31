"""One round: a study is run, faults happen, and what is there at the end is compared."""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos.cluster import Cluster
from tests.chaos.drivers import Drivers
from tests.chaos.faults import Fault
from tests.chaos.injection import Injector
from tests.chaos.study import OVERRIDES, TOGETHER, arguments
from tests.hosts import Process

_ROUND_SECONDS = 1200.0
_QUIET_SECONDS = 60.0  # in which Ray must have ended what no driver owns any more
_POLL_SECONDS = 0.2
_FOUND_DEAD_SECONDS = 30.0  # after a fault's end, in which a node may still be listed as living
AWAY = ("stop_raylet", "stop_head", "stop_store", "cut_", "node", "agent", "raylet", "drain")
"""Faults during which a new driver may rightly be told that a part of the cluster is away."""


@dataclass
class Round:
    """A round's state; `play` gives what happened as plain values.

    Args:
        together: whether GANs are trained in cohorts. Whoever is lost has others for company
            afterwards, so that artifacts are there, sound, and made of each other, but not equal.
    """

    cluster: Cluster
    number: int
    faults: list[Fault]
    study: Path
    expected: dict[str, str]
    suffix: str = ""
    overrides: Sequence[str] = OVERRIDES
    together: bool = False
    hits: list[dict[str, Any]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.url = self.cluster.url(f"round-{self.number}{self.suffix}")
        self.injector = Injector(self.cluster)
        overrides = (*self.overrides, *([TOGETHER] if self.together else []))
        self.drivers = Drivers(self.cluster, arguments(self.study, self.url, overrides))

    def play(self) -> dict[str, Any]:
        """Run the study among the faults, and examine what it left."""
        started = time.monotonic()
        self.drivers.start()
        complete = self._drive(started)
        seconds = time.monotonic() - started
        self.drivers.kill()
        self.injector.restore()
        left = self._left_over()
        self._measure()
        asked = {"expected": self.expected, "equal": not self.together}
        seen = self.cluster.inspect(examine=self.url, **asked)
        if not complete:
            self.wrong.append(f"no end in {_ROUND_SECONDS:g} s")
        self.wrong += [f"left over: {process.command[:120]}" for process in left]
        for name in ("different", "stale", "damaged", "error"):
            if seen.get(name):
                self.wrong.append(f"{name}: {seen[name]}")
        return {
            **{"round": self.number, "right": not self.wrong, "wrong": self.wrong},
            "together": self.together,
            **{"seconds": round(seconds, 1), "hits": self.hits, "drivers": self.drivers.ended},
            **{"plan": [fault.as_json() for fault in self.faults], "store": seen},
        }

    def _drive(self, started: float) -> bool:
        """Inject what is due and give the command again when it is time; whether it came to 0."""
        planned = list(self.faults)
        while time.monotonic() - started < _ROUND_SECONDS:
            self.injector.follow_up()
            for fault in list(planned):  # one without a target is tried again until it finds one
                if time.monotonic() - started >= fault.at and self._hit(fault):
                    planned.remove(fault)
            code = self.drivers.poll()
            if code == 0:
                return True
            if code is not None:
                self._again(code)
            time.sleep(_POLL_SECONDS)
        return False

    def _hit(self, fault: Fault) -> bool:
        at = time.monotonic()
        target = self.injector.inject(fault)
        if target is not None:
            self.hits.append({"kind": fault.kind, "at": at, "seconds": fault.seconds, **target})
        return target is not None

    def _again(self, code: int) -> None:
        """Give the command once more after a driver has ended with something else than 0."""
        ended, since = self.drivers.ended[-1], self.drivers.started
        kinds = {hit["kind"] for hit in self.hits}
        out_of_reach = any(
            hit["kind"].startswith(AWAY)
            and hit["at"] + hit["seconds"] > since - _FOUND_DEAD_SECONDS
            for hit in self.hits
        )
        if self.injector.lost_head:
            self.injector.restore()
        elif code == -signal.SIGKILL and kinds & {"driver", "machine"}:
            pass
        elif out_of_reach and self.drivers.went_on(since) is None:
            ended["turned_away"] = True  # before any work: a node did not answer, or not the store
        else:
            self.wrong.append(f"a driver ended with {code} of itself: {ended['last']}")
        self.drivers.start()

    def _left_over(self) -> list[Process]:
        """What still runs after a minute and is no part of an idle cluster."""
        deadline = time.monotonic() + _QUIET_SECONDS
        while (left := self.cluster.strangers()) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        return left

    def _measure(self) -> None:
        """When each hit was noticed, and when work went on."""
        for hit in self.hits:
            at = hit.pop("at")
            if hit["kind"] in ("driver", "head", "machine"):
                hit["resumed_s"] = self.drivers.went_on(at)
            elif not hit["kind"].startswith("s3_"):
                hit["noticed_s"], hit["resumed_s"] = self.drivers.noticed(at)
