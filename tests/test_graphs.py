"""Steps that are to be captured on a GPU; here, where there is none, they are what they were."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from ganray.graphs import Graphs, recorded


class OnGpu(torch.Tensor):
    """A tensor that says that it is on a GPU."""

    device = torch.device("cuda")


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> torch.Tensor:
    """Three zeros that seem to lie on a GPU, whose graphs replay by adding 1 to them."""
    made = torch.zeros(3).as_subclass(OnGpu)

    class Graph(torch.cuda.CUDAGraph):
        def __new__(cls) -> Graph:  # torch's own are not to be made without a GPU
            return object.__new__(cls)

        def __init__(self) -> None:
            pass

        def replay(self) -> None:
            made.add_(1)

    monkeypatch.setattr(torch.cuda, "synchronize", lambda _: None)
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", tuple)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", Graph)
    monkeypatch.setattr(torch.cuda, "graph", lambda *_, **__: contextlib.nullcontext())
    monkeypatch.setattr(Graphs, "_aside", lambda _, work: work())
    return made


def test_on_a_cpu_a_step_is_itself():
    state = torch.zeros(3)

    def step() -> None:
        state.add_(1)

    assert recorded(step, [state]) is step
    assert state.tolist() == [0, 0, 0]


def test_a_step_is_done_a_few_times_captured_and_replayed(state):
    done: list[int] = []

    def step() -> None:
        done.append(1)
        state.add_(1)

    again = recorded(step, [state])
    assert state.tolist() == [0, 0, 0]  # what warmed up is undone
    before = len(done)
    again()
    assert state.tolist() == [1, 1, 1]
    assert len(done) == before > 1


@pytest.mark.parametrize("error", [RuntimeError("impossible\nhere"), torch.OutOfMemoryError()])
def test_what_cannot_be_captured_is_run_as_it_is(state, monkeypatch, error):
    @contextlib.contextmanager
    def failing(*_: Any, **__: Any) -> Iterator[None]:
        raise error
        yield

    def step() -> None:
        state.add_(1)

    monkeypatch.setattr(torch.cuda, "graph", failing)
    said = isinstance(error, torch.OutOfMemoryError)
    expected = pytest.warns(RuntimeWarning, match="not captured as a CUDA graph, .*: impossible$")
    with contextlib.nullcontext() if said else expected:
        again = recorded(step, [state])
    assert state.tolist() == [0, 0, 0]
    again()
    assert state.tolist() == [1, 1, 1]
