"""A Ray that begins and ends beside its driver, shown without any: what is done when."""

from __future__ import annotations

import contextlib
import threading

import pytest

from ganray.distributed.cluster import begun as module
from ganray.distributed.cluster import connect
from ganray.distributed.cluster.connect import HeadLost, connected, own_beside, told_of_own
from ganray.errors import GanrayError
from tests import HANG_SECONDS


class Ray:
    """Stands for Ray: it is there from `may_come` on, and takes its time to go."""

    def __init__(self) -> None:
        self.may_come, self.may_go = threading.Event(), threading.Event()
        self.there, self.done = False, []

    def start(self, address: str | None, options: dict[str, object]) -> None:
        assert self.may_come.wait(HANG_SECONDS)
        self.there = True
        self.done.append("came")

    def is_initialized(self) -> bool:
        return self.there

    def shutdown(self) -> None:
        assert self.may_go.wait(HANG_SECONDS)
        if self.there:
            self.there = False
            self.done.append("went")


@pytest.fixture
def ray(monkeypatch) -> Ray:
    ray = Ray()
    monkeypatch.setattr(module, "ray", ray)
    monkeypatch.setattr(connect, "ray", ray)
    monkeypatch.setattr("ganray.distributed.cluster.own.ray", ray)
    monkeypatch.setattr(connect, "_start", ray.start)
    monkeypatch.setattr(connect, "own_options", lambda: contextlib.nullcontext({}))
    return ray


def test_it_begins_and_ends_beside_its_driver(ray) -> None:
    with own_beside():
        assert told_of_own(None).startswith("a local Ray on ")
        ray.may_come.set()
        with connected(None):
            assert told_of_own(None) == ""
            with connected(None):
                assert ray.done == ["came"]
            assert ray.done == ["came"]
        assert ray.done == ["came"]  # it goes, and its driver goes on
        ray.may_go.set()
    assert ray.done == ["came", "went"]


def test_who_comes_again_starts_another_when_the_first_has_gone(ray) -> None:
    ray.may_come.set()
    ray.may_go.set()
    with own_beside():
        for _ in range(2):
            with connected(None):
                pass
    assert ray.done == ["came", "went"] * 2


def test_one_that_nobody_wants_after_all_is_ended(ray) -> None:
    ray.may_come.set()
    ray.may_go.set()
    with pytest.raises(KeyboardInterrupt), own_beside():
        raise KeyboardInterrupt
    assert ray.done == ["came", "went"]


def test_one_that_cannot_start_is_told_of_where_it_is_wanted(ray, monkeypatch) -> None:
    def failing(*_: object) -> None:
        raise GanrayError("no Ray cluster answers")

    monkeypatch.setattr(connect, "_start", failing)
    ray.may_go.set()
    refused = pytest.raises(GanrayError, match="no Ray cluster answers")
    with own_beside(), refused, connected(None):
        pass
    assert ray.done == []


def test_one_whose_head_is_lost_is_given_up(ray, monkeypatch) -> None:
    monkeypatch.setattr(connect, "_abandon", lambda: ray.done.append("given up"))
    ray.may_come.set()
    with pytest.raises(HeadLost), own_beside(), connected(None):
        raise HeadLost("gone")
    assert ray.done == ["came", "given up"]


def test_where_ray_is_already_none_is_begun(ray) -> None:
    ray.there = True
    with own_beside():
        assert module.begun() is None
