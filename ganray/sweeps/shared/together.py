"""Trials of a sweep that share a runner, so that it can train GANs of several as one cohort.

What they do is one plan, or one from each change of a population to the next. Its tasks are those
of each trial by itself: nothing of a trial depends on whom it shares the runner with.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ganray.cost.speed import training_device
from ganray.runs.agenda import Agenda
from ganray.runs.cohorts import at_most
from ganray.runs.progress.events import Event
from ganray.store import Store
from ganray.sweeps.needs import save_needs
from ganray.sweeps.plan import SweepPlan
from ganray.sweeps.run_trial import taken_over
from ganray.sweeps.shared.asking import proposed
from ganray.sweeps.shared.halving import Halving
from ganray.sweeps.shared.population import Population
from ganray.sweeps.shared.promotions import Promotions
from ganray.sweeps.shared.stage import Stage
from ganray.sweeps.space import Values
from ganray.sweeps.trials import Point, Trial, known_trials, save_trial, specs_of

Stages = Iterable[tuple[Agenda, Callable[[Event], None]]]
"""What is to be done, one after another, and who is to hear of it. Each is asked for when that
before it is done."""


def shares_runner(sweep: SweepPlan) -> bool:
    """Whether a sweep's trials are trained by one runner: that can form cohorts, and several trials
    are known at once."""
    if sweep.settings.sweep.search == "optuna":
        return sweep.settings.sweep.batch is not None
    return at_most(sweep.resources.cohort, training_device(sweep.resources)) > 1


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
        sweep, better = settings.sweep, settings.score.better
        self._halving = self._population = None
        if sweep.scheduler == "asha":
            self._halving = Halving(steps, sweep.reduction, better)
        elif sweep.scheduler == "pbt":
            self._population = Population(sweep.over, settings.seed, sweep.count, better)

    def run(self) -> list[Trial]:
        """Every trial, as it ended.

        Raises:
            Stopped: on request; all checkpoints are kept.
            GanrayError: the runner cannot go on; no trial has failed by that.
        """
        trials: list[Trial] = []
        self.work(self._all(trials))
        return trials

    def _all(self, trials: list[Trial]) -> Stages:
        """The stages of all trials, which are added to `trials` when they begin."""
        known = {one.number: one for one in known_trials(self.store, self.sweep.folder)}
        for values in self._batches(trials):
            some = [self._begun(known, len(trials) + at, one) for at, one in enumerate(values)]
            trials += some
            yield from self._in_turn(some) if self._population else self._at_will(some)

    def _batches(self, trials: Sequence[Trial]) -> Iterator[list[Values]]:
        """The values of those trials that are at work together, after those that have ended."""
        settings, sweep = self.sweep.settings, self.sweep.settings.sweep
        known = settings.trials() if sweep.search != "optuna" else None
        most = sweep.batch or sweep.concurrent or sweep.count
        for first in range(0, sweep.count, most):
            count = min(most, sweep.count - first)
            at_once = known[first : first + count] if known is not None else None
            yield at_once or proposed(settings, trials, count)

    def _begun(self, known: dict[int, Trial], number: int, values: Values) -> Trial:
        """The record of a trial; of one that ended for good as it ended."""
        trial = known.get(number) or Trial(name=f"trial_{number:05d}", number=number)
        if not trial.train:
            model, train = (one.model_dump(mode="json") for one in self.sweep.specs(values))
            trial = trial.model_copy(update={"values": values, "model": model, "train": train})
        if trial.state == "running" or trial.worth_another_try:
            begun = trial.begun or time.time()
            trial = trial.model_copy(update={"begun": begun, "state": "running", "why": ""})
        return trial

    def _at_will(self, trials: Sequence[Trial]) -> Stages:
        """All rungs of some trials, of which each goes on when it may."""
        steps, promotions = self.sweep.steps, None
        if self._halving is not None:
            parts = self._halving.stages(steps)
            promotions = Promotions(self._halving, parts, trials, self._stopped_early)
            promotions.judge()
        yield from self._train(trials, steps, promotions)

    def _in_turn(self, trials: Sequence[Trial]) -> Stages:
        """Rung by rung of a population: who is among its best is known when all are there."""
        for step in self.sweep.steps:
            yield from self._train(trials, [step])
            self._take_others_over(trials, step)

    def _train(
        self, trials: Sequence[Trial], steps: Sequence[int], promotions: Promotions | None = None
    ) -> Stages:
        """Bring trials to some rungs, or to where they end."""
        running = [one for one in trials if one.state == "running"]
        left = [one for one in running if any(one.at(step) is None for step in steps)]
        if not left:
            return
        plan = self.sweep.several({one.number: specs_of(one) for one in left}, steps)
        for trial in left:
            save_trial(self.store, self.sweep.folder, trial)
        save_needs(self.store, self.sweep.folder, [plan])
        agenda = Agenda.open(plan, self.store)
        stage = Stage(self, agenda, {one.number: one for one in left}, promotions)
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

    def _stopped_early(self, trial: Trial) -> None:
        """Write down that a trial is not among those that go on."""
        trial.state = "stopped early"
        save_trial(self.store, self.sweep.folder, trial)

    def _take_others_over(self, trials: Sequence[Trial], step: int) -> None:
        """Have the worse ones take better ones over; whoever has gone on before is not called
        back."""
        assert self._population is not None
        rung, known = self.sweep.steps.index(step), {one.number: one for one in trials}
        values = {one.number: value for one in trials if (value := one.at(step)) is not None}
        for number, donor in self._population.donors(values, rung).items():
            moved = {move.iterations for move in known[number].moves}
            if known[number].stands(step) and step not in moved:
                self._take_over(known[number], known[donor], step, self._population)

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
