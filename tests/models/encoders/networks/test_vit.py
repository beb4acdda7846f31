"""DINOv2 and CLIP: published names and shapes, files of several projects, and NumPy's answer."""

from __future__ import annotations

import hashlib
import warnings

import numpy as np
import pytest
import torch
from torch import nn

from ganray.errors import RefusedInput
from ganray.models.encoders import Clip, DinoV2
from ganray.models.encoders.networks import clip, dino_v2
from ganray.models.encoders.networks.vit import Form, VisionTransformer, interpolated
from ganray.tensors import serialise
from tests.models.encoders.networks import published_vit as published
from tests.reference import transformers as reference

WIDTH, LAYERS, HEADS, PATCH, OUTPUTS = 16, 2, 4, 56, 12
"""A network of 4 × 4 patches, small enough for loops."""
NOWHERE = {"weights": "w", "sha256": "0" * 64}


def small_dino(grid: int) -> Form:
    form = dino_v2.FORMS["S/14"]
    return form._replace(patch=PATCH, width=WIDTH, layers=LAYERS, heads=HEADS, grid=grid)


@pytest.fixture(params=[4, 5, 7])
def dino_state(request, monkeypatch):
    """A file's tensors, of positions on the patches' own grid or on another."""
    monkeypatch.setitem(dino_v2.FORMS, "S/14", small_dino(request.param))
    shapes = published.dino_v2_shapes(WIDTH, LAYERS, PATCH, request.param**2)
    return published.random_tensors(shapes)


@pytest.fixture
def clip_state(monkeypatch):
    """A whole file's tensors, whose image tower is small."""
    small = {"patch": PATCH, "width": WIDTH, "layers": LAYERS, "heads": HEADS, "grid": 4}
    form = clip.FORMS["B/32"]._replace(outputs=OUTPUTS, **small)
    monkeypatch.setitem(clip.FORMS, "B/32", form)
    shapes = published.clip_shapes(WIDTH, LAYERS, PATCH, 16, OUTPUTS)
    return published.random_tensors(shapes | published.TEXT_TOWER)


def images(channels: int) -> torch.Tensor:
    return torch.rand(2, channels, 28, 30, generator=torch.Generator().manual_seed(3))


def shapes_of(network: nn.Module) -> published.Shapes:
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


@pytest.mark.parametrize("vit", published.DINO_V2)
def test_dino_v2_has_the_published_tensors(vit):
    """All but the token that stands for what is hidden in training."""
    expected = published.dino_v2_shapes(*published.DINO_V2[vit])
    with torch.device("meta"):
        network = DinoV2(vit=vit, **NOWHERE).network((3, 32, 32), 10)
    own = dino_v2.own_names({name: torch.empty(shape, device="meta")
                             for name, shape in expected.items()})  # fmt: skip
    assert shapes_of(network) == {name: tuple(tensor.shape) for name, tensor in own.items()}
    assert expected.keys() - own.keys() == {"mask_token"}
    assert network.dimensions == published.DINO_V2[vit][0]
    parameters = {"S/14": 22_056_192, "B/14": 86_579_712, "L/14": 304_367_616}[vit]
    assert sum(p.numel() for p in network.parameters()) == parameters


@pytest.mark.parametrize("vit", published.CLIP)
def test_clip_has_the_published_tensors(vit):
    expected = published.clip_shapes(*published.CLIP[vit])
    with torch.device("meta"):
        network = Clip(vit=vit, **NOWHERE).network((3, 32, 32), 10)
        state = {name: torch.empty(shape) for name, shape in expected.items()}
        own = clip.own_names(state)
        same = clip.own_names(published.hugging_face_clip(state))
    assert shapes_of(network) == {name: tuple(tensor.shape) for name, tensor in own.items()}
    assert shapes_of(network) == {name: tuple(tensor.shape) for name, tensor in same.items()}
    assert network.dimensions == published.CLIP[vit][-1]
    parameters = {"B/32": 87_849_216, "L/14": 303_966_208}[vit]
    assert sum(p.numel() for p in network.parameters()) == parameters


