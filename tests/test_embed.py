"""Embedding: an image's features depend on the image and the network, not on its company."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ganray.embed import embed, embed_chunk
from ganray.metrics.features import Embedding, join
from ganray.models.encoders.networks.cafd import CafdEncoder
from ganray.models.layers.initial import initialise
from ganray.specs import EmbedSpec

SPEC = EmbedSpec(chunk=20)


@pytest.fixture(scope="module")
def encoder():
    network = CafdEncoder((1, 28, 28), 10)
    initialise(network, 0, "encoder")
    return network.eval()


@pytest.fixture(scope="module")
def images(mnist_small_images):
    return mnist_small_images[:70]


@pytest.fixture(scope="module")
def whole(encoder, images):
    return embed(encoder, images, SPEC)


def test_rows_are_the_networks_own(encoder, images, whole):
    with torch.no_grad():
        features, probabilities = encoder(torch.from_numpy(images[31:32] / 255).float())
    np.testing.assert_allclose(whole.features[31], features[0].numpy(), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(whole.probabilities[31], probabilities[0].numpy(), rtol=1e-4)
    assert whole.features.shape == (70, 1024)
    assert whole.count == 70


@pytest.mark.parametrize("count", [1, 7, 20, 21, 69])
def test_fewer_images_have_the_same_bits(encoder, images, whole, count):
    """The last chunk is padded, so that its kernels have the shape of all others."""
    few = embed(encoder, images[:count], SPEC)
    np.testing.assert_array_equal(few.features, whole.features[:count])
    np.testing.assert_array_equal(few.probabilities, whole.probabilities[:count])


def test_chunks_joined_from_several_shards_have_the_same_bits(encoder, images, whole):
    parts = {
        index: embed_chunk(encoder, images[20 * index : 20 * index + 20], SPEC)
        for index in (3, 1, 0, 2)
    }
    joined = join([parts[index] for index in range(4)])
    np.testing.assert_array_equal(joined.features, whole.features)
    np.testing.assert_array_equal(joined.probabilities, whole.probabilities)


def test_no_images_have_no_features(encoder, images):
    assert embed(encoder, images[:0], SPEC).features.shape == (0, 1024)


def test_a_slice_keeps_features_and_probabilities_together(whole):
    part = whole[5:9]
    assert isinstance(part, Embedding)
    np.testing.assert_array_equal(part.features, whole.features[5:9])
    np.testing.assert_array_equal(part.probabilities, whole.probabilities[5:9])


def test_more_than_a_chunk_is_refused(encoder, images):
    with pytest.raises(ValueError, match=r"images \(=21\) must be at most one chunk, 20"):
        embed_chunk(encoder, images[:21], SPEC)


def test_probabilities_among_some_classes_are_their_softmax():
    """As if the network knew no others; where it gave them nothing, they are equally likely."""
    logits = np.random.default_rng(0).normal(size=(5, 4)) * 3
    every = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    every[4] = [0.0, 1.0, 0.0, 0.0]
    given = Embedding(np.zeros((5, 2), np.float32), every.astype(np.float32))
    some = np.exp(logits[:, [0, 3]])
    found = given.among([0, 3]).probabilities
    np.testing.assert_allclose(found[:4], (some / some.sum(axis=1, keepdims=True))[:4], rtol=1e-6)
    assert found[4].tolist() == [0.5, 0.5]
    assert given.among([]) is given


def test_rows_of_some_spans():
    given = Embedding(np.arange(6, dtype=np.float32)[:, None], np.ones((6, 1), np.float32))
    assert given.of([[0, 1], [3, 5]]).features[:, 0].tolist() == [0, 3, 4]
    assert given.of([]) is given
