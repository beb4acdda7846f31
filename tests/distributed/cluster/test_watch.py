"""When a driver gives its cluster up, on a clock that the tests set; see also test_surviving."""

from __future__ import annotations

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
    with pytest.raises(HeadLost, match="the Ray node under this driver"):
        looking.check()


def test_a_head_that_comes_back_is_forgiven(looking, nodes, clock):
    nodes.clear()
    looking._look()
    clock.now += HEAD_SECONDS - 1.0
    nodes.append("own")
    looking._look()
    clock.now += HEAD_SECONDS
    looking.check()
