"""The encoder in training: it learns, decays its rate to zero, and resumes to the bit."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ganray.data import DatasetSpec, open_source
from ganray.tensors import deserialise, serialise
from ganray.train import EncoderSpec, EncoderTrainer, run
from ganray.train.encoder import encoder_steps


@pytest.fixture(scope="module")
def digits():
    """150 digits of every class and their labels."""
    batch = next(b for b in open_source(DatasetSpec()).batches() if b.split == "train")
    return batch.images[:150], batch.labels[:150]


def trainer(digits, **changes) -> EncoderTrainer:
    spec = EncoderSpec(**{"epochs": 1, "batch": 30} | changes)
    return EncoderTrainer(*digits, 10, spec, 3, "cpu")


def test_it_learns_the_digits(digits):
    t = trainer(digits, epochs=3)
    _, history = run(t, until=t.steps)
    assert t.steps == len(history) == 15
    assert history[0, 0] == pytest.approx(np.log(10), abs=0.3)
    assert history[-3:, 0].mean() < 1.5


def test_a_resumed_encoder_is_the_same_to_the_bit(digits):
    whole, begun, resumed = (trainer(digits) for _ in range(3))
    run(whole, until=5)
    run(begun, until=2)
    resumed.load(2, deserialise(serialise(begun.tensors())))
    run(resumed, until=5)
    mine, theirs = resumed.tensors(), whole.tensors()
    assert mine.keys() == theirs.keys()
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)


def test_one_step_is_adams_on_the_cross_entropy(digits):
    """Adam's first step moves each weight by the learning rate against its gradient's sign."""
    t = trainer(digits)
    before = {name: p.detach().clone() for name, p in t.encoder.named_parameters()}
    images, rows = t._batches(0)
    logits = t.encoder.features_and_logits(images)[1]
    labels = torch.from_numpy(digits[1][rows])
    loss = -logits.log_softmax(1)[torch.arange(30), labels].mean()
    gradient = torch.autograd.grad(loss, t.encoder.output.weight)[0]
    assert t.advance().item() == pytest.approx(loss.item(), rel=1e-5)
    moved = t.encoder.output.weight.detach() - before["output.weight"]
    clear = gradient.abs() > 1e-5
    torch.testing.assert_close(moved[clear], -1e-3 * gradient[clear].sign(), rtol=1e-2, atol=0)


def test_the_learning_rate_falls_linearly_to_zero(digits):
    t, rates = trainer(digits), []
    for _ in range(t.steps):
        t.advance()
        rates.append(t._adam.param_groups[0]["lr"])
    np.testing.assert_allclose(rates, 1e-3 * (1 - np.arange(5) / 5))


def test_steps_are_epochs_of_whole_batches():
    assert encoder_steps(EncoderSpec(epochs=4, batch=50), 4000) == 320
    assert encoder_steps(EncoderSpec(epochs=2, batch=30), 100) == 6
