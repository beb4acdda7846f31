"""Trials of a sweep that share a runner, so that it can train GANs of several as one cohort.

From one decision about trials to the next, what they do is one plan. Its tasks are those of each
trial by itself: nothing of a trial depends on whom it shares the runner with.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from ganray.cost.speed import training_device
from ganray.plan import Plan
from ganray.runs.agenda import Agenda
from ganray.runs.cohorts import at_most
from ganray.runs.progress.events import Event
from ganray.runs.progress.failures import CONSEQUENCE
from ganray.store import Store
from ganray.sweeps.halving import Halving
from ganray.sweeps.plan import SweepPlan, specs_of
from ganray.sweeps.population import Population
from ganray.sweeps.run_trial import taken_over
from ganray.sweeps.trials import Point, Trial, known_trials, save_needs, save_trial

Stages = Iterable[tuple[Agenda, Callable[[Event], None]]]
"""What is to be done, one after another, and who is to hear of it. Each is asked for when that
before it is done."""


def shares_runner(sweep: SweepPlan) -> bool:
    """Whether a sweep's trials are trained by one runner: that can form cohorts, and trials are
    known beforehand."""
    most = at_most(sweep.resources.cohort, training_device(sweep.resources))
    return most > 1 and sweep.settings.sweep.search != "optuna"


@dataclass
class SharedTrials:
    """The trials of a sweep whose tasks one runner does.

    All that is known of them lies in the store: whoever runs them again goes on where they are.

    Args:
        work: a runner, which finishes or fails every pending task.
        say: hears one line for each piece of news.
    """

    sweep: SweepPlan
    store: Store
    work: Callable[[Stages], None]
    say: Callable[[str], None] = lambda _: None

    def __post_init__(self) -> None:
        settings, steps = self.sweep.settings, self.sweep.steps
        better = settings.score.better
        self._halving = self._population = None
        self._stages = [steps]
        if settings.sweep.scheduler == "asha":
            self._halving = Halving(steps, settings.sweep.reduction, better)
            self._stages = self._halving.stages(steps)
        elif settings.sweep.scheduler == "pbt":
            sweep = settings.sweep
            self._population = Population(sweep.over, settings.seed, sweep.count, better)
            self._stages = [[step] for step in steps]

    def run(self) -> list[Trial]:
        """Every trial, as it ended.

        Raises:
            Stopped: on request; all checkpoints are kept.
            GanrayError: the runner cannot go on; no trial has failed by that.
        """
        trials = self._begun()
        self.work(self._all(trials))
        return trials

    def _all(self, trials: Sequence[Trial]) -> Stages:
        most = self.sweep.settings.sweep.concurrent or len(trials)
        for first in range(0, len(trials), most):
            some = trials[first : first + most]
            for steps in self._stages:
                yield from self._train([one for one in some if one.state == "running"], steps)
                self._decide(some, steps[-1])

    def _begun(self) -> list[Trial]:
        """The records of all trials, those that ended for good as they ended."""
        known = {one.number: one for one in known_trials(self.store, self.sweep.folder)}
        trials = []
        for number, values in enumerate(self.sweep.settings.trials()):
            trial = known.get(number) or Trial(name=f"trial_{number:05d}", number=number)
            if not trial.train:
                model, train = (one.model_dump(mode="json") for one in self.sweep.specs(values))
                trial = trial.model_copy(update={"values": values, "model": model, "train": train})
            if trial.state == "running" or trial.worth_another_try:
                begun = trial.begun or time.time()
                trial = trial.model_copy(update={"begun": begun, "state": "running", "why": ""})
            trials.append(trial)
        return trials

    def _train(self, trials: Sequence[Trial], steps: Sequence[int]) -> Stages:
        """Bring trials to some rungs, or to where they fail."""
        left = [one for one in trials if any(one.at(step) is None for step in steps)]
        if not left:
            return
        plan = self.sweep.several({one.number: specs_of(one) for one in left}, steps)
        for trial in left:
            save_trial(self.store, self.sweep.folder, trial)
        save_needs(self.store, self.sweep.folder, [plan])
        agenda = Agenda.open(plan, self.store)
        stage = _Stage(self, agenda, {one.number: one for one in left})
        stage.look()
        if agenda.pending:
            yield agenda, stage.hear
            stage.look()

    def reached(self, trial: Trial, point: Point) -> None:
        """Write down that a trial has come to a rung."""
        trial.points = sorted([*trial.points, point], key=lambda one: one.iterations)
        last, title = self.sweep.steps[-1], self.sweep.settings.score.title
        if all(trial.at(step) is not None for step in self.sweep.steps):
            trial.state = "finished"
        self.say(
            f"trial {trial.number}: {point.iterations} of {last} iterations, "
            f"{title} {point.value:.4g}"
        )
        save_trial(self.store, self.sweep.folder, trial)

    def failed(self, trial: Trial, why: str, final: bool) -> None:
        """Write down that a trial came to nothing."""
        trial.state, trial.why, trial.final = "failed", why, final
        self.say(f"trial {trial.number}: failed: {why}")
        save_trial(self.store, self.sweep.folder, trial)

    def _decide(self, trials: Sequence[Trial], step: int) -> None:
        """End the worse ones, or have them take better ones over; whoever has gone on before is not
        called back."""
        values = {one.number: value for one in trials if (value := one.at(step)) is not None}
        here = {one.number: one for one in trials if _stands(one, step)}
        if self._halving is not None:
            for number, value in values.items():
                if not self._halving.goes_on(str(number), step, value) and number in here:
                    here[number].state = "stopped early"
                    save_trial(self.store, self.sweep.folder, here[number])
        if self._population is not None:
            rung = self.sweep.steps.index(step)
            known = {one.number: one for one in trials}
            for number, donor in self._population.donors(values, rung).items():
                moved = {move.iterations for move in known[number].moves}
                if number in here and step not in moved:
                    self._take_over(here[number], known[donor], step, self._population)

    def _take_over(self, trial: Trial, donor: Trial, step: int, population: Population) -> None:
        """Go on from the donor's GANs, with settings near those that it had."""
        model, train = specs_of(donor)
        own, rung = self.sweep.own_iterations(step), self.sweep.steps.index(step)
        then = tuple(change for change in train.schedule if change.iteration < own)
        before = train.model_copy(update={"schedule": then})
        now = before.scheduled(own).model_dump()
        known = {path: now[path.removeprefix("train.")] for path in population.over}
        _, wanted = self.sweep.specs(population.explored(known, rung, trial.number))
        after = taken_over(self.sweep, self.store, trial, donor.name, step, model, before, wanted)
        trial.train = after.model_dump(mode="json")
        save_trial(self.store, self.sweep.folder, trial)


