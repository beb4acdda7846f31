"""A sweep's page: who won and how surely, every trial with its reason, what was moved."""

from __future__ import annotations

import re
from dataclasses import asdict

import numpy as np
import pytest

from ganray.data.spec import SourceInfo
from ganray.metrics.intervals import mean_interval, welch
from ganray.plan import Plan
from ganray.plan.candidates import Candidate
from ganray.report import Results, write_report
from ganray.report.page import Picture
from ganray.spec import parse
from ganray.store import Store
from ganray.studies.parts.data import Data
from ganray.sweeps.pages import page
from ganray.sweeps.pages import trials as trials_page
from ganray.sweeps.pages.figures import TrialCurve, parallel_coordinates, trial_curves
from ganray.sweeps.pages.protocol import sweep_protocol_section
from ganray.sweeps.pages.trials import trials_section
from ganray.sweeps.plan import SweepPlan
from ganray.sweeps.settings import SweepSettings
from ganray.sweeps.trials import Move, Point, Trial, save_trials
from ganray.text.wording import number
from ganray.train import WganGp
from tests.report.conftest import HOSTILE

INFO = SourceInfo(
    name="letters",
    shape=(1, 28, 28),
    class_names=["a", "b", HOSTILE],
    counts={"train": [600, 300, 60], "held_out": [60, 30, 10], "test": [60, 30, 10]},
)
FILE = {
    "sweep": {
        "over": {"train.learning_rate": {"log_uniform": [1e-5, 1e-2]},
                 "train.ema": {"choice": [None, 0.9]}},
        "trials": 4,
        "rungs": 2,
    },
    "budget": {"iterations": 10},
}  # fmt: skip


def trial(number: int, state: str, *values: float, why: str = "", **more) -> Trial:
    points = [Point(iterations=5 * (i + 1), value=v, sides={}) for i, v in enumerate(values)]
    given = {"train.learning_rate": 10.0 ** (number - 5), "train.ema": 0.9 if number % 2 else None}
    return Trial(name=f"t_{number}", number=number, values=given, points=points, state=state,
                 why=why, **more)  # fmt: skip


TRIALS = [
    trial(0, "finished", 90.0, 61.5),
    trial(1, "finished", 95.0, 55.25, moves=[Move(iterations=5, donor="t_0", values={"a": 2.5})]),
    trial(2, "stopped early", 120.0),
    trial(3, "failed", why=f"critic_loss became nan {HOSTILE}"),
]


def report(folder, fresh: list[list[float]], better: str = "lower") -> str:
    """The page of a sweep whose best two had these values on fresh seeds."""
    sweep = SweepPlan(parse(SweepSettings, FILE, "sweep.yaml"), Data(INFO, "f" * 64))
    store = Store(str(folder))
    save_trials(store, sweep.folder, TRIALS)
    model, train = sweep.settings.specs({})
    best = [Candidate(trial=number, model=model, train=train, value=value)
            for number, value in ((1, 55.25), (0, 61.5))]  # fmt: skip
    plan = sweep.final(best[: len(fresh)])
    if fresh:
        commit(store, plan, fresh, better)
    return (folder / write_report(store, plan, page).removeprefix(f"{folder}/")).read_text()


def commit(store: Store, plan: Plan, fresh: list[list[float]], better: str) -> None:
    """The evidence alone, as if all that it rests on were there."""
    tasks = [task for task in plan.tasks if task.kind != "spec"]
    for task in [*tasks, plan.task("spec")]:
        result = {}
        if task.kind == "spec":
            given = plan.task("spec").parameters["candidates"]
            means = [float(np.mean(values)) for values in fresh]
            result = {
                "evidence": {
                    "metric": "cafd",
                    "better": better,
                    "chosen": int(np.argmin(means)),
                    "candidates": [
                        one | {"fresh": values, "interval": asdict(mean_interval(values))}
                        for one, values in zip(given, fresh, strict=True)
                    ],
                    "comparison": asdict(welch(*fresh)) if len(fresh) == 2 else None,
                }
            }
        inputs = {address: store.manifest(address).digest for address in task.inputs.values()}
        store.claim_attempt(task.trajectory).commit(
            task.address, [], inputs=inputs, result=result, record={}
        )


