"""What becomes of trials whose tasks are one plan, as a runner tells of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from ganray.plan import Plan
from ganray.runs.agenda import Agenda
from ganray.runs.progress.events import Event
from ganray.runs.progress.failures import CONSEQUENCE
from ganray.store import Store
from ganray.sweeps.shared.promotions import Promotions
from ganray.sweeps.trials import Point, Trial


@runtime_checkable
class Records(Protocol):
    """Who writes down what is known of trials."""

    store: Store

    def reached(self, trial: Trial, point: Point) -> None:
        """A trial has come to a rung."""

    def failed(self, trial: Trial, why: str, final: bool) -> None:
        """A trial came to nothing."""


@dataclass
class Stage:
    """Some trials up to some rungs.

    Args:
        trials: by their numbers.
        promotions: which of them go on from part to part; none: all do all at once.
    """

    records: Records
    agenda: Agenda
    trials: Mapping[int, Trial]
    promotions: Promotions | None = None
    _scores: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    """By address, of which trials it is at which rung; those of equal settings share one."""
    _others: dict[str, set[int]] = field(default_factory=dict)
    """By address, the trials whose GAN it is."""
    _gans: dict[tuple[int, int], frozenset[str]] = field(default_factory=dict)
    """Of a trial in a part, the addresses."""

    def __post_init__(self) -> None:
        for role, address in self._plan.roles.items():
            kind, *rest = role.split("/")
            if kind == "objective":
                number, step = map(int, rest)
                self._scores.setdefault(address, []).append((number, step))
            elif kind == "trial":
                self._others.setdefault(address, set()).add(int(rest[0]))
        if self.promotions is not None:
            begun = (self._part(trial, 0) for trial in self.trials.values())
            self.agenda.asked = frozenset(address for part in begun for address in part)

    @property
    def _plan(self) -> Plan:
        return self.agenda.plan

    def hear(self, event: Event) -> None:
        """Take note of what a runner tells, for those who look at the sweep meanwhile."""
        if "failed" in event.details:
            self._fail(event.address)
        elif event.details.get("finished") or event.details.get("outcome") == "done":
            self._score(event.address)
        else:
            return
        self._go_on()

    def look(self) -> None:
        """Take note of all that has ended."""
        for address in self._scores:
            if address in self.agenda.finished:
                self._score(address)
        for address in list(self.agenda.failed):  # those that others failed of come first
            self._fail(address)
        self._go_on()

    def _score(self, address: str) -> None:
        reached = [
            (self.trials[number], step)
            for number, step in self._scores.get(address, ())
            if self.trials[number].at(step) is None
        ]
        manifest = self.records.store.manifest(address) if reached else None
        if manifest is None:
            return
        value, scores = manifest.result["value"], manifest.result["sides"]
        sides = {side: score["value"] for side, score in scores.items()}
        for trial, step in reached:
            self.records.reached(trial, Point(iterations=step, value=value, sides=sides))

    def _fail(self, address: str) -> None:
        of_scores = {number for number, _ in self._scores.get(address, ())}
        for number in sorted(of_scores | self._others.get(address, set())):
            trial = self.trials[number]
            if trial.state == "running":
                final = address in self.agenda.lasting
                self.records.failed(trial, self.agenda.failed[address], final)
                self._leave_out(trial)

    def _leave_out(self, trial: Trial) -> None:
        """Begin no more of a trial: to train on would be to try once more what has failed."""
        for role, address in self._plan.roles.items():
            task = self._plan.by_address[address]
            if role.startswith(f"trial/{trial.number}/") and self.agenda.is_pending(task):
                self.agenda.fail(task, f"{CONSEQUENCE} what trial {trial.number} failed of")

    def _go_on(self) -> None:
        """Ask for what those trials do next that go on."""
        if self.promotions is None:
            return
        self.promotions.judge()
        for trial, part in self.promotions.released(self._is_trained):
            self.agenda.ask_for(self._part(trial, part))

    def _is_trained(self, trial: Trial, part: int) -> bool:
        """Whether all its GANs have come to the end of a part."""
        if (trial.number, part) not in self._gans:
            tasks = map(self._plan.by_address.__getitem__, self._part(trial, part))
            gans = frozenset(task.address for task in tasks if task.trains)
            self._gans[trial.number, part] = gans
        return self._gans[trial.number, part] <= self.agenda.finished

    def _part(self, trial: Trial, part: int) -> list[str]:
        """The addresses of what a trial does in a part of its rungs, and of what that needs."""
        assert self.promotions is not None
        steps = self.promotions.parts[part]
        left = [self._plan.roles[f"objective/{trial.number}/{step}"] for step in steps]
        known = self._plan.by_address
        for address in left:  # grows meanwhile
            left += known[address].inputs.values() if address in known else ()
        return [address for address in left if address in known]
