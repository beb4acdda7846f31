"""A sweep's trials: what the store remembers of them.

A trial has no state of its own: its GANs' checkpoints and artifacts lie in the store under the keys
of their settings, as a study's do. Whoever comes to a rung that was reached before has its score at
once.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from ganray.errors import DamagedRecord
from ganray.models import MODELS, ModelSpec
from ganray.spec import explain
from ganray.store import Store
from ganray.train.algorithms import ALGORITHMS
from ganray.train.spec import TrainSpec

State = Literal["running", "finished", "stopped early", "failed"]


class Point(BaseModel):
    """The objective of a trial at one rung; `iterations` are those of a joint GAN."""

    iterations: int
    value: float
    sides: dict[str, float]


class Move(BaseModel):
    """Population-based training took another trial's GANs and changed some settings."""

    iterations: int
    donor: str
    values: dict[str, Any]


class Trial(BaseModel):
    """What is known of one trial.

    Attributes:
        name: Tune's own name for it; of trials that share a runner one by their number.
        number: its place in the sweep, from 0.
        values: the settings that the sweep gave it at first.
        begun: when its worker first began, in seconds of the epoch.
        why: what it failed of; `final` where trying again would fail again.
    """

    name: str
    number: int = -1
    values: dict[str, Any] = Field(default_factory=dict)
    model: dict[str, Any] = Field(default_factory=dict)
    train: dict[str, Any] = Field(default_factory=dict)
    points: list[Point] = Field(default_factory=list)
    moves: list[Move] = Field(default_factory=list)
    begun: float = 0.0
    state: State = "running"
    why: str = ""
    final: bool = False

    @property
    def worth_another_try(self) -> bool:
        """Whether it died of what another try might mend."""
        return self.state == "failed" and not self.final

    @property
    def value(self) -> float | None:
        """The objective at its last rung."""
        return self.points[-1].value if self.points else None

    def at(self, step: int) -> float | None:
        """The objective at a rung; none: it has not come there."""
        return next((one.value for one in self.points if one.iterations == step), None)

    def stands(self, step: int) -> bool:
        """Whether it has come to that rung and is to go on from it."""
        reached = [point.iterations for point in self.points]
        return self.state == "running" and reached[-1:] == [step]

    def settings(self, path: str) -> list[Any]:
        """What a field was while its GANs were trained, from the first iteration to the last.

        It is one value, unless population-based training changed it on the way: GANs that were
        taken over have those of their donor at first.

        Args:
            path: `train.learning_rate` and the like.
        """
        group, _, name = path.partition(".")
        spec = {"train": self.train, "model": self.model}[group]
        if name not in spec:  # it failed before it had any
            return [self.values.get(path)]
        changes = [change.get(name) for change in spec.get("schedule", ())]
        every = [spec[name], *(value for value in changes if value is not None)]
        return [value for at, value in enumerate(every) if at == 0 or value != every[at - 1]]


_ORDER: tuple[State, ...] = ("finished", "stopped early", "running", "failed")


def ranked(trials: Sequence[Trial], better: Literal["lower", "higher"]) -> list[Trial]:
    """The best first: those that were trained to the end, then those that were stopped early, then
    those on their way, then the failed; among each by the value at their last rung.

    Those without a value come last among theirs, and equal ones in the order of their numbers.
    """
    sign = 1.0 if better == "lower" else -1.0

    def place(one: Trial) -> tuple[int, bool, float, int]:
        value = one.value
        known = value is not None and math.isfinite(value)
        return (
            _ORDER.index(one.state),
            not known,
            sign * (value or 0.0) if known else 0.0,
            one.number,
        )

    return sorted(trials, key=place)


def save_trial(store: Store, folder: str, trial: Trial) -> None:
    """Write down how far a trial is."""
    store.put(f"{folder}/trials/{trial.name}.json", encoded(trial.model_dump(mode="json")))


def read_trial(store: Store, folder: str, name: str) -> Trial:
    """What was written down of a trial; an empty record where there is nothing."""
    path = f"{folder}/trials/{name}.json"
    data = store.get(path)
    return Trial(name=name) if data is None else decoded(Trial, data, store, path)


def save_trials(store: Store, folder: str, trials: list[Trial]) -> None:
    """Write down how all trials ended."""
    content = [trial.model_dump(mode="json") for trial in trials]
    store.put(f"{folder}/trials.json", encoded(content))


def read_trials(store: Store, folder: str) -> list[Trial]:
    """How all trials ended; none where the sweep has not ended yet.

    Raises:
        StoreError: the store fails, or the record is damaged.
    """
    path = f"{folder}/trials.json"
    data = store.get(path)
    return [] if data is None else decoded(list[Trial], data, store, path)


def known_trials(store: Store, folder: str, unreadable: list[str] | None = None) -> list[Trial]:
    """What is known of all trials, also of a sweep that has not ended, in the order of numbers.

    A trial is numbered by the end of Tune's name for it, else by when it began. Of two that are
    named by one number the later counts: the sweep was gone on with in another way.

    Args:
        unreadable: takes a line for each trial whose record is damaged; without it one ends all.

    Raises:
        StoreError: the store fails, or a record is damaged.
    """
    paths = (path for path in store.list(f"{folder}/trials/") if path.endswith(".json"))
    names = [path.rpartition("/")[2].removesuffix(".json") for path in paths]
    read = []
    for name in names:
        try:
            read.append(read_trial(store, folder, name))
        except DamagedRecord as error:
            if unreadable is None:
                raise
            unreadable.append(str(error))
    begun = sorted(read, key=lambda trial: trial.begun)
    ended = {one.name: one for one in read_trials(store, folder)}
    known = dict(ended)
    named = {number: one.name for one in begun if (number := _named(one)) is not None}
    named |= {one.number: one.name for one in ended.values()}
    for place, one in enumerate(begun):
        last, number = ended.get(one.name), _named(one)
        if last is None:
            if number is None or named[number] == one.name:
                given = place if number is None else number
                known[one.name] = one.model_copy(update={"number": given})
        elif last.state == "failed" and one.state == "running":  # it is tried again
            known[one.name] = one.model_copy(update={"number": last.number})
    return sorted(known.values(), key=lambda one: one.number)


def _named(trial: Trial) -> int | None:
    """The number that its name ends in, if it does."""
    end = trial.name.rpartition("_")[2]
    return int(end) if "_" in trial.name and end.isdecimal() else None


def specs_of(trial: Trial) -> tuple[ModelSpec, TrainSpec]:
    """The networks and the training of a trial, as its record has them."""
    return MODELS.parse(trial.model, "model"), ALGORITHMS.parse(trial.train, "train")


def is_over(trials: list[Trial]) -> bool:
    """Whether a sweep whose trials ended like this has nothing more to try."""
    return bool(trials) and not any(trial.worth_another_try for trial in trials)


def decoded(kind: Any, data: bytes | None, store: Store, path: str) -> Any:
    """A record of the store; `DamagedRecord` where it is none."""
    try:
        return TypeAdapter(kind).validate_json(data or b"")
    except ValidationError as error:
        raise DamagedRecord(f"{store.url}/{path} is damaged: {explain(error)}") from None


def encoded(content: Any) -> bytes:
    """The same as the store keeps it."""
    return json.dumps(content, indent=1).encode()
