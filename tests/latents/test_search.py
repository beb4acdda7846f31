"""Range-space search: against one image at a time by torch's SGD, and in the right direction."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from ganray.errors import RefusedInput
from ganray.latents.search import SearchChunk, collect, search, search_chunk
from ganray.models import Conditional, DefenseGan, FullyConnected, Mixture
from ganray.models.sampler import Sampler, new_networks
from ganray.randomness import normals, uniforms
from ganray.sample import sample
from ganray.spec import parse
from ganray.specs import SearchSpec
from tests.reference import defense_gan as reference

SHAPE = (1, 28, 28)
MODEL = DefenseGan(width=4, latent=8)
SPEC = SearchSpec(steps=12, chunk=7)
SEED = 3


@pytest.fixture(scope="module")
def generator():
    """Random weights, scaled up so that latents change the picture."""
    sampler = Sampler(MODEL, SHAPE, new_networks(MODEL, SHAPE, seed=1))
    with torch.no_grad():
        for name, weight in sampler.named_parameters():
            if name.endswith("weight"):
                weight.mul_(2)
    return sampler


@pytest.fixture(scope="module")
def targets(generator, mnist_small_images):
    """Two of the generator's own images, two digits, and noise."""
    noise = (255 * uniforms(0, "noise", 0, 1, 784)).astype(np.uint8).reshape(1, *SHAPE)
    return np.concatenate([sample(generator, 2, seed=9), mnist_small_images[:2], noise])


@pytest.fixture(scope="module")
def three_restarts(generator, targets):
    return search(generator, targets, restarts=3, seed=SEED, spec=SPEC)


