"""Metrics: what a board becomes, what Ray exposes of it, and what the dashboard asks for."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from pathlib import Path

import pytest

from ganray.distributed import prometheus
from ganray.distributed.prometheus import COUNTERS, GAUGES, Gauges, published
from ganray.runs.agenda import Agenda
from ganray.runs.progress.board import Board
from ganray.runs.progress.events import Event
from ganray.store import Store
from tests import HANG_SECONDS
from tests.runs.simulated import plan_of, study_of, task

GAN = task("train", "g", horizon=100)
DASHBOARD = Path(__file__).parents[2] / "cluster" / "grafana" / "ganray.json"


class Recorded:
    """A metric that keeps what it was set to, as Ray's would be asked."""

    def __init__(self) -> None:
        self.values: dict[tuple[tuple[str, str], ...], float] = {}

    def set(self, value: float, tags: dict[str, str]) -> None:
        self.values[tuple(tags.values())] = value

    def inc(self, value: float, tags: dict[str, str]) -> None:
        assert value > 0, "Ray refuses"
        key = tuple(tags.values())
        self.values[key] = self.values.get(key, 0.0) + value


def recorded(plan) -> tuple[Gauges, dict[str, dict]]:
    made = Gauges(
        Board(plan, set(), clock=lambda: 0.0),
        {name: Recorded() for name in GAUGES},
        {name: Recorded() for name in COUNTERS},
    )
    return made, {name: one.values for name, one in {**made.gauges, **made.counters}.items()}


def told(one, done=0, **details) -> Event:
    return Event(one.address, one.kind, done, one.horizon or 0, details)


def test_a_training_from_begin_to_end():
    plan = plan_of(GAN)
    made, values = recorded(plan)
    made.hear(told(GAN, host="node-7", node="n"))
    made.hear(told(GAN, 30, images_per_second=8.0, seconds_left=7.0, critic_loss=-2.5))
    made.publish()
    series = (plan.run, "train g", "node-7")
    assert values["ganray_iterations"] == {series: 30.0}
    assert values["ganray_images_per_second"] == {series: 8.0}
    assert values["ganray_loss"] == {(plan.run, "train g", "critic_loss"): -2.5}
    assert values["ganray_seconds_left"][plan.run,] == 7.0
    assert values["ganray_workers"] == {(plan.run,): 1.0}
    assert 0 <= values["ganray_checkpoint_age_seconds"][series] < HANG_SECONDS
    made.hear(told(GAN, finished=True))
    made.publish()
    assert values["ganray_iterations"] == {series: 100.0}
    assert values["ganray_images_per_second"] == {series: 0.0}
    assert values["ganray_tasks"][plan.run, "train", "running"] == 0.0
    assert values["ganray_tasks"][plan.run, "train", "done"] == 1.0


