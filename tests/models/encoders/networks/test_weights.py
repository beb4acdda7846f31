"""Weights from elsewhere: verified, complete, and named and refused in one line."""

from __future__ import annotations

import hashlib
import pickle
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pooch
import pytest
import torch
from torch import nn

from ganray.errors import RefusedInput
from ganray.models.encoders.networks.weights import load_weights


def network(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(3, 5))


@pytest.fixture
def weights(tmp_path):
    """Save a state dict; returns its path and digest."""

    def save(state):
        path = tmp_path / "weights.pth"
        torch.save(state, path)
        return str(path), hashlib.sha256(path.read_bytes()).hexdigest()

    return save


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files and prints nothing."""

    def log_message(self, format, *args):
        """Keep silent."""


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A URL under which the files of `tmp_path` are served, with a download cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    handler = partial(QuietHandler, directory=str(tmp_path))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_weights_arrive_and_the_network_is_frozen(weights):
    source, target = network(1), network(2)
    load_weights(target, *weights(source.state_dict()))
    for name, tensor in source.state_dict().items():
        assert torch.equal(tensor, target.state_dict()[name])
    assert not target.training
    assert not any(p.requires_grad for p in target.parameters())


def test_files_without_training_counters_load(weights):
    state = {k: v for k, v in network(1).state_dict().items() if "num_batches" not in k}
    load_weights(network(2), *weights(state))


def test_a_download_is_cached(weights, served, tmp_path):
    _, digest = weights(network(1).state_dict())
    load_weights(network(2), f"{served}/weights.pth", digest)
    (tmp_path / "weights.pth").unlink()
    load_weights(network(2), f"{served}/weights.pth", digest)


def test_a_wrong_download_is_refused_and_not_kept(weights, served):
    _, digest = weights(network(1).state_dict())
    _, other = weights(network(3).state_dict())
    with pytest.raises(RefusedInput, match=f"expected sha256:{digest} but got {other}"):
        load_weights(network(2), f"{served}/weights.pth", digest)
    weights(network(1).state_dict())
    load_weights(network(2), f"{served}/weights.pth", digest)


def test_neither_messages_nor_logs_hold_a_password_or_signature(served, caplog):
    pooch.get_logger().addHandler(caplog.handler)
    address = served.replace("//", "//someone:hush@") + "/absent.pth?signature=hush"
    with pytest.raises(RefusedInput, match=r"/absent.pth'\) is given with a user") as refusal:
        load_weights(network(), address, "0" * 64)
    assert "hush" not in str(refusal.value)
    assert "hush" not in caplog.text
    pooch.get_logger().removeHandler(caplog.handler)


def test_a_wrong_digest_is_refused_before_parsing(tmp_path):
    """A pickle that would run code: nothing may look inside while its digest is wrong."""
    path = tmp_path / "bomb.pth"
    path.write_bytes(pickle.dumps(partial(print, "boom")))
    with pytest.raises(RefusedInput, match=r"have sha256 [0-9a-f]{64}, not 0{64}"):
        load_weights(network(), str(path), "0" * 64)


@pytest.mark.parametrize(
    "payload", [b"", b"no archive", pickle.dumps(partial(print, "boom"), protocol=2)]
)
def test_a_file_of_another_kind_is_refused(tmp_path, payload):
    path = tmp_path / "file.pth"
    path.write_bytes(payload)
    with pytest.raises(RefusedInput, match="are no PyTorch state dict"):
        load_weights(network(), str(path), hashlib.sha256(payload).hexdigest())


def test_other_contents_are_refused(weights):
    with pytest.raises(RefusedInput, match="other than named tensors"):
        load_weights(network(), *weights([torch.zeros(3)]))
    with pytest.raises(RefusedInput, match="other than named tensors"):
        load_weights(network(), *weights({"epoch": 3}))


def test_missing_unexpected_and_misshapen_tensors_are_named(weights):
    target = network(2)
    before = {k: v.clone() for k, v in target.state_dict().items()}
    state = network(1).state_dict()
    del state["1.weight"], state["1.bias"]
    state |= {f"extra{i}": torch.zeros(1) for i in range(5)}
    state["3.bias"] = torch.zeros(4)
    with pytest.raises(RefusedInput) as refusal:
        load_weights(target, *weights(state))
    said = str(refusal.value)
    assert "lack 1.weight, 1.bias;" in said
    assert "have the unexpected extra0, extra1, extra2 and 2 more;" in said
    assert "have 3.bias (4,) instead of (5,)" in said
    assert all(torch.equal(before[k], v) for k, v in target.state_dict().items())


@pytest.mark.parametrize(
    ("location", "sha256", "said"),
    [
        ("/nowhere/weights.pth", "0" * 64, "'/nowhere/weights.pth' cannot be read: FileNotFound"),
        ("nothing://weights.pth", "0" * 64, "cannot be used: .*nothing"),
        ("http://127.0.0.1:1/weights.pth", "0" * 64, "cannot be read: ConnectionError"),
        ("weights.pth", "6726825d", r"sha256 \(='6726825d'\) must be 64"),
    ],
)
def test_refusals_of_the_location(location, sha256, said):
    with pytest.raises(RefusedInput, match=said):
        load_weights(network(), location, sha256)