def _stands(trial: Trial, step: int) -> bool:
    """Whether a trial is to go on from that rung."""
    reached = [point.iterations for point in trial.points]
    return trial.state == "running" and reached[-1:] == [step]


@dataclass
class _Stage:
    """What becomes of the tasks of some trials, whose plan is one."""

    shared: SharedTrials
    agenda: Agenda
    trials: dict[int, Trial]
    scores: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    """By address, of which trials it is at which rung; those of equal settings share one."""
    others: dict[str, set[int]] = field(default_factory=dict)
    """By address, the trials whose GAN it is."""

    def __post_init__(self) -> None:
        for role, address in self._plan.roles.items():
            kind, *rest = role.split("/")
            if kind == "objective":
                number, step = map(int, rest)
                self.scores.setdefault(address, []).append((number, step))
            elif kind == "trial":
                self.others.setdefault(address, set()).add(int(rest[0]))

    @property
    def _plan(self) -> Plan:
        return self.agenda.plan

    def hear(self, event: Event) -> None:
        """Take note of what a runner tells, for those who look at the sweep meanwhile."""
        if "failed" in event.details:
            self._fail(event.address)
        elif event.details.get("finished") or event.details.get("outcome") == "done":
            self._score(event.address)

    def look(self) -> None:
        """Take note of all that has ended."""
        for address in self.scores:
            if address in self.agenda.finished:
                self._score(address)
        for address in list(self.agenda.failed):  # those that others failed of come first
            self._fail(address)

    def _score(self, address: str) -> None:
        reached = [
            (self.trials[number], step)
            for number, step in self.scores.get(address, ())
            if self.trials[number].at(step) is None
        ]
        manifest = self.shared.store.manifest(address) if reached else None
        if manifest is None:
            return
        value, scores = manifest.result["value"], manifest.result["sides"]
        sides = {side: score["value"] for side, score in scores.items()}
        for trial, step in reached:
            self.shared.reached(trial, Point(iterations=step, value=value, sides=sides))

    def _fail(self, address: str) -> None:
        of_scores = {number for number, _ in self.scores.get(address, ())}
        for number in sorted(of_scores | self.others.get(address, set())):
            trial = self.trials[number]
            if trial.state == "running":
                final = address in self.agenda.lasting
                self.shared.failed(trial, self.agenda.failed[address], final)
                self._leave_out(trial)

    def _leave_out(self, trial: Trial) -> None:
        """Begin no more of a trial: to train on would be to try once more what has failed."""
        for role, address in self._plan.roles.items():
            task = self._plan.by_address[address]
            if role.startswith(f"trial/{trial.number}/") and self.agenda.is_pending(task):
                self.agenda.fail(task, f"{CONSEQUENCE} what trial {trial.number} failed of")