def test_the_confirmation_is_told_with_its_interval(tmp_path):
    text = report(tmp_path, [[50.0, 51.0, 52.0], [60.0, 61.0, 62.5]])
    found = welch([50.0, 51.0, 52.0], [60.0, 61.0, 62.5])
    assert "On fresh seeds trial 1 is better than trial 0." in text
    assert "Of 4 trials, 2 trained to the end, 1 stopped early, 1 failed." in text
    assert f"Trial 1 less trial 0: {number(found.difference)} " in text
    assert "95% Welch interval" in text
    assert "spec/" in text


def badge(text: str) -> str:
    """What stands beside the finding's name."""
    found = re.search(r'<span class="badge[^"]*">([^<]*)</span>', text)
    assert found is not None
    return found[1]


def test_a_difference_that_may_be_chance_is_called_so(tmp_path):
    text = report(tmp_path, [[50.0, 61.0, 52.0], [50.0, 61.0, 52.5]])
    assert "trial 1 has the better mean, but its difference from trial 0 may be chance." in text
    assert badge(text) == "no winner"


def test_the_badge_names_a_winner_where_the_text_does(tmp_path):
    first = report(tmp_path / "first", [[50.0, 51.0, 52.0], [60.0, 61.0, 62.5]])
    assert badge(first) == "trial 1 better"
    second = report(tmp_path / "second", [[60.0, 61.0, 62.0], [50.0, 51.0, 52.0]])
    assert badge(second) == "trial 0 better"
    assert badge(report(tmp_path / "alone", [[50.0, 51.0, 52.0]])) == "no winner"


def test_a_reversed_order_is_told(tmp_path):
    text = report(tmp_path, [[60.0, 61.0, 62.0], [50.0, 51.0, 52.0]])
    assert "trial 0 is better than trial 1. The sweep had them the other way round." in text


def test_a_lone_candidate_and_none_at_all(tmp_path):
    assert "stands alone" in report(tmp_path / "one", [[50.0, 51.0, 52.0]])
    none = report(tmp_path / "none", [])
    assert "Nothing is confirmed yet." in none
    assert "Confirmation on fresh seeds" not in none


def test_every_trial_is_listed_with_its_settings_and_reason(tmp_path):
    text = report(tmp_path, [])
    table = text[text.index("All trials, the best first") :]
    places = [table.index(f">trial {number}<") for number in (1, 0, 2, 3)]
    assert places == sorted(places)
    assert "failed: critic_loss became nan" in table
    assert HOSTILE not in table  # escaped
    assert "The population’s moves" in text
    assert "took over" in text


def rows(block) -> list[list]:
    (table,) = [one for one in block.blocks if getattr(one, "caption", "").startswith("All trials")]
    return table.rows


def section(folder, trials: list[Trial], **changes):
    """The trials' section of a sweep with these trials."""
    file = FILE | {"sweep": FILE["sweep"] | changes}
    sweep = SweepPlan(parse(SweepSettings, file, "sweep.yaml"), Data(INFO, "f" * 64))
    return trials_section(Results(Store(str(folder)), sweep.final([]), {}), trials)


