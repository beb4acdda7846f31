"""Results that stay as they are, whatever is moved or rebuilt: keys, bits of weights, scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ganray.plan.kinds import KINDS
from tests import golden
from tests.families import TRAININGS
from tests.train.ranks import together


@pytest.fixture(scope="module")
def expected() -> Any:
    return golden.read("results")


@pytest.mark.parametrize("name", golden.read("keys"))
def test_keys_are_those_of_the_first_release(name):
    """If this fails, every store in use is void: raise a stage's version only on purpose."""
    assert golden.plans()[name].roles == golden.read("keys")[name]


def test_every_plan_and_every_kind_has_golden_keys():
    kept = golden.read("keys")
    assert kept.keys() == golden.plans().keys()
    kinds = {address.partition("/")[0] for roles in kept.values() for address in roles.values()}
    assert kinds == set(KINDS)


def compare(found: golden.Tensors, expected: Any, called: str) -> None:
    """The end to the bit on a machine like the one that wrote the file; the beginning anywhere.

    Last digits differ from machine to machine, and the game makes more of them from step to step.
    """
    mine, wanted = golden.summary(found), expected["weights"][called]
    assert mine.keys() == wanted["begun"].keys()
    for name, numbers in wanted["begun"].items():
        np.testing.assert_allclose(mine[name], numbers, rtol=1e-3, atol=1e-4, err_msg=name)
    if golden.machine() == expected["machine"]:
        assert golden.digest(found) == wanted["sha256"]


@pytest.mark.parametrize("name", TRAININGS)
def test_every_algorithm_begins_with_the_same_losses(name):
    """A short curve: of other machines the last digits may differ, and grow from step to step."""
    np.testing.assert_allclose(golden.losses(name), golden.read("losses")[name], rtol=2e-3)


@pytest.mark.parametrize("trainer", [golden.alone, golden.resumed])
def test_one_process_trains_to_the_same_bits(trainer, expected):
    compare(trainer(), expected, "alone")


def test_two_ranks_train_to_the_same_bits(tmp_path, expected):
    for found in together(2, golden.in_ranks, tmp_path / "ranks"):
        compare(found, expected, "in ranks")


def test_scores_keep_their_values(tiny_run, expected):
    tolerance = 1e-9 if golden.machine() == expected["machine"] else 0.05
    found = golden.scores(tiny_run.plan, tiny_run.store)
    assert found.keys() == expected["scores"].keys()
    for role, scores in expected["scores"].items():
        assert found[role] == pytest.approx(scores, rel=tolerance), role
