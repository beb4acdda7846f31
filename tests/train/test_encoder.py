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


RESIDUAL = {
    **{"network": "resnet", "schedule": "one_cycle", "label_smoothing": 0.1},
    **{"flips": True, "crops": 0.125},
}


def test_a_residual_network_learns_too(digits):
    t = trainer(digits, epochs=4, learning_rate=0.003, **RESIDUAL)
    _, history = run(t, until=t.steps)
    assert history[0, 0] > 2
    assert history[-3:, 0].mean() < 1.7


def test_a_resumed_residual_network_is_the_same_to_the_bit(digits):
    """Running means are part of the state, and changes of images are the step's own."""
    whole, begun, resumed = (trainer(digits, **RESIDUAL) for _ in range(3))
    run(whole, until=4)
    run(begun, until=2)
    resumed.load(2, deserialise(serialise(begun.tensors())))
    run(resumed, until=4)
    mine, theirs = resumed.tensors(), whole.tensors()
    assert "encoder/stem.norm.running_var" in mine
    assert all(torch.equal(mine[name], theirs[name]) for name in theirs)


def test_images_are_mirrored_and_moved_by_index(digits):
    """Half of them mirrored; each moved by at most 3 of 28 pixels each way, black coming in."""
    t, plain = trainer(digits, flips=True, crops=3 / 28), trainer(digits)
    mirrored, moves = 0, set()
    for step in range(4):
        t.step = step
        images, _ = plain._batches(step)
        changed = t._changed(images)
        assert torch.equal(changed, t._changed(images))
        for before, after in zip(images, changed, strict=True):
            found = _how(before[0], after[0], 3)
            mirrored += found[0]
            moves.add(found[1:])
    assert 40 < mirrored < 80
    assert len(moves) > 35
    assert {row for row, _ in moves} == {column for _, column in moves} == set(range(-3, 4))


def _how(before: torch.Tensor, after: torch.Tensor, most: int) -> tuple[bool, int, int]:
    for mirrored in (False, True):
        image = before.flip(1) if mirrored else before
        padded = torch.nn.functional.pad(image, [most] * 4)
        for row in range(-most, most + 1):
            for column in range(-most, most + 1):
                window = padded[most - row :, most - column :][:28, :28]
                if torch.equal(window, after):
                    return mirrored, row, column
    raise AssertionError("it is no such change of the image")


def test_smoothed_labels_share_a_part_among_all_classes(digits):
    t = trainer(digits, label_smoothing=0.2)
    images, rows = t._batches(0)
    logs = t.encoder.features_and_logits(images)[1].detach().log_softmax(1)
    labels = torch.from_numpy(digits[1][rows])
    right = -logs[torch.arange(30), labels]
    expected = (0.8 * right - 0.2 * logs.mean(1)).mean()
    assert t.advance().item() == pytest.approx(expected.item(), rel=1e-5)


def test_one_cycle_rises_in_the_first_quarter():
    spec = EncoderSpec(schedule="one_cycle", learning_rate=0.4)
    rates = [spec.rate(step, 8) for step in range(9)]
    third = 0.4 / 3
    expected = [third, 2 * third, 0.4, 0.4 * 5 / 6, 0.4 * 4 / 6, 0.2, 0.4 / 3, 0.4 / 6, 0]
    np.testing.assert_allclose(rates, expected, atol=1e-12)
    assert EncoderSpec(schedule="one_cycle").rate(0, 1) == 1e-3


def test_what_is_not_said_is_as_it_ever_was():
    assert EncoderSpec().identity() == {}
    assert EncoderSpec(network="resnet").identity() == {"network": "resnet"}


def test_a_batch_of_one_image_has_no_deviation():
    with pytest.raises(ValueError, match=r"batch \(=1\): network 'resnet' normalises over a batch"):
        EncoderSpec(network="resnet", batch=1)


@pytest.mark.parametrize("dropout", ["corrected", "as_published"])
def test_dropout_is_resumed_to_the_bit(digits, dropout):
    changes = {"network": "defense_gan_d", "dropout": dropout}
    whole, begun, resumed = (trainer(digits, **changes) for _ in range(3))
    run(whole, until=4)
    run(begun, until=2)
    resumed.load(2, deserialise(serialise(begun.tensors())))
    run(resumed, until=4)
    mine, theirs = resumed.tensors(), whole.tensors()
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)
    assert any(not torch.equal(mine[name], other) for name, other in bare(digits).items())


def bare(digits) -> dict[str, torch.Tensor]:
    """The same network without dropout, E, after as many steps: layers have other numbers."""
    other = trainer(digits, network="defense_gan_e")
    run(other, until=4)
    return {name.replace("layers.4.", "layers.5."): value for name, value in
            other.tensors().items() if "encoder" in name}  # fmt: skip