def test_the_age_of_a_checkpoint_begins_with_it(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(prometheus.time, "monotonic", lambda: now[0])
    made, values = recorded(plan_of(GAN))
    made.hear(told(GAN, host="a", node="n"))
    made.hear(told(GAN, 30, images_per_second=8.0, seconds_left=7.0, critic_loss=-2.5))
    now[0] = 150.0
    made.hear(told(GAN, checkpoint=30))
    now[0] = 160.0
    made.publish()
    assert list(values["ganray_checkpoint_age_seconds"].values()) == [10.0]


def test_a_training_that_moves_leaves_no_speed_and_no_loss_behind():
    plan = plan_of(GAN)
    made, values = recorded(plan)
    for node, done, loss in (("a", 30, 9.0), ("b", 31, -2.5)):
        made.hear(told(GAN, host=node, node=node))
        made.hear(told(GAN, done, images_per_second=8.0, seconds_left=7.0, critic_loss=loss))
        made.publish()
    old, new = ((plan.run, "train g", node) for node in ("a", "b"))
    assert values["ganray_images_per_second"] == {old: 0.0, new: 8.0}
    assert values["ganray_iterations"] == {old: 30.0, new: 31.0}
    assert values["ganray_checkpoint_age_seconds"][old] == 0.0
    assert values["ganray_loss"] == {(plan.run, "train g", "critic_loss"): -2.5}


def test_every_preemption_and_resubmission_is_counted_once():
    plan = plan_of(GAN)
    made, values = recorded(plan)
    made.publish()
    for _ in range(2):
        made.hear(told(GAN, preempted="the node is going"))
        made.publish()
    made.hear(told(GAN, warning="its worker died", resubmitted=True))
    made.publish()
    made.publish()
    assert values["ganray_preemptions_total"] == {(plan.run,): 2.0}
    assert values["ganray_resubmissions_total"] == {(plan.run,): 1.0}


def test_the_number_of_series_is_bounded(monkeypatch):
    monkeypatch.setattr(prometheus, "_TASKS", 3)
    plan = study_of(6)
    made, values = recorded(plan)
    for gan in (one for one in plan.tasks if one.kind == "train"):
        made.hear(told(gan, host="a", node="n"))
        made.hear(told(gan, 1, images_per_second=8.0, seconds_left=7.0, critic_loss=0.5))
    made.publish()
    assert len(values["ganray_iterations"]) == 3
    assert values["ganray_tasks"][plan.run, "train", "running"] == 6.0


def test_the_dashboard_asks_for_exactly_what_is_exposed():
    dashboard = json.loads(DASHBOARD.read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    queries += [
        variable["query"]
        for variable in dashboard["templating"]["list"]
        if variable["type"] == "query"
    ]
    asked = {name for query in queries for name in re.findall(r"ray_(ganray_\w+)", query)}
    known = GAUGES | COUNTERS
    assert asked == known.keys()
    for query in queries:
        for name, labels in re.findall(r"ray_(ganray_\w+)\{([^}]*)\}", query):
            assert set(re.findall(r"(\w+)=~?\"", labels)) <= set(known[name][1]), query
        for grouped in re.findall(r"by \(([^)]*)\)", query):
            names = set(re.findall(r"ray_(ganray_\w+)", query))
            assert {part.strip() for part in grouped.split(",")} <= {
                label for name in names for label in known[name][1]
            }
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


@pytest.mark.ray
def test_ray_exposes_them_under_these_names(ray_session, tmp_path, monkeypatch):
    """As Prometheus reads them: from the node's own metrics port."""
    monkeypatch.setattr(prometheus, "_SECONDS", 0.2)
    plan = plan_of(GAN)
    agenda, heard = Agenda(plan, Store(str(tmp_path))), []
    monkeypatch.setattr(prometheus, "operations", lambda plan: {})
    with published(agenda, heard.append) as tell:
        tell(told(GAN, host="node-7", node="n"))
        tell(told(GAN, 30, images_per_second=8.0, seconds_left=70.0, critic_loss=-2.5))
        tell(told(GAN, preempted="the node is going"))
        tell(told(GAN, warning="its worker died", resubmitted=True))
        tell(told(GAN, 31, images_per_second=8.0, seconds_left=69.0, critic_loss=-2.5))
        wanted = {f"ray_{name}" for name in GAUGES | COUNTERS}
        seen = _scraped(ray_session, plan.run, wanted, "ray_ganray_iterations", " 31.0")
    assert wanted <= seen.keys()
    assert 'task="train g"' in seen["ray_ganray_iterations"]
    assert 'node="node-7"' in seen["ray_ganray_iterations"]
    assert len(heard) == 5


def _scraped(ray, run: str, wanted: set[str], last: str, end: str) -> dict[str, str]:
    """The last line of each metric of a run, once all that are wanted are there and one is at its
    end.

    Runs that other tests played on the same Ray are there, too.
    """
    (node,) = ray.nodes()
    url = f"http://{node['NodeManagerAddress']}:{node['MetricsExportPort']}/metrics"
    seen: dict[str, str] = {}
    deadline = time.monotonic() + HANG_SECONDS
    while not (wanted <= seen.keys() and seen[last].endswith(end)):
        assert time.monotonic() < deadline, seen
        time.sleep(0.2)
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                text = answer.read().decode()
        except OSError:
            continue
        seen = {
            re.split(r"[{ ]", line)[0]: line
            for line in text.splitlines()
            if "ganray" in line and f'run="{run}"' in line
        }
    return seen
