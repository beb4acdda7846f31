"""Whose file it is, where it is not the one that was asked for; programs are not opened."""

from __future__ import annotations

import hashlib
import io
import warnings
from pathlib import Path

import pytest
import torch
from torch import nn

from ganray.errors import RefusedInput
from ganray.models.encoders.networks.inception import FIDInception, load_inception
from ganray.models.encoders.networks.published import whose
from ganray.models.encoders.networks.weights import load_weights
from ganray.tensors import serialise


def saved(state: dict[str, torch.Tensor], path: Path) -> tuple[str, str]:
    """Its path and digest."""
    torch.save(state, path)
    return str(path), hashlib.sha256(path.read_bytes()).hexdigest()


def tensors(**shapes: tuple[int, ...]) -> dict[str, torch.Tensor]:
    with torch.device("meta"):
        return {name.replace("__", "."): torch.empty(shape) for name, shape in shapes.items()}


INCEPTION = {"Mixed_7c__branch3x3_2a__conv__weight": (384, 384, 1, 3)}
CLIP = {"visual__ln_pre__weight": (768,), "visual__proj": (768, 512)}
HF_CLIP = {"vision_model__pre_layrnorm__weight": (1024,), "visual_projection__weight": (768, 1024)}
DINO = {"blocks__0__ls1__gamma": (384,)}


@pytest.mark.parametrize(
    ("state", "what"),
    [
        (INCEPTION | {"fc__weight": (1008, 2048), "fc__bias": (1008,)}, "Inception v3 of the FID"),
        (
            INCEPTION | {"fc__weight": (1000, 2048), "AuxLogits__fc__bias": (1000,)},
            "torchvision's Inception v3",
        ),
        (INCEPTION | {"fc__weight": (1000, 2048)}, "of ImageNet's 1,000 classes"),
        (INCEPTION, "without its last layer"),
        (CLIP | {"visual__positional_embedding": (50, 768)}, "CLIP's ViT-B/32"),
        (CLIP | {"visual__positional_embedding": (197, 768)}, "CLIP's ViT-B/16"),
        (CLIP | {"visual__positional_embedding": (577, 1024)}, "CLIP's ViT-L/14 for 336 pixels"),
        (CLIP | {"visual__positional_embedding": (257, 1280)}, "another vision transformer"),
        (
            HF_CLIP | {"vision_model__embeddings__position_embedding__weight": (257, 1024)},
            "CLIP's ViT-L/14",
        ),
        ({"visual__attnpool__positional_embedding": (50, 2048)}, "image tower is a ResNet"),
        ({"visual__trunk__pos_embed": (1, 196, 768)}, "image tower is timm's"),
        (
            {"token_embedding__weight": (49408, 512), "ln_final__weight": (512,)},
            "a CLIP file without the image tower",
        ),
        (
            {"text_model__embeddings__token_embedding__weight": (49408, 512)},
            "a CLIP file without the image tower",
        ),
        (DINO | {"pos_embed": (1, 1370, 768)}, "DINOv2's ViT-B/14"),
        (DINO | {"pos_embed": (1, 1370, 1536)}, "DINOv2's ViT-g/14"),
        (DINO | {"pos_embed": (1, 1370, 384), "register_tokens": (1, 4, 384)}, "with registers"),
        (
            {"embeddings__position_embeddings": (1, 1370, 1024),
             "encoder__layer__0__layer_scale1__lambda1": (1024,)},
            "DINOv2's ViT-L/14",
        ),
        ({"cls_token": (1, 1, 384), "blocks__0__attn__qkv__weight": (1152, 384)}, "first DINO's"),
        ({"conv1__weight": (64, 3, 7, 7), "layer1__0__conv1__weight": (64, 64, 1, 1)}, "a ResNet"),
        ({"lin0__model__1__weight": (1, 64, 1, 1)}, "LPIPS's"),
    ],
)  # fmt: skip
def test_files_are_known_by_their_names(state, what):
    assert what in whose(tensors(**state))


def test_others_are_not_known():
    assert whose(tensors(stem__weight=(3, 3))) is None
    assert whose({}) is None


def test_torchvisions_inception_is_named(tmp_path):
    """Its auxiliary head and 1,000 classes tell it from the FID's."""
    state = FIDInception().state_dict()
    state = {"fc.weight": torch.zeros(1000, 2048), "AuxLogits.fc.bias": torch.zeros(1000)} | {
        name: tensor for name, tensor in state.items() if not name.startswith("fc")
    }
    with pytest.raises(RefusedInput) as refusal:
        load_inception(*saved(state, tmp_path / "torchvision.pth"))
    assert (
        "are torchvision's Inception v3, not that of the FID, as pytorch-fid publishes it: they "
        "lack fc.bias; have the unexpected AuxLogits.fc.bias" in str(refusal.value)
    )
    assert "fc.weight (1000, 2048) instead of (1008, 2048)" in str(refusal.value)


class Program(nn.Module):
    """What a file with code in it holds."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The layer's answer."""
        return self.layer(x)


@pytest.fixture
def program(tmp_path) -> tuple[str, str, nn.Module]:
    """A TorchScript file, its digest, and the network in it."""
    network, path = Program(), tmp_path / "program.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(torch.jit.script(network), path)
    return str(path), hashlib.sha256(path.read_bytes()).hexdigest(), network


def test_programs_are_opened_where_they_are_known_alone(program, recwarn):
    path, digest, network = program
    with pytest.raises(RefusedInput, match="are a TorchScript program, which is code"):
        load_weights(Program(), path, digest)
    with pytest.raises(RefusedInput, match="are a TorchScript program, which is code"):
        load_weights(Program(), path, digest, scripts=["0" * 64])
    target = Program()
    load_weights(target, path, digest, scripts=[digest])
    assert torch.equal(target.layer.weight, network.layer.weight)
    assert not [one for one in recwarn if issubclass(one.category, DeprecationWarning)]


def test_safetensors_are_read_too(tmp_path):
    network, path = Program(), tmp_path / "model.safetensors"
    path.write_bytes(serialise(network.state_dict()))
    target = Program()
    load_weights(target, str(path), hashlib.sha256(path.read_bytes()).hexdigest())
    assert torch.equal(target.layer.weight, network.layer.weight)
    for payload in (path.read_bytes()[:-4], path.read_bytes()[:60]):
        path.write_bytes(payload)
        with pytest.raises(RefusedInput, match="no PyTorch state dict and no safetensors file"):
            load_weights(Program(), str(path), hashlib.sha256(payload).hexdigest())


def test_names_may_be_translated(tmp_path):
    network, file = Program(), io.BytesIO()
    torch.save({f"visual.{name}": tensor for name, tensor in network.state_dict().items()}, file)
    path = tmp_path / "prefixed.pth"
    path.write_bytes(file.getvalue())
    target, digest = Program(), hashlib.sha256(file.getvalue()).hexdigest()

    def translate(state):
        return {name.removeprefix("visual."): tensor for name, tensor in state.items()}

    load_weights(target, str(path), digest, translate)
    assert torch.equal(target.layer.bias, network.layer.bias)
    with pytest.raises(RefusedInput, match=r"pth' lack layer.weight.*unexpected visual.layer"):
        load_weights(target, str(path), digest)