def equal(mine, theirs) -> bool:
    pairs = zip(dataclasses.astuple(mine), dataclasses.astuple(theirs), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


def test_every_pair_ends_where_plain_sgd_with_momentum_does(generator, targets, three_restarts):
    weights, best = generator.tensors(), {}
    for target in range(5):
        for restart in range(3):
            start = normals(SEED, f"search/{target}", restart, 1, 8)[0] * (1 / 128) ** 0.5
            latent, residual = reference.search(
                weights,
                MODEL.width,
                torch.tensor(targets[target] / 255).float(),
                start.astype(np.float32),
                SPEC.steps,
                SPEC.learning_rate,
                SPEC.momentum,
            )
            found = three_restarts.residuals[target, restart]
            assert found == pytest.approx(residual, rel=1e-4)
            if residual < best.get(target, (np.inf,))[0]:
                best[target] = (residual, restart, latent.numpy())
    for target, (_, restart, latent) in best.items():
        assert three_restarts.best[target] == restart
        np.testing.assert_allclose(three_restarts.latents[target], latent, rtol=1e-3, atol=1e-4)


def test_the_published_settings_are_the_defaults():
    spec = SearchSpec()
    assert (spec.steps, spec.learning_rate, spec.momentum) == (200, 10.0, 0.7)
    assert spec.initial_variance == 1 / 128


def test_answers_are_the_generators_images_of_the_latents(generator, three_restarts, targets):
    with torch.no_grad():
        images = generator(torch.from_numpy(three_restarts.latents)).numpy()
    assert np.abs(np.rint(255 * images) - three_restarts.images).max() <= 1
    errors = np.square(images - targets / 255).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(three_restarts.best_residuals, errors, rtol=1e-4)


def test_a_restart_starts_near_the_origin(generator, targets):
    """With no step to speak of, the latents are z₀: variance 1/128 per coordinate."""
    still = SearchSpec(steps=1, learning_rate=1e-12, chunk=200)
    starts = search_chunk(generator, targets, still, SEED, 0).latents
    assert starts.std() == pytest.approx((1 / 128) ** 0.5, rel=0.05)


def test_own_samples_are_found_and_other_images_are_not(generator, targets):
    """Direction. What is left of an own sample is its rounding to 8 bits: a step squared / 12."""
    found = search(generator, targets, 3, SEED, SearchSpec(steps=60, chunk=15)).best_residuals
    np.testing.assert_allclose(found[:2], 1 / (12 * 255**2), rtol=0.1)
    assert found[2:].min() > 0.05


def test_more_steps_come_nearer(generator, targets, three_restarts):
    fewer = search(generator, targets, 3, SEED, SearchSpec(steps=4, chunk=15))
    assert (three_restarts.best_residuals[:2] < 0.5 * fewer.best_residuals[:2]).all()


@pytest.mark.parametrize("shards", [2, 3])
def test_shards_of_chunks_give_the_same_answers(generator, targets, three_restarts, shards):
    chunks = {
        index: search_chunk(generator, targets, SPEC, SEED, index)
        for shard in range(shards)
        for index in reversed(range(shard, 3, shards))
    }
    joined = collect([chunks[index] for index in range(3)], len(targets), 3)
    assert equal(joined, three_restarts)


def test_more_restarts_keep_the_earlier_ones_and_never_worsen(generator, targets, three_restarts):
    more = search(generator, targets, restarts=4, seed=SEED, spec=SPEC)
    np.testing.assert_array_equal(more.residuals[:, :3], three_restarts.residuals)
    assert (more.best_residuals <= three_restarts.best_residuals).all()


def test_the_weights_are_left_as_they_were(generator, targets):
    network = generator.networks["generator"]
    network.deconv1.weight.requires_grad_(False)
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    search_chunk(generator, targets, SPEC, SEED, 0)
    assert not network.deconv1.weight.requires_grad
    assert network.linear.weight.requires_grad
    assert network.linear.weight.grad is None
    network.deconv1.weight.requires_grad_(True)
    assert all(torch.equal(value, before[name]) for name, value in generator.state_dict().items())


def test_the_least_residual_wins_and_what_is_no_number_never_does():
    residuals = np.array([[np.nan, 0.3], [0.2, 0.3], [0.1, np.inf]], np.float32)  # restart, target
    latents = np.arange(6, dtype=np.float32)[:, None]
    images = np.arange(6, dtype=np.uint8)[:, None, None, None]
    found = collect([SearchChunk(latents, residuals.ravel(), images)], targets=2, restarts=3)
    assert found.best.tolist() == [2, 0]  # the first of equal ones
    assert found.latents.ravel().tolist() == [4, 1]
    assert found.images.ravel().tolist() == [4, 1]
    np.testing.assert_array_equal(found.residuals, residuals.T)


def test_what_chooses_among_classes_and_components_is_no_latent_number():
    """Starts are of every class, and none is changed by the descent."""
    plain = FullyConnected(width=4, latent=3)
    still = SearchSpec(steps=2, chunk=20, initial_variance=1 / 128)
    for model, choices in ((Conditional(of=plain), 4), (Mixture(of=plain, components=4), 4)):
        networks = new_networks(model, SHAPE, seed=1, classes=4)
        sampler = Sampler(model, SHAPE, networks, (1,) * 4).eval()
        targets = np.zeros((2, *SHAPE), np.uint8)
        found = search_chunk(sampler, targets, still, 0, 0).latents
        last = found[:, -1] if model.labelled else np.floor(found[:, -1] * choices)
        assert set(last.tolist()) == set(range(choices))
        assert np.abs(found[:, :3]).max() < 1


PRIOR = DefenseGan(width=4, latent=8, prior={"variance": 0.25})


@pytest.mark.parametrize(
    ("model", "projection", "setting"),
    [
        (MODEL, "shell", {}),
        (MODEL, "ball", {"radius": 0.1}),
        (MODEL, "box", {"bound": 0.05}),
        (PRIOR, "shell", {"radius": 0.5}),
        (PRIOR, "box", {"bound": 0.1}),
    ],
)
def test_a_projection_holds_after_every_step(generator, targets, model, projection, setting):
    """Against one pair at a time by autograd; ends lie where they may."""
    sampler = Sampler(model, SHAPE, dict(generator.networks.items()))
    spec = SearchSpec(steps=5, chunk=5, projection=projection, **setting)
    found = search_chunk(sampler, targets, spec, SEED, 0).latents
    deviation = model.prior.variance**0.5

    def project(z: torch.Tensor) -> torch.Tensor:
        radius = spec.radius * deviation * 8**0.5
        if projection == "box":
            return z.clip(-spec.bound * deviation, spec.bound * deviation)
        if projection == "ball" and z.norm() <= radius:
            return z
        return z / z.norm() * radius

    for target, ended in enumerate(found):
        start = normals(SEED, f"search/{target}", 0, 1, 8) * deviation * (1 / 128) ** 0.5
        z, velocity = project(torch.from_numpy(start).float()), torch.zeros(1, 8)
        wanted = torch.from_numpy(targets[target : target + 1] / 255).float()
        for _ in range(5):
            z = z.detach().requires_grad_(True)
            loss = torch.nn.functional.mse_loss(sampler(z), wanted)
            velocity = spec.momentum * velocity + torch.autograd.grad(loss, z)[0]
            z = project(z - spec.learning_rate * velocity)
        np.testing.assert_allclose(ended, z.detach().numpy()[0], rtol=1e-3, atol=1e-5)


def test_projected_latents_keep_what_chooses():
    plain = FullyConnected(width=4, latent=3, law="normal")
    model = Conditional(of=plain)
    sampler = Sampler(model, SHAPE, new_networks(model, SHAPE, seed=1, classes=4), (1,) * 4).eval()
    spec = SearchSpec(steps=2, chunk=20, projection="shell")
    found = search_chunk(sampler, np.zeros((2, *SHAPE), np.uint8), spec, 0, 0).latents
    np.testing.assert_allclose(np.linalg.norm(found[:, :3], axis=1), 3**0.5, rtol=1e-5)
    assert set(found[:, 3].tolist()) == {0, 1, 2, 3}


def test_a_projection_of_uniform_latents_is_refused(targets):
    model = FullyConnected(width=4, latent=3)
    sampler = Sampler(model, SHAPE, new_networks(model, SHAPE, seed=1)).eval()
    with pytest.raises(RefusedInput, match=r"search.projection \(='ball'\) is of normal"):
        search(sampler, targets, 1, spec=SearchSpec(projection="ball"))


@pytest.mark.parametrize(
    "setting",
    [{"radius": 2}, {"bound": 1}, {"projection": "box", "radius": 2},
     {"projection": "shell", "bound": 1}],
)  # fmt: skip
def test_a_bound_without_its_projection_is_refused(setting):
    with pytest.raises(RefusedInput, match="has no meaning with projection"):
        parse(SearchSpec, setting, "search")


LBFGS = SearchSpec(method="lbfgs", steps=12, chunk=7)


def test_l_bfgs_is_nearer_after_fewer_steps(generator, targets):
    """Of images that it cannot make; of its own ones either may be caught in another valley."""
    by_momentum = search(generator, targets[2:], 3, SEED, SearchSpec(steps=48, chunk=7))
    by_curvature = search(generator, targets[2:], 3, SEED, LBFGS)
    assert (by_curvature.best_residuals < by_momentum.best_residuals).all()


def test_l_bfgs_ends_where_it_does_whatever_the_chunks_and_restarts(generator, targets):
    three = search(generator, targets, 3, SEED, LBFGS)
    two = search(generator, targets, 2, SEED, LBFGS)
    np.testing.assert_array_equal(two.residuals, three.residuals[:, :2])
    images = search(generator, targets, 3, SEED, LBFGS.model_copy(update={"chunk": 4})).residuals
    np.testing.assert_allclose(images, three.residuals, rtol=1e-3)


@pytest.mark.parametrize(
    "told", [{"learning_rate": 1.0}, {"momentum": 0.5}, {"projection": "shell"}], ids=str
)
def test_what_is_of_momentum_alone_is_refused_of_l_bfgs(told):
    (name,) = told
    with pytest.raises(RefusedInput, match=rf"{name} .*has no meaning with method"):
        parse(SearchSpec, {"method": "lbfgs", **told}, "search")


RIVALS = [
    ("halving", "momentum"), ("early_stop", "momentum"),
    ("halving", "lbfgs"), ("early_stop", "lbfgs"),
]  # fmt: skip


@pytest.mark.parametrize(("stopping", "method"), RIVALS)
def test_rivals_are_those_of_one_target_whatever_the_chunks(generator, targets, stopping, method):
    """A chunk is three groups of four restarts; of the three targets, as it happens."""
    told = {"stopping": stopping, "together": 4, "steps": 8, "method": method}
    targets = targets[:3]
    spec = SearchSpec.model_validate(told | {"chunk": 14})
    found = search(generator, targets, 8, SEED, spec)
    assert found.residuals.shape == (3, 8)
    chunks = [search_chunk(generator, targets, spec, SEED, at) for at in (1, 0)]
    assert equal(collect(chunks[::-1], 3, 8, spec), found)
    alone = SearchSpec.model_validate(told | {"chunk": 4})
    np.testing.assert_allclose(
        search(generator, targets, 8, SEED, alone).residuals, found.residuals, rtol=1e-3
    )
    more = search(generator, targets, 12, SEED, spec)
    np.testing.assert_array_equal(more.residuals[:, :8], found.residuals)


@pytest.mark.parametrize("method", ["momentum", "lbfgs"])
def test_who_goes_to_the_end_ends_where_it_does_alone(generator, targets, method):
    """And whoever is given up ends where it was then."""
    told = {"steps": 16, "method": method, "chunk": 20}
    spec = SearchSpec.model_validate(told | {"stopping": "halving", "together": 4})
    plain = search(generator, targets, 4, SEED, SearchSpec.model_validate(told))
    found = search(generator, targets, 4, SEED, spec)
    ends = np.isclose(found.residuals, plain.residuals, rtol=1e-3)
    assert ends.sum(axis=1).min() >= 1
    np.testing.assert_allclose(
        found.best_residuals, found.residuals[np.arange(5), found.best], rtol=0
    )
    assert (found.residuals >= plain.residuals.min(axis=1)[:, None] * 0.999).all()


def test_restarts_that_compete_make_whole_groups(generator, targets):
    spec = SearchSpec(stopping="halving", together=4)
    with pytest.raises(RefusedInput, match=r"restarts \(=10\) must be a multiple of .*\(=4\)"):
        search(generator, targets, 10, SEED, spec)
    with pytest.raises(RefusedInput, match=r"together \(=50\) must be at most chunk \(=40"):
        parse(SearchSpec, {"stopping": "halving", "together": 50}, "search")
    with pytest.raises(RefusedInput, match=r"together \(=4\) has no meaning"):
        parse(SearchSpec, {"together": 4}, "search")
