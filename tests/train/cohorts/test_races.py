"""What is raced on a GPU is taken down by its shapes; here races are made up."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
import torch

from ganray.train.cohorts import kernels
from ganray.train.cohorts.products import dense, races


@pytest.fixture
def card(monkeypatch) -> list[list[str]]:
    """Races that the first form wins, on a device that has a name; the forms that ran."""
    held: list[list[str]] = []

    def race(forms, *_):
        held.append(list(forms))
        return {name: 0.5 + at for at, name in enumerate(forms)}

    monkeypatch.setattr(races, "_race", race)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda *_: "Card")
    monkeypatch.setattr(torch.cuda, "is_current_stream_capturing", lambda: False)
    single = SimpleNamespace(outputs=dense.outputs)  # in place of what needs Triton
    monkeypatch.setitem(sys.modules, f"{kernels.__name__}.single", single)
    monkeypatch.setattr(kernels, "single", single, raising=False)
    for name in ("_won", "_milliseconds", "_met"):
        monkeypatch.setattr(races, name, {})
    return held


def test_what_won_for_a_layer_of_one_output_is_on_record(card):
    rows, weight, bias = torch.randn(2, 5, 7), torch.randn(2, 1, 7), torch.randn(2, 1)
    for _ in range(2):
        made = races.quickest("outputs", rows, weight, bias)
        torch.testing.assert_close(made, dense.outputs(rows, weight, bias))
    assert card == [["product", "single"]]
    told = "dense outputs 2x5x7 by 2x1x7 float32, float32, float32, with 2x1"
    assert races.met() == {told: "product"}
    assert races.met_in_words() == [f"{told}: product of product 0.5000 ms, single 1.5000 ms"]
    assert races.winners() == [
        {"product": "dense outputs", "networks": 2, "one": (5, 7), "other": (1, 7), "geometry": (),
         "precision": "float32, float32, float32", "finish": "with 2x1", "form": "product",
         "milliseconds": {"product": 0.5, "single": 1.5}}
    ]  # fmt: skip


def test_another_cohort_meets_what_was_raced_before_it(card):
    rows, weight = torch.randn(2, 5, 7), torch.randn(2, 1, 7)
    for _ in range(2):
        races.forget_met()
        races.quickest("outputs", rows, weight, None)
        assert list(races.met().values()) == ["product"]
    assert len(card) == 1
