"""Steps that are to be recorded on a GPU; here, where there is none, they are what they were."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from ganray.recorded import recorded


def test_on_a_cpu_a_step_is_itself():
    state = torch.zeros(3)

    def step() -> None:
        state.add_(1)

    assert recorded(step, [state]) is step
    assert state.tolist() == [0, 0, 0]


def test_what_cannot_be_recorded_is_run_as_it_is_and_said(monkeypatch):
    """After some steps that were to warm up, whose changes are undone."""

    class OnGpu(torch.Tensor):
        """A tensor that says that it is on a GPU."""

        device = SimpleNamespace(type="cuda")

    state = torch.zeros(3).as_subclass(OnGpu)

    def step() -> None:
        state.add_(1)

    def fails() -> None:
        step()
        raise RuntimeError("capture is impossible\nhere")

    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)
    monkeypatch.setattr(torch.cuda, "Stream", fails)
    with pytest.warns(RuntimeWarning, match="not recorded as a CUDA graph, .*: capture is impos"):
        again = recorded(step, [state])
    assert state.tolist() == [0, 0, 0]
    again()
    assert state.tolist() == [1, 1, 1]
