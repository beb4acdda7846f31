"""Penalties as settings of any algorithm of two players: which, when, and what they do."""

from __future__ import annotations

import pytest
import torch

from ganray.errors import RefusedInput
from ganray.losses import squared_gradient
from ganray.models import Dcgan
from ganray.train import GanTrainer, WganGp
from ganray.train.algorithms import Dragan, Hinge, MadGan, R3Gan, Vanilla, check_fit
from tests import families

PLAIN = families.MODELS["dcgan, no batch norm"]


def test_a_lazy_penalty_is_on_every_so_many_batches_of_any_loss():
    for train in (Vanilla(penalty="r1", penalty_interval=3), R3Gan(penalty_interval=3)):
        assert [index for index in range(7) if train.has_penalty(index)] == [0, 3, 6]
        assert train.steps()[0].period == 3
    assert not Vanilla().has_penalty(0)
    assert not R3Gan(gamma=0).has_penalty(0)
    assert Vanilla(penalty="r1").steps()[0].note == "R1 included"


@pytest.mark.parametrize(
    ("train", "settings", "said"),
    [
        (
            Vanilla,
            {"penalty_interval": 2},
            r"penalty_interval \(=2\) .* penalty \(='none', the default of algorithm",
        ),
        (Hinge, {"penalty_weight": 1}, r"penalty_weight \(=1.0\) has no meaning with penalty"),
        (
            Vanilla,
            {"schedule": [{"iteration": 3, "penalty_weight": 1}]},
            "schedule: penalty_weight .* with penalty",
        ),
        (R3Gan, {"penalty": "r1"}, "has no meaning with algorithm"),
        (
            R3Gan,
            {"schedule": [{"iteration": 3, "penalty_weight": 1}]},
            "has no meaning with algorithm",
        ),
        (Dragan, {"penalty": "r1"}, "has no meaning with algorithm"),
        (MadGan, {"penalty": "r1"}, "has no meaning with algorithm"),
    ],
)
def test_what_would_do_nothing_is_refused(train, settings, said):
    with pytest.raises(ValueError, match=said):
        train(**settings)


def test_a_penalised_critic_looks_at_each_image_by_itself():
    check_fit(Dcgan(), Vanilla())
    with pytest.raises(RefusedInput, match="its critic must not normalise over a batch"):
        check_fit(Dcgan(), Vanilla(penalty="r1"))
    check_fit(Dcgan(), WganGp(penalty="none"))


def test_only_a_choice_is_in_a_key():
    assert Vanilla().identity() == {"algorithm": "vanilla"}
    assert WganGp().identity() == {}
    assert WganGp(penalty="r1").identity() == {"penalty": "r1"}


def test_r1_makes_a_critic_flat_at_real_images():
    """Direction: after as many steps its slope there is a fraction of what it is without."""
    slopes = []
    for settings in ({}, {"penalty": "r1", "penalty_interval": 2}):
        train = Vanilla(batch=4, learning_rate=2e-3, **settings)
        trainer = families.trainer(PLAIN, train)
        for _ in range(30):
            trainer.advance()
        slopes.append(slope(trainer))
    assert slopes[1] < slopes[0] / 10


def slope(trainer: GanTrainer) -> float:
    real = trainer.model.pixels(torch.from_numpy(families.images(12)) / 255)
    return float(squared_gradient(trainer.networks["critic"], real).detach())
