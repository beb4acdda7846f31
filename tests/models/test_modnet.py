"""ModNet: what it changes, whose weights stay, and siblings by their number."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ganray.errors import RefusedInput
from ganray.models import Dcgan, ModNet
from ganray.models.sampler import Sampler, new_networks
from ganray.train import GanTrainer, algorithms
from ganray.train.algorithms import check_fit
from tests.families import SHAPE, images, labels

SMALL = {"width": 2, "depth": 2, "critic_width": 2}


def test_a_change_is_bounded_and_depends_on_the_class():
    for bound in ("clip", "tanh"):
        network = new_networks(ModNet(**SMALL, bound=bound), SHAPE, 1, 3)["generator"]
        shown = 2 * torch.rand(4, *SHAPE) - 1
        made, change = network(shown, torch.tensor([0, 1, 2, 0]))
        other, _ = network(shown, torch.tensor([1, 1, 2, 0]))
        expected = shown + change
        expected = expected.clamp(-1, 1) if bound == "clip" else expected.tanh()
        torch.testing.assert_close(made, expected)
        assert float(change.detach().abs().max()) < 1
        assert not torch.equal(made[0], other[0])
        assert torch.equal(made[1:], other[1:])


def test_siblings_are_of_every_other_class_in_turn():
    model = ModNet(**SMALL)
    sampler = Sampler(model, SHAPE, new_networks(model, SHAPE, 0, 4), (1, 1, 1, 1))
    sources, known = images(5, 2), np.array([3, 0, 2, 1, 1])
    noise = sampler.of(sources, known).noise(9, "any", 0, 15)
    assert noise[:, -1].reshape(5, 3).tolist() == [
        *([0, 1, 2], [1, 2, 3], [3, 0, 1], [2, 3, 0], [2, 3, 0])
    ]
    pixels = (255 * noise[:, :-1]).round().to(torch.uint8).numpy().reshape(5, 3, *SHAPE)
    assert (pixels == sources[:, None]).all()
    again = sampler.of(sources, known).noise(0, "other", 4, 7)
    torch.testing.assert_close(again, noise[4:11])


@pytest.mark.parametrize("known", [None, np.array([0, 1]), np.array([0, 1, 2, 3, 9])])
def test_siblings_of_images_without_classes_are_refused(known):
    model = ModNet(**SMALL)
    sampler = Sampler(model, SHAPE, new_networks(model, SHAPE, 0, 4), (1, 1, 1, 1))
    with pytest.raises(RefusedInput, match=r"labels \(=.*\) must be the class, 0 to 3, of each of"):
        sampler.of(images(5), known)


def test_a_frozen_classifier_is_the_given_one_and_stays():
    model = ModNet(**SMALL, classifier="frozen")
    given = new_networks(model, SHAPE, 99, 3)["classifier"].state_dict()
    train = algorithms.ModNet(batch=4)
    own = images(12), model, train, 3, "cpu", labels(12), 3
    trainer = GanTrainer(*own, {"classifier": given})
    trainer.advance()
    for name, value in trainer.networks["classifier"].state_dict().items():
        assert torch.equal(value, given[name])
    with pytest.raises(RefusedInput, match=r"given \(=None\): classifier of modnet come from"):
        GanTrainer(*own)
    drawn = GanTrainer(*own, {}).networks["classifier"].state_dict()
    assert any(not torch.equal(drawn[name], value) for name, value in given.items())


def test_what_it_cannot_do_is_refused():
    with pytest.raises(RefusedInput, match=r"model.depth \(=5\) must be at most 4 of 16×16"):
        ModNet(depth=5).check(SHAPE, 3)
    with pytest.raises(RefusedInput, match="makes images of one class images of another"):
        ModNet().check(SHAPE, 1)
    with pytest.raises(RefusedInput, match=r"its classifier must be none, as train\.joint is true"):
        check_fit(ModNet(), algorithms.ModNet(joint=True))
    with pytest.raises(RefusedInput, match="its classifier must be trained or frozen"):
        check_fit(ModNet(classifier="none"), algorithms.ModNet())
    with pytest.raises(RefusedInput, match="it makes images of noise"):
        check_fit(Dcgan(), algorithms.ModNet())
    with pytest.raises(RefusedInput, match="it makes images of images, not of noise"):
        check_fit(ModNet(), algorithms.Vanilla())
