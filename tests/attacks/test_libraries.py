"""The same attacks by Foolbox, where it is installed."""

from __future__ import annotations

import os

import pytest
import torch

from ganray.attacks import Bpda, CarliniWagnerL2, Fgsm
from tests.attacks.victims import Nothing, images, network, victim

os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")  # it imports git, and would refuse without
foolbox = pytest.importorskip("foolbox")

CLEAN = images().float()


@pytest.fixture(scope="module")
def classifier():
    return network().float()


@pytest.fixture(scope="module")
def labels(classifier):
    return classifier(CLEAN).argmax(dim=1)


def theirs(classifier, labels, attack, epsilon=None) -> tuple[torch.Tensor, torch.Tensor]:
    """(their attacked images, which of them fool)"""
    model = foolbox.PyTorchModel(classifier, bounds=(0, 1), device="cpu")
    _, found, fooled = attack(model, CLEAN, labels, epsilons=epsilon)
    return found, fooled


def test_fgsm(classifier, labels):
    mine = Fgsm(epsilon=0.2).perturb(victim(classifier), CLEAN, labels)
    found, _ = theirs(classifier, labels, foolbox.attacks.LinfFastGradientAttack(), 0.2)
    torch.testing.assert_close(mine, found)


def test_bpda_through_a_projection_that_does_nothing(classifier, labels):
    attack = Bpda(epsilon=0.2, step_size=0.05, iterations=7)
    mine = attack.perturb(victim(classifier, defence=Nothing()), CLEAN, labels)
    other = foolbox.attacks.LinfPGD(abs_stepsize=0.05, steps=7, random_start=False)
    found, _ = theirs(classifier, labels, other, 0.2)
    torch.testing.assert_close(mine, found)


@pytest.mark.parametrize(("searches", "confidence"), [(1, 0.0), (4, 0.0), (2, 0.3)])
def test_cw(classifier, labels, searches, confidence):
    settings = {"confidence": confidence}
    attack = CarliniWagnerL2(
        iterations=60, learning_rate=0.05, constant=2, searches=searches, **settings
    )
    mine = attack.perturb(victim(classifier), CLEAN, labels)
    other = foolbox.attacks.L2CarliniWagnerAttack(
        binary_search_steps=searches, steps=60, stepsize=0.05, initial_const=2,
        abort_early=False, **settings,
    )  # fmt: skip
    found, fooled = theirs(classifier, labels, other)
    assert fooled.float().mean() > 0.5
    torch.testing.assert_close(mine[fooled], found[fooled], rtol=1e-4, atol=1e-4)
    assert torch.equal(mine[~fooled], CLEAN[~fooled])