@pytest.mark.parametrize(
    ("metric", "order"), [("cafd", [3, 0, 2, 1, 4, 5]), ("inception_score", [0, 2, 3, 4, 1, 5])]
)
def test_the_best_come_first_in_the_metrics_direction(tmp_path, metric, order):
    """Equal ones by number; what did not arrive comes behind what did, whatever its value."""
    trials = [
        trial(5, "failed", 1.0, why="it diverged"),
        trial(4, "stopped early", 200.0),
        trial(3, "finished", 9.0, 40.0),
        trial(2, "finished", 9.0, 50.0),
        trial(1, "stopped early", 2.0),
        trial(0, "finished", 9.0, 50.0),
    ]
    shown = [row[0] for row in rows(section(tmp_path, trials, metric=metric))]
    assert shown == [f"trial {number}" for number in order]


def test_settings_are_those_that_the_last_score_was_made_with(tmp_path, monkeypatch):
    """A population's first settings say little about a schedule's last score."""
    drawn: list[TrialCurve] = []

    def draw(lines, *_) -> Picture:
        drawn.extend(lines)
        return Picture("", "", 1, 1)

    monkeypatch.setattr(trials_page, "parallel_coordinates", draw)
    train = WganGp(learning_rate=1e-3, ema=0.9).model_dump()
    change = {"iteration": 5, "learning_rate": 2e-3, "beta1": None}
    moved = trial(0, "finished", 90.0, 61.5, train=train | {"schedule": [change]})
    still = trial(1, "finished", 95.0, 70.0, train=train)
    failed = trial(2, "failed", why="it had no settings yet")
    found = section(tmp_path, [moved, still, failed])
    assert [row[1:3] for row in rows(found)] == [
        ["0.00100 → 0.00200", "0.900"],
        ["0.00100", "0.900"],
        ["0.00100", "none"],  # as it was drawn
    ]
    assert [line.values["train.learning_rate"] for line in drawn] == [2e-3, 1e-3, 1e-3]
    assert "first → last" in found.blocks[0].text
    assert "first → last" not in section(tmp_path, [still]).blocks[0].text


def test_a_weak_classifier_is_said_where_the_winner_is(tmp_path, monkeypatch):
    told = {"test_accuracy": 0.71, "test_images": 100}
    result = Results.result

    def with_classifier(own, role):
        return told if role == "encoder" else result(own, role)

    monkeypatch.setattr(Results, "result", with_classifier)
    text = report(tmp_path, [[50.0, 51.0, 52.0], [60.0, 61.0, 62.5]])
    assert text.count("Weak ruler: the classifier knows only 71% of the 100 test images") == 2


def test_the_protocol_says_what_judged(tmp_path):
    text = report(tmp_path, [])
    assert "the test split has no part in any choice" in text
    assert "measured after 5, 10 iterations" in text


def test_a_sweep_of_some_classes_says_of_which(tmp_path):
    def told(classes) -> str:
        file = FILE | {"sweep": FILE["sweep"] | {"classes": classes}}
        sweep = SweepPlan(parse(SweepSettings, file, "sweep.yaml"), Data(INFO, "f" * 64))
        results = Results(Store(str(tmp_path)), sweep.final([]), {})
        return sweep_protocol_section(results, [5, 10]).blocks[0].text

    assert "The sweep is of a and b alone: its GANs, the held-out images" in told(["b", 0])
    for every in ("all", ["a", "b", 2]):
        assert "alone" not in told(every)


LINES = [
    TrialCurve(
        "trial 0", 0, [(1, 5.0), (2, 4.0)], {"train.ema": None, "model.width": 2}, "finished"
    ),
    TrialCurve("trial 1", None, [], {"train.ema": 0.9, "model.width": 2}, "failed"),
]


@pytest.mark.parametrize("lines", [LINES, LINES[:1], LINES[1:], []])
def test_pictures_of_any_trials(lines):
    """One value on an axis, words beside numbers, no points and no trials at all."""
    fields = {"train.ema": False, "model.width": True}
    for drawn in (
        trial_curves(lines, "CAFD", "curves"),
        parallel_coordinates(lines, fields, "CAFD", "settings"),
    ):
        assert drawn.uri.startswith("data:image/svg+xml;base64,")
        assert drawn.width == (7 * 96)
