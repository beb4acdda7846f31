"""Which device is chosen."""

from __future__ import annotations

import pytest
import torch

from ganray.errors import RefusedInput
from ganray.train.device import choose_device


@pytest.mark.parametrize(
    ("asked", "available", "chosen"),
    [("auto", True, "cuda"), ("auto", False, "cpu"), ("cpu", True, "cpu"), ("cuda", True, "cuda")],
)
def test_auto_takes_cuda_where_there_is_one(monkeypatch, asked, available, chosen):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: available)
    assert choose_device(asked).type == chosen


def test_cuda_without_any_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(RefusedInput, match=r"device \(='cuda'\).*use 'auto' or 'cpu'"):
        choose_device("cuda")


def test_another_word_is_refused():
    with pytest.raises(RefusedInput, match=r"device \(='tpu'\) must be 'auto', 'cpu' or 'cuda'"):
        choose_device("tpu")
