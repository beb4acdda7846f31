"""State as named tensors: bytes and back, without pickle."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ganray.errors import RefusedInput
from ganray.models import Dcgan
from ganray.models.sampler import new_networks
from ganray.tensors import deserialise, serialise
from ganray.train.state import (
    freeze_first,
    load_module,
    load_optimizer,
    module_tensors,
    optimizer_tensors,
    trainable,
)
from ganray.train.updates.optimisers import AdamDescent, AnyDescent


def test_bytes_hold_every_bit_whatever_the_order():
    tensors = {"b": torch.tensor([0.1, float("-0.0"), 1e-45]), "a": torch.arange(6).view(2, 3).T}
    data = serialise(tensors)
    again = deserialise(data)
    assert data == serialise(dict(reversed(tensors.items())))
    assert again.keys() == tensors.keys()
    for name, value in tensors.items():
        assert torch.equal(again[name], value)
        assert again[name].dtype == value.dtype
    assert torch.signbit(again["b"]).tolist() == [False, True, False]
    assert b"pickle" not in data


@pytest.mark.parametrize("kind", [AdamDescent, torch.optim.Adam])
def test_an_optimizer_continues_where_it_was(kind):
    def stepped(network: nn.Linear, adam: AnyDescent, value: float) -> None:
        adam.zero_grad()
        (network(torch.full((2, 3), value)) ** 2).sum().backward()
        adam.step()

    first, second = nn.Linear(3, 2), nn.Linear(3, 2)
    mine, theirs = (kind(n.parameters(), lr=0.1) for n in (first, second))
    stepped(first, mine, 1.0)
    load_module("net", second, module_tensors("net", first))
    load_optimizer("adam", theirs, deserialise(serialise(optimizer_tensors("adam", mine))))
    for network, adam in ((first, mine), (second, theirs)):
        stepped(network, adam, 2.0)
    assert torch.equal(first.weight, second.weight)
    assert torch.equal(first.bias, second.bias)


def test_missing_and_extra_tensors_are_no_state():
    tensors = module_tensors("net", nn.Linear(3, 2))
    with pytest.raises(RuntimeError, match=r"Missing key.*bias"):
        load_module("net", nn.Linear(3, 2), {"net/weight": tensors["net/weight"]})
    with pytest.raises(RuntimeError, match=r"Unexpected key.*more"):
        load_module("net", nn.Linear(3, 2), tensors | {"net/more": torch.zeros(1)})


@pytest.mark.parametrize("count", [0, 1, 2])
def test_first_layers_are_frozen_with_what_normalises_them(count):
    networks = new_networks(Dcgan(width=2, latent=4), (1, 28, 28))
    freeze_first(networks, {"critic": count})
    moved = {name for name, weight in networks["critic"].named_parameters() if weight.requires_grad}
    layers = [{"conv1.weight"}, {"conv2.weight", "norm2.weight", "norm2.bias"}, {"value.weight"}]
    assert moved == set().union(*layers[count:])
    assert len(trainable(networks)["critic"]) == len(moved)
    assert all(weight.requires_grad for weight in networks["generator"].parameters())


def test_some_layer_must_be_left_to_train():
    networks = new_networks(Dcgan(width=2, latent=4), (1, 28, 28))
    said = r"train.critic_frozen \(=3\) leaves none of the critic's 3 layers .*; valid: at most 2"
    with pytest.raises(RefusedInput, match=said):
        freeze_first(networks, {"critic": 3})
