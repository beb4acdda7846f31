"""When a driver gives its cluster up, on a clock that the tests set; see also test_surviving."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace

import pytest

from ganray.distributed.cluster import watch
from ganray.distributed.cluster.connect import HeadLost
from ganray.distributed.cluster.watch import HEAD_SECONDS, Node, View, Watch


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    made = SimpleNamespace(now=1000.0, monotonic=lambda: made.now)
    monkeypatch.setattr(watch, "time", made)
    return made


@pytest.fixture
def nodes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The living nodes' ids."""
    found = ["own", "other"]

    def look(_: object) -> View:
        return View(tuple(Node(name, name, 1.0, 0.0, draining=False) for name in found))

    monkeypatch.setattr(watch, "look", look)
    return found


@pytest.fixture
def looking(clock: SimpleNamespace, nodes: list[str]) -> Watch:
    """One that has looked once, without a cluster and without its thread."""
    made = Watch()
    made._own_node, made._address, made._groups = "own", "here:1", ()
    made._look()
    made.check()
    return made


def test_the_end_of_the_own_node_is_told_at_once_where_others_live(looking, nodes):
    nodes.remove("own")
    looking._look()
    with pytest.raises(HeadLost, match="the Ray node under this driver"):
        looking.check()


def test_the_end_of_the_only_node_is_told_though_the_head_answers(looking, nodes, clock):
    """A head that was restarted knows of no node either, for a while."""
    nodes.clear()
    looking._look()
    looking.check()
    clock.now += HEAD_SECONDS - 1.0
    looking._look()
    looking.check()
    clock.now += 2.0
    looking._look()
    looking.check()
    clock.now += 2.0
    with pytest.raises(HeadLost, match="the Ray node under this driver"):
        looking.check()


def test_a_driver_that_was_stopped_as_it_asked_hears_the_answer_first(looking, clock, monkeypatch):
    """Ctrl-Z, a minute, `fg`: the main thread may look before the one that asks has heard."""
    answer = watch.look(())
    monkeypatch.setattr(watch, "look", lambda _: pytest.fail("no answer yet"))
    with contextlib.suppress(pytest.fail.Exception):
        looking._look()
    clock.now += 60.0
    looking.check()
    monkeypatch.setattr(watch, "look", lambda _: answer)
    looking._look()
    clock.now += 2.0
    looking.check()


def test_a_head_that_does_not_answer_is_given_up_before_ray_ends_the_process(looking, clock):
    looking._unanswered = clock.now
    clock.now += HEAD_SECONDS + 1.0
    looking.check()
    clock.now += 60.0 - HEAD_SECONDS - 15.0
    with pytest.raises(HeadLost, match="has not answered for"):
        looking.check()


def test_a_head_that_comes_back_is_forgiven(looking, nodes, clock):
    nodes.clear()
    looking._look()
    clock.now += HEAD_SECONDS - 1.0
    nodes.append("own")
    looking._look()
    clock.now += HEAD_SECONDS
    looking.check()
