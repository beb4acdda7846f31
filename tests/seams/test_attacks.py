"""An attack that `ganray` does not know, from a study's settings to its report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
import pytest
import torch
from pydantic import Field

from ganray.attacks import ATTACKS, Attack, Victim
from ganray.report.reading.results import Results
from ganray.studies.defence import page
from tests import tiny
from tests.studies.test_defence import settings


class Invert(Attack):
    """Negatives."""

    title = "inversion"

    name: Literal["invert"] = Field("invert", description="the attack")
    share: float = Field(1.0, gt=0, le=1, description="of the way")

    def perturb(self, _: Victim, images: torch.Tensor, __: torch.Tensor) -> torch.Tensor:
        """The attacked images."""
        return images + self.share * (1 - 2 * images)


@pytest.fixture(autouse=True)
def known() -> Iterator[None]:
    with ATTACKS.including(Invert):
        yield


def test_it_is_run_judged_and_shown(tmp_path):
    tiny.write_digits(tmp_path / "digits.parquet")
    told = settings(
        data={"source": str(tmp_path / "digits.parquet")},
        attacks=["invert", {"name": "invert", "share": 0.5}],
        marginals=[[0, 1, 2]],
        images=5,
    )
    agenda, store = tiny.run_settings(told, str(tmp_path / "store"))
    results = Results.open(store, agenda.plan)
    arrays = results.arrays("judge/E", "judged.safetensors")
    assert np.array_equal(arrays["shown/0"], 255 - arrays["shown/clean"])
    shown = str(page(results).sections[0])
    assert "inversion" in shown
    assert "inversion (share 0.5)" in shown
