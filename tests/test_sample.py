"""Samples: a sequence by index, whatever the number asked for and however it is shared out."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ganray.models import DefenseGan
from ganray.models.sampler import Sampler, new_networks
from ganray.sample import interpolate, mix, mix_chunk, quantise, sample, sample_chunk
from ganray.specs import SampleSpec

SHAPE = (1, 28, 28)
SPEC = SampleSpec(chunk=60)


@pytest.fixture(scope="module")
def generator():
    model = DefenseGan(width=4, latent=8)
    return Sampler(model, SHAPE, new_networks(model, SHAPE, seed=1))


@pytest.fixture(scope="module")
def three_hundred(generator):
    return sample(generator, 300, seed=5, spec=SPEC)


@pytest.mark.parametrize("count", [0, 1, 7, 60, 61, 299])
def test_fewer_samples_are_a_prefix_of_more(generator, three_hundred, count):
    few = sample(generator, count, seed=5, spec=SPEC)
    assert few.shape == (count, *SHAPE)
    np.testing.assert_array_equal(few, three_hundred[:count])


@pytest.mark.parametrize("shards", [1, 2, 3, 5])
def test_shards_of_chunks_give_the_same_images(generator, three_hundred, shards):
    """Each shard owns every k-th chunk, and works backwards."""
    found = {}
    for shard in range(shards):
        for index in reversed(range(shard, 5, shards)):
            found[index] = sample_chunk(generator, SPEC, 5, index)
    joined = np.concatenate([found[index] for index in range(5)])
    np.testing.assert_array_equal(joined, three_hundred)


def test_each_image_is_that_of_its_own_latent(generator, three_hundred):
    """One image at a time, to one step of 255: float32 bits depend on the batch."""
    for index in (0, 59, 60, 211):
        with torch.no_grad():
            image = generator(generator.noise(5, "sample", index, 1))[0].numpy()
        rounded = np.floor(image * 255 + 0.5)
        assert np.abs(rounded - three_hundred[index]).max() <= 1


def test_seeds_give_other_images(generator, three_hundred):
    assert not np.array_equal(sample(generator, 7, seed=6, spec=SPEC), three_hundred[:7])
    assert len(np.unique(three_hundred.reshape(300, -1), axis=0)) == 300


def test_latents_are_standard_normal(generator):
    z = generator.noise(0, "sample", 0, 5000)
    assert z.dtype == torch.float32
    assert abs(z.mean()) < 0.02
    assert abs(z.std() - 1) < 0.02


def test_rounding_is_to_the_nearest_within_8_bits():
    values = torch.tensor([0, 0.4 / 255, 0.6 / 255, 127.4 / 255, 254.6 / 255, 1.0])
    assert quantise(values.view(1, 1, 1, 6)).ravel().tolist() == [0, 0, 1, 127, 255, 255]


@pytest.fixture(scope="module")
def members(generator):
    other = Sampler(generator.model, SHAPE, new_networks(generator.model, SHAPE, seed=2))
    return [generator, other]


def test_a_mixture_is_drawn_by_its_shares(members):
    drawn = [mix_chunk(members, [1.0, 3.0], SPEC, 5, index)[1] for index in range(20)]
    share = np.concatenate(drawn).mean()
    assert abs(share - 0.75) < 4 * (0.75 * 0.25 / 1200) ** 0.5
    assert mix_chunk(members, [1.0, 0.0], SPEC, 5, 0)[1].max() == 0


def test_images_of_a_mixture_are_those_of_whose_they_are(members):
    images, whose = mix_chunk(members, [1.0, 1.0], SPEC, 5, 1)
    for member, sampler in enumerate(members):
        with torch.no_grad():
            alone = quantise(sampler(sampler.noise(5, "sample", SPEC.chunk, SPEC.chunk)))
        own = whose == member
        apart = np.abs(images[own].astype(int) - alone[own].astype(int))
        assert own.any()
        assert apart.max() <= 1  # float32 bits depend on the batch


def test_fewer_of_a_mixture_are_a_prefix_of_more(members):
    many = mix(members, [2.0, 1.0], 130, seed=5, spec=SPEC)
    for count in (0, 7, 60, 61):
        few = mix(members, [2.0, 1.0], count, seed=5, spec=SPEC)
        np.testing.assert_array_equal(few, many[:count])


def test_truncated_samples_are_alike_and_still_go_by_index(generator, three_hundred):
    spec = SampleSpec(chunk=60, truncation=0.3)
    held = sample(generator, 120, seed=5, spec=spec)
    np.testing.assert_array_equal(sample(generator, 61, seed=5, spec=spec), held[:61])
    spread = held.astype(float).std(axis=0).mean()
    assert spread < 0.6 * three_hundred.astype(float).std(axis=0).mean()


@pytest.mark.parametrize("path", [None, "great-circle", "straight"])
def test_ways_lead_from_sample_to_sample(generator, three_hundred, path):
    ways = interpolate(generator, 3, 5, seed=5, path=path)
    assert ways.shape == (3, 5, *SHAPE)
    ends = np.stack([ways[:, 0], ways[:, -1]]).astype(int)
    wanted = np.stack([three_hundred[:3], three_hundred[1:4]])
    assert np.abs(ends - wanted).max() <= 1  # float32 bits depend on the batch
    np.testing.assert_array_equal(interpolate(generator, 1, 5, seed=5, path=path), ways[:1])


def test_the_paths_differ_between_their_ends(generator):
    ways = [interpolate(generator, 2, 5, 5, path) for path in ("great-circle", "straight")]
    assert not np.array_equal(*ways)
    assert interpolate(generator, 0, 5).shape == (0, 5, *SHAPE)
