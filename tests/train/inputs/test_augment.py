"""What is done to real images before a critic and a penalty see them."""

from __future__ import annotations

from functools import partial

import pytest
import torch

from ganray.train.algorithms import Dragan, R3Gan, Vanilla, WganGp
from ganray.train.inputs.augment import Augment
from ganray.train.inputs.draws import PixelUniforms
from ganray.train.steps import Batch
from tests.families import MODELS

IMAGES = torch.arange(4 * 3 * 2 * 5, dtype=torch.float64).reshape(4, 3, 2, 5) / 120
DRAWN = torch.tensor([0.1, 0.9, 0.6, 0.4], dtype=torch.float64)[:, None].expand(4, 8)
MIRRORED = torch.stack([IMAGES[0].flip(2), IMAGES[1], IMAGES[2], IMAGES[3].flip(2)])


def test_half_of_the_real_images_are_mirrored():
    augment, noise = Augment(flips=True), {"augment_real": DRAWN, "augment_fake": DRAWN}
    assert torch.equal(augment.real(IMAGES, noise, 0), MIRRORED)
    assert torch.equal(augment.data(IMAGES, noise), MIRRORED)
    assert torch.equal(augment.fake(IMAGES, noise, 0), IMAGES)


def test_dequantised_pixels_stay_within_their_step():
    augment = Augment(dequantised=1 / 128)
    draws = augment.draws("critic")
    assert set(draws) == {"dequantised"}
    drawn = torch.from_numpy(draws["dequantised"].images((3, 2, 5), 7, 2, 4))
    assert drawn.shape == IMAGES.shape
    assert drawn.unique().numel() == drawn.numel()
    seen = augment.real(IMAGES, {"dequantised": drawn}, 9)
    torch.testing.assert_close(seen, IMAGES + drawn / 128)
    assert 0 < float((seen - IMAGES).min()) < float((seen - IMAGES).max()) < 1 / 128
    assert torch.equal(augment.fake(IMAGES, {}, 0), IMAGES)


def test_a_pixel_s_number_is_by_index():
    draw, model = PixelUniforms("x"), MODELS["dcgan"]
    whole = draw.images((3, 4, 5), 1, 0, 6)
    assert (draw.images((3, 4, 5), 1, 2, 3) == whole[2:5]).all()
    assert draw.rows(model, 1, 0, 2).shape == (2, 1, 1, 1)


@pytest.mark.parametrize("train", [WganGp, Dragan, R3Gan, partial(Vanilla, penalty="r1")])
def test_a_penalty_is_of_the_images_that_the_critic_sees(train):
    """Mirrored by hand, or by the option: the same penalty, of a critic that tells sides apart."""
    weights = torch.randn(IMAGES[0].numel(), generator=torch.Generator().manual_seed(0))
    networks = {"critic": lambda images: (images.flatten(1).square() @ weights.double()).sin()}
    noise = {
        "augment_real": DRAWN,
        "mix": torch.full((4, 1, 1, 1), 0.3, dtype=torch.float64),
        "near": torch.full(IMAGES.shape, 0.2, dtype=torch.float64),
    }

    def penalty(real, **settings):
        batch = Batch(0, real)
        found = train(**settings).slope_penalty(networks, 0.1 + IMAGES, batch, noise)
        return float(found.detach())

    option = penalty(IMAGES, augment=Augment(flips=True))
    assert option == pytest.approx(penalty(MIRRORED))
    assert option != pytest.approx(penalty(IMAGES), rel=1e-3)
