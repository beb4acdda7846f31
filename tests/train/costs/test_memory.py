"""What training takes of memory: counted on tensors without data, and held by nothing."""

from __future__ import annotations

import gc

import pytest
import torch

from ganray.models import MODELS
from ganray.models.defense_gan import DefenseGan
from ganray.models.encoders import Classifier
from ganray.train.algorithms.wgan_gp import WganGp
from ganray.train.costs.held import Held, peak_of
from ganray.train.costs.memory import (
    SPARE,
    embedding_memory,
    encoder_memory,
    gan_memory,
    sampling_memory,
)
from ganray.train.encoder_spec import EncoderSpec


def test_what_is_held_at_once_is_counted_and_let_go():
    with torch.device("meta"), Held() as held:
        first = torch.empty(1000)
        second = first + 1
        view = second[:10]
        assert (held.now, held.peak) == (8000, 8000)
        del second
        gc.collect()
        assert held.now == 8000  # the view has it
        del view
        assert (held.now, held.peak) == (4000, 8000)


def test_autograd_holds_what_the_way_back_needs():
    def chain() -> None:
        rows = torch.empty(1000, requires_grad=True)
        rows.exp().exp().exp().sum().backward()

    # The rows, three results and the sum; and gradients of two of them while one is made.
    assert 4 * 4000 < peak_of(chain) <= 6 * 4000 + 100


def test_weights_gradients_and_moments_of_networks_that_hold_little_else():
    """One image of 8 × 8 through wide layers: all but the weights is next to nothing."""
    spec = EncoderSpec(batch=1)
    weights = 64 * 4 * 1024 + 1024 * 2 + 25 * 32 * 64 + 25 * 32
    least = 4 * 4 * weights * SPARE
    assert least < encoder_memory((1, 8, 8), 2, spec) < 1.6 * least


def test_it_grows_with_batch_and_sides_and_an_average_costs_the_generator():
    small = gan_memory((1, 16, 16), DefenseGan(width=4), WganGp(batch=8))
    assert gan_memory((1, 16, 16), DefenseGan(width=4), WganGp(batch=64)) > 2 * small
    assert gan_memory((1, 32, 32), DefenseGan(width=4), WganGp(batch=8)) > 1.5 * small
    assert gan_memory((1, 16, 16), DefenseGan(width=4), WganGp(batch=8, ema=0.9)) > small
    drawn = (1, 16, 16), DefenseGan(width=4), 1, 40
    up, down = (sampling_memory(*drawn, descends) for descends in (False, True))
    assert down > up


def test_images_that_would_fill_any_machine_are_only_reckoned():
    shape = (3, 8192, 8192)
    assert gan_memory(shape, DefenseGan(width=16), WganGp(batch=50)) > 1e12
    assert embedding_memory(Classifier(), shape, 10, 250) > 1e12


@pytest.mark.parametrize("model", list(MODELS), ids=lambda one: one.__name__)
def test_sampling_of_every_family_is_reckoned(model):
    if model.model_fields["name"].default in ("pix2pix", "cycle_gan", "modnet", "pictures"):
        pytest.skip("given images")
    assert sampling_memory((3, 32, 32), model(), 2, 4) > 0
