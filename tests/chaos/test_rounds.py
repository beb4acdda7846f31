"""Rounds of the chaos suite on the driver's own Ray: what is left of them is right."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import tiny
from tests.chaos import record
from tests.chaos.faults import COSTLY, KINDS, Fault, plan
from tests.chaos.own_ray import OwnRay
from tests.chaos.round import Round
from tests.s3_proxy import running_proxy
from tests.s3_server import S3Server

SETTINGS = (
    *("search.on=[]", "evaluate.metrics=[class_divergence]", "marginals=[[0]]"),
    *("train.batch=2", "train.critic_steps=1", "budget.iterations=100"),
    *("resources.checkpoint_seconds=0.001", "resources.attempts=6"),
)
ALWAYS = 1e6  # seconds: until the round ends
ROUNDS = {
    "workers": (
        Fault("s3_lost_reply", at=0.0, draw=0.2, seconds=ALWAYS, share=0.1),
        Fault("trainer", at=4.0, draw=0.1, seconds=0.0),
        Fault("worker", at=4.0, draw=0.5, seconds=0.0),
    ),
    "driver": (
        Fault("s3_503", at=0.0, draw=0.7, seconds=ALWAYS, share=0.1),
        Fault("driver", at=5.0, draw=0.3, seconds=0.0),
    ),
}
"""What is not there yet is hit as soon as it is."""


@pytest.fixture(scope="module")
def undisturbed(tiny_study: Path, tmp_path_factory) -> dict[str, str]:
    """What every artifact holds when nothing happens."""
    _, agenda = tiny.run(tiny_study, str(tmp_path_factory.mktemp("calm")), *SETTINGS)
    assert agenda.complete, agenda.failed
    return tiny.digests(agenda.store, agenda.plan)


@pytest.mark.ray
@pytest.mark.s3
@pytest.mark.chaos
@pytest.mark.slow
@pytest.mark.parametrize("name", ROUNDS)
def test_what_dies_costs_nothing_but_time(
    name: str,
    tiny_study: Path,
    undisturbed,
    s3_server: S3Server,
    s3_url: str,
    tmp_path,
    monkeypatch,
):
    with running_proxy(s3_server.endpoint) as proxy:
        cluster = OwnRay(s3_server, proxy, tmp_path)
        faults = list(ROUNDS[name])
        entry = Round(cluster, 0, faults, tiny_study, undisturbed, overrides=SETTINGS).play()
    said = (tmp_path / "drivers.log").read_text()
    assert entry["right"], (entry, said)
    assert {hit["kind"] for hit in entry["hits"]} == {fault.kind for fault in faults}, said
    assert sum(proxy.counts.values()) > 0
    codes = [ended["code"] for ended in entry["drivers"]]
    assert codes == ([-9, 0] if name == "driver" else [0])


def test_a_plan_follows_from_its_seed_and_has_every_kind():
    kinds = list(KINDS)
    rounds = [plan(1, number, kinds, 45.0) for number in range(len(kinds))]
    assert rounds == [plan(1, number, kinds, 45.0) for number in range(len(kinds))]
    assert rounds != [plan(2, number, kinds, 45.0) for number in range(len(kinds))]
    assert {fault.kind for faults in rounds for fault in faults} == set(kinds)
    for faults in rounds:
        assert 1 <= len(faults) <= 3
        assert [fault.at for fault in faults] == sorted(fault.at for fault in faults)
        assert sum(fault.kind in COSTLY for fault in faults) <= 1


def test_faults_spread_over_what_a_round_takes_without_them():
    assert record.usual_seconds([]) == 45.0
    seconds = (900.0, 500.0, 40.0, 300.0, 30.0, 50.0, 60.0)
    assert record.usual_seconds([{"seconds": length} for length in seconds]) == 30.0


def test_the_summary_counts_hits_and_names_what_was_wrong():
    hit = {"kind": "trainer", "noticed_s": 1.0, "resumed_s": 3.0}
    rounds = [
        {"round": 0, "right": True, "wrong": [], "seconds": 30.0, "hits": [hit, hit]},
        {"round": 1, "right": False, "wrong": ["left over: x"], "seconds": 50.0, "hits": [hit]},
    ]
    lines = record.summary(rounds).splitlines()
    assert lines[0].startswith("2 rounds, 1 right, 3 faults in 2 of them; median 40.0 s")
    assert lines[2].split() == ["trainer", "3", "1", "1.0", "3.0"]
    assert lines[-1] == "round 1: left over: x"
