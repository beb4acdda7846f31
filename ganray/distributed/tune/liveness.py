"""What a sweep's driver does about its trials: the hung are ended, others leave when asked to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ganray.distributed.liveness import Liveness
from ganray.distributed.ray_internals import actor_id, worker_of
from ganray.distributed.scheduler.supervisor import STOP_SECONDS
from ganray.distributed.tune.heartbeat import Sign
from ganray.errors import Stopped
from ganray.process.waits import WAITS
from ganray.store.outage import OUTAGES

LOOK_SECONDS = 1.0
WAITING_TRIALS = "trials of a sweep"


@dataclass
class _Heard:
    """One worker on this driver's clock."""

    sign: Sign
    life: Liveness

    def hear(self, sign: Sign, now: float) -> None:
        """A sign that was looked at before is none."""
        if sign.count != self.sign.count:
            self.sign = sign
            self.life.hear(now, sign.processor, sign.away is not None)

    def wrong(self, seconds: float, now: float) -> str:
        """What is wrong with it; who has left waits to be ended, and does nothing."""
        if self.sign.left:
            self.life.moved = now
        return self.life.wrong(now, seconds)


@dataclass
class TrialSupervisor:
    """Looks after the trials of a sweep; Tune tries those again whose worker is ended.

    Args:
        silence_seconds: whoever is silent or stuck for so long is ended, as in a run.
        look: gives the signs of all workers, and is told whether everyone is to leave, and who is
            on which draining nodes.
        leaving: the nodes that are being drained.
        should_stop: whether the sweep is to end.
        end: ends a trial's worker.
        say: hears one line for each that is ended.
        needs: what each worker is given, for those who look at the trials that wait.
    """

    silence_seconds: float
    look: Callable[[bool, frozenset[str]], Mapping[str, Sign]]
    leaving: Callable[[], Iterable[str]]
    should_stop: Callable[[], bool]
    end: Callable[[Any], None]
    say: Callable[[str], None]
    needs: str = "a worker"
    _heard: dict[str, _Heard] = field(default_factory=dict)
    _looked: float = float("-inf")
    _stopping: float | None = None

    def look_after(self, trials: list[Any]) -> None:
        """Act on what is heard of trials, which are Tune's own objects; at most once a second.

        Raises:
            Stopped: the sweep is to end, and every trial at work has made its checkpoint (or has
                not within two minutes).
        """
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        stop = self.should_stop()
        self._take_in(self.look(stop, frozenset(self.leaving())), now)
        WAITS.put(WAITING_TRIALS, self._waits(trials))
        at_work = 0
        for trial, worker in _working(trials):
            heard = self._heard.get(worker)
            if heard is None:  # it has not begun
                continue
            wrong = heard.wrong(self.silence_seconds, now)
            if stop:
                at_work += not (heard.sign.left or wrong)
            elif heard.sign.left:
                trial.max_failures += 1  # to be asked to leave is no fault of the trial's
                self._end(trial, trials, "was asked to leave its node, and goes on elsewhere")
            elif wrong:
                self._end(trial, trials, f"its worker {wrong} and was ended")
        if stop:
            self._stopping = self._stopping or now
            if not at_work or now - self._stopping > STOP_SECONDS:
                raise Stopped("stopped on request")

    def _waits(self, trials: list[Any]) -> dict[str, str]:
        """Tune's own order is that of its list; where all of them have workers none waits."""
        pending = [trial for trial in trials if trial.status == trial.PENDING]
        if not pending:
            return {}
        first, more = f"trial {trial_number(pending[0], trials)}", len(pending) - 1
        others = f" and {more} other{'s' if more > 1 else ''} wait" if more else " waits"
        return {self.needs: first + others}

    def _take_in(self, signs: Mapping[str, Sign], now: float) -> None:
        self._heard = {name: one for name, one in self._heard.items() if name in signs}
        for worker, sign in signs.items():
            OUTAGES.hear(worker, sign.away)
            if worker in self._heard:
                self._heard[worker].hear(sign, now)
            else:
                self._heard[worker] = _Heard(sign, Liveness(now, now, sign.processor or 0.0))

    def _end(self, trial: Any, trials: list[Any], why: str) -> None:
        actor = worker_of(trial)
        del self._heard[actor_id(actor)]
        self.end(actor)
        self.say(f"trial {trial_number(trial, trials)}: {why}")


def trial_number(trial: Any, trials: list[Any]) -> int:
    """Tune numbers the trials of a list; a searcher's have names alone."""
    end = trial.trial_id.rpartition("_")[2]
    return int(end) if "_" in trial.trial_id else trials.index(trial)


def _working(trials: Iterable[Any]) -> Iterator[tuple[Any, str]]:
    """Those that Tune takes for running, and the actor ids of their workers."""
    for trial in trials:
        actor = worker_of(trial)
        if trial.status == trial.RUNNING and actor is not None:
            yield trial, actor_id(actor)