@torch.no_grad()
@pytest.mark.parametrize("channels", [1, 3])
def test_dino_v2_computes_what_loops_do(dino_state, channels, tmp_path):
    network = DinoV2(weights=(told := published.saved(dino_state, tmp_path / "w.pth"))[0],
                     sha256=told[1]).read()  # fmt: skip
    features, probabilities = network(images(channels))
    expected = [
        reference.dino_v2(
            dino_state,
            reference.prepared(one, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
            HEADS,
            PATCH,
        )
        for one in images(channels).numpy()
    ]
    np.testing.assert_allclose(features, expected, rtol=1e-4, atol=1e-4)
    assert probabilities.shape == (2, 0)
    assert np.abs(np.subtract(*expected)).max() > 0.01  # the random weights tell images apart
    assert not network.training
    assert not any(p.requires_grad for p in network.parameters())


@torch.no_grad()
@pytest.mark.parametrize("activation", ["quick_gelu", "gelu"])
def test_clip_computes_what_loops_do(clip_state, activation, tmp_path):
    path, digest = published.saved(clip_state, tmp_path / "w.pt")
    features, probabilities = Clip(weights=path, sha256=digest, activation=activation).read()(
        images(3)
    )
    mean, deviation = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
    expected = [
        reference.clip(
            clip_state, reference.prepared(one, mean, deviation), HEADS, PATCH, activation
        )
        for one in images(3).numpy()
    ]
    np.testing.assert_allclose(features, expected, rtol=1e-4, atol=1e-4)
    assert features.shape == (2, OUTPUTS)
    assert probabilities.shape == (2, 0)
    assert np.abs(np.subtract(*expected)).max() > 0.01


def same(one: nn.Module, other: nn.Module) -> bool:
    mine, theirs = one.state_dict(), other.state_dict()
    return mine.keys() == theirs.keys() and all(torch.equal(mine[n], theirs[n]) for n in mine)


def test_dino_v2_is_read_as_hugging_face_has_it(dino_state, tmp_path):
    official = dino_v2.load_dino_v2("S/14", *published.saved(dino_state, tmp_path / "a.pth"))
    path = tmp_path / "model.safetensors"
    path.write_bytes(serialise(published.hugging_face_dino_v2(dino_state)))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert same(official, dino_v2.load_dino_v2("S/14", str(path), digest))


def load_clip(path: str, digest: str) -> VisionTransformer:
    return clip.load_clip("B/32", "quick_gelu", path, digest)


def test_clip_is_read_as_hugging_face_has_it(clip_state, tmp_path):
    official = load_clip(*published.saved(clip_state, tmp_path / "a.pt"))
    theirs = published.hugging_face_clip(clip_state)
    assert same(official, load_clip(*published.saved(theirs, tmp_path / "b.bin")))


def test_numbers_of_half_precision_are_widened(clip_state, tmp_path):
    """As OpenAI's are stored."""
    halves = {name: tensor.half() for name, tensor in clip_state.items()}
    network = load_clip(*published.saved(halves, tmp_path / "w.pt"))
    assert network.pos_embed.dtype == torch.float32
    assert torch.equal(network.pos_embed[0], halves["visual.positional_embedding"].float())


class Tree(nn.Module):
    """A module whose state has given names."""

    def __init__(self, state: dict[str, torch.Tensor]) -> None:
        super().__init__()
        for name in {name.partition(".")[0] for name in state}:
            below = {n.partition(".")[2]: t for n, t in state.items() if n.split(".")[0] == name}
            if "" in below:
                self.register_buffer(name, below[""])
            else:
                self.add_module(name, Tree(below))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Nothing of use."""
        return x


def test_openais_program_is_opened_by_its_digest_alone(clip_state, tmp_path, monkeypatch):
    """Theirs is TorchScript, with numbers beside the weights."""
    path = tmp_path / "ViT-B-32.pt"
    numbers = {name: torch.tensor(224) for name in ("input_resolution", "context_length")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        program = torch.jit.trace(Tree(clip_state | numbers), torch.zeros(1))
        torch.jit.save(program, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(RefusedInput, match="are a TorchScript program, which is code"):
        load_clip(str(path), digest)
    monkeypatch.setitem(clip.PUBLISHED, "B/32", digest)
    official = load_clip(*published.saved(clip_state, tmp_path / "a.pt"))
    assert same(official, load_clip(str(path), digest))


def test_digests_of_openais_files_are_those_of_their_urls():
    assert {vit: digest[:8] for vit, digest in clip.PUBLISHED.items()} == {
        "B/32": "40d36571",
        "L/14": "b8cca3fd",
    }


def test_positions_keep_their_place_on_another_grid():
    """A bump stays where it was; the class token's own is left alone."""
    positions = torch.zeros(1, 37**2 + 1, 3)
    positions[0, 0] = 7
    positions[0, 1 + 19 * 37 + 10] = 1
    found = interpolated(positions, 16)
    assert found.shape == (1, 257, 3)
    assert torch.equal(found[0, 0], torch.full((3,), 7.0))
    expected = reference.interpolated(positions[0, 1:].double().numpy(), 16)
    np.testing.assert_allclose(found[0, 1:], expected.reshape(256, 3), atol=1e-5)
    row, column = divmod(int(found[0, 1:, 0].argmax()), 16)
    assert (row, column) == (8, 4)


def refused(load, *told) -> str:
    with pytest.raises(RefusedInput) as refusal:
        load(*told)
    return str(refusal.value)


def test_wrong_files_are_named(clip_state, dino_state, tmp_path):
    def dino(state):
        return refused(dino_v2.load_dino_v2, "S/14", *published.saved(state, tmp_path / "w"))

    def tower(state):
        return refused(load_clip, *published.saved(state, tmp_path / "w"))

    text = {name: t for name, t in clip_state.items() if not name.startswith("visual.")}
    assert (
        "are a CLIP file without the image tower, not CLIP's ViT-B/32: they lack cls_token, "
        "pos_embed, patch_embed.proj.weight and 29 more" in tower(text)
    )
    bare = {name: t for name, t in clip_state.items() if name != "visual.proj"}
    assert "are CLIP's image tower without its projection" in tower(bare)
    assert "are a vision transformer of DINOv2's form, not CLIP's ViT-B/32" in tower(dino_state)
    assert "are a CLIP with another vision transformer, not DINOv2's ViT-S/14" in dino(clip_state)
    registers = dino_state | {"register_tokens": torch.zeros(1, 4, WIDTH)}
    said = dino(registers)
    assert "are DINOv2's network with registers, not DINOv2's ViT-S/14: they have the" in said
    assert "unexpected register_tokens" in said
    larger = published.dino_v2_shapes(768, 1)
    assert "are DINOv2's ViT-B/14, not DINOv2's ViT-S/14: they " in dino(
        {name: torch.empty(1).expand(shape) for name, shape in larger.items()}
    )
    plain = {name: t for name, t in dino_state.items() if ".ls" not in name}
    assert "without layer scales, as the first DINO's, not DINOv2's ViT-S/14: they lack" in dino(
        plain
    )
    assert "have sha256" in refused(load_clip, str(tmp_path / "w"), "0" * 64)


@pytest.mark.parametrize(("encoder", "flops"), [(DinoV2, 6.12e9), (Clip, 4.41e9)])
def test_a_study_knows_what_they_cost(encoder, flops):
    """Multiply-adds of one image, attention too."""
    from ganray.train.costs.flops import embedding_size

    size = embedding_size(encoder(**NOWHERE), (3, 32, 32), 10)
    assert size.flops == pytest.approx(2 * flops, rel=0.01)
    assert size.classes == 0


def test_only_what_decides_about_weights_is_in_their_key():
    given = DinoV2(weights="/somewhere/w.pth", sha256="a" * 64)
    assert given.imported == {"sha256": "a" * 64, "network": "dino_v2"}
    larger = DinoV2(weights="s3://b/w.pth", sha256="a" * 64, vit="B/14")
    assert larger.imported == given.imported | {"vit": "B/14"}
    told = Clip(weights="w", sha256="b" * 64, activation="gelu")
    assert told.imported == {"sha256": "b" * 64, "network": "clip", "activation": "gelu"}
