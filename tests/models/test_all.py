"""What holds for the networks of every family."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest
import torch

from ganray.models import MODELS as KNOWN
from ganray.models import BiGan, Conditional, Dcgan, InfoGan, Mixture, Progressive, Vae
from ganray.models.layers.chain import Critic
from ganray.models.sampler import Sampler, new_networks, trained_sampler
from ganray.sample import sample
from ganray.tensors import deserialise, serialise
from ganray.train.algorithms import ALGORITHMS, check_fit
from ganray.train.costs.flops import gan_flops, gan_parameters, sampling_flops
from tests.families import CLASSES, MODELS, SHAPE, classes_for, images

every = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())


def test_none_is_left_out():
    assert {one.name for one in MODELS.values()} == set(map(KNOWN.word, KNOWN))


def first(made):
    """Of a network that tells several things the first."""
    return made[0] if isinstance(made, tuple) else made


def state(networks):
    return {
        f"{role}/{name}": value
        for role, network in networks.items()
        for name, value in network.state_dict().items()
    }


@every
def test_first_weights_follow_from_the_seed_alone(model):
    torch.manual_seed(1)
    classes = classes_for(model)
    one = state(new_networks(model, SHAPE, 7, classes))
    torch.manual_seed(2)
    other = state(new_networks(model, SHAPE, 7, classes))
    third = state(new_networks(model, SHAPE, 8, classes))
    assert all(torch.equal(one[name], other[name]) for name in one)
    changed = {name for name in one if not torch.equal(one[name], third[name])}
    drawn = {name for name in one if one[name].ndim > 1 and one[name].unique().numel() > 2}
    assert drawn
    assert drawn <= changed


@every
@pytest.mark.parametrize("shape", [SHAPE, (3, 28, 28), (3, 32, 24)], ids=str)
def test_images_are_in_range_and_their_noise_is_by_index(model, shape):
    counts = (5, 3, 2)[: classes_for(model)]
    networks = new_networks(model, shape, 3, len(counts))

    def given(sampler):
        return sampler.of(images(5, 4, shape), np.arange(5) % 3) if model.of_images else sampler

    sampler = given(Sampler(model, shape, networks, counts).eval())
    noise = sampler.noise(1, "x", 0, 6)
    made = sampler(noise).detach()
    assert made.shape == (6, *shape)
    assert float(made.min()) >= 0
    assert float(made.max()) <= 1
    torch.testing.assert_close(noise[2:], sampler.noise(1, "x", 2, 4))
    stored = deserialise(serialise(sampler.tensors()))
    again = given(trained_sampler(model, shape, stored, counts))
    assert (sample(again, 6, 1) == sample(sampler.requires_grad_(False), 6, 1)).all()
    if model.signed:
        torch.testing.assert_close(model.pixels(made), 2 * made - 1)


@every
def test_critics_tell_values_features_and_what_heads_are_asked_for(model):
    networks = new_networks(model, SHAPE, 3, classes_for(model), {"classes": 4, "code": 2})
    for role in model.featured:
        critic = networks[role].eval()
        assert isinstance(getattr(critic, "critic", critic), Critic)
        shown = torch.rand(5, *SHAPE)
        told = {"labels": torch.arange(5) % CLASSES} if role in model.labelled else {}
        value, features, logits, code = critic(
            shown, "value", "features", "classes", "code", **told
        )
        torch.testing.assert_close(value, critic(shown, **told))
        assert (value.shape, logits.shape, code.shape) == ((5,), (5, 4), (5, 2))
        assert features.ndim == 2
        assert len(features) == 5


@every
def test_an_image_is_judged_by_itself_unless_the_family_says_so(model):
    networks = new_networks(model, SHAPE, 3, classes_for(model))
    for role in set(model.roles) - {"encoder", "judge"}:
        network = networks[role].train()
        rows = None if role != "generator" or model.of_images else model.latents.size
        channels = 2 * SHAPE[0] if model.name == "pix2pix" and role == "critic" else SHAPE[0]
        inputs = torch.randn(6, rows) if rows else torch.rand(6, channels, *SHAPE[1:])
        way = {"translator": (1,), "generator": (torch.arange(6) % 3,) if model.of_images else ()}
        told = {"labels": torch.arange(6) % CLASSES} if role in model.labelled else {}
        # Of copies: a pass in training moves the vectors of spectral norms.
        before = first(deepcopy(network)(inputs, *way.get(role, ()), **told))[0]
        other = inputs.clone()
        other[1:] = other[1:].roll(1, 0) * 0.7
        after = first(deepcopy(network)(other, *way.get(role, ()), **told))[0]
        if role in model.coupled:
            assert not torch.equal(before, after), role
        else:
            torch.testing.assert_close(before, after, rtol=1e-4, atol=1e-6)


@every
def test_sizes_and_operations_are_counted_without_any(model):
    with torch.device("meta"):
        networks = new_networks(model, SHAPE, None, classes_for(model))
    sizes = {role: sum(p.numel() for p in one.parameters()) for role, one in networks.items()}
    classes = classes_for(model)
    assert gan_parameters(SHAPE, model, None, classes) == sizes
    assert sampling_flops(SHAPE, model, classes) > 0
    fitting = []
    joint = ALGORITHMS.member("modnet")(batch=4, joint=True)
    for train in (*(one(batch=4) for one in ALGORITHMS), joint):
        try:
            check_fit(model, train)
        except ValueError:
            continue
        fitting.append(train)
    assert fitting
    assert gan_flops(SHAPE, model, fitting[-1], classes) > 0  # of one: it takes a while


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: Mixture(of=Progressive()), "progressive's networks are not layers in a row"),
        (lambda: Vae(of=Progressive()), "progressive's networks are not layers in a row"),
        (lambda: BiGan(of=Dcgan(per_class=True)), "dcgan is told labels, and these are not"),
        (lambda: Conditional(of=BiGan()), "of"),
    ],
)
def test_networks_that_cannot_be_made_of_others_are_refused(made, said):
    with pytest.raises(ValueError, match=said):
        made()


def test_networks_made_of_others_have_their_sizes_and_grow_as_they_do():
    codes = InfoGan(width=2, units=4, latent=3, categories=3, continuous=1)
    for model in (Conditional(of=codes), Vae(of=codes, latent=5), Mixture(of=codes)):
        networks = new_networks(model, SHAPE, 0, CLASSES)
        sampler = Sampler(model, SHAPE, networks, (1,) * CLASSES).eval()
        assert sampler(sampler.noise(0, "x", 0, 3)).shape == (3, *SHAPE)
    growing = Conditional(of=Progressive(width=2, latent=2, phase=10))
    networks = new_networks(growing, SHAPE, 0, CLASSES)
    growing.prepare(networks, 0)
    assert networks["generator"].generator.grown == networks["critic"].critic.grown == 0
    assert growing.alike(15) == growing.of.alike(15)
