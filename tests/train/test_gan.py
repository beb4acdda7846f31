"""GAN training: against a plain implementation, and resumable to the bit."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ganray.errors import RefusedInput
from ganray.models import DefenseGan
from ganray.randomness import normals, permutation, uniforms
from ganray.tensors import deserialise, serialise
from ganray.train import GanTrainer, WganGp, run
from tests.reference import defense_gan as reference

MODEL = DefenseGan(width=2, latent=6)
SEED, BATCH = 11, 4


@pytest.fixture
def digits(mnist_small_images):
    return mnist_small_images[:17]


def trainer(digits, **changes) -> GanTrainer:
    return GanTrainer(digits, MODEL, WganGp(**{"batch": BATCH} | changes), SEED, "cpu")


def equal(mine: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor]) -> bool:
    assert mine.keys() == theirs.keys()
    return all(torch.equal(mine[name], theirs[name]) for name in mine)


class Plain:
    """The same training from the papers, on dicts of tensors, with the same random numbers."""

    def __init__(self, digits, spec: WganGp, start: dict[str, torch.Tensor]) -> None:
        self.digits, self.spec = digits, spec
        self.critic, self.generator = (
            {n.partition("/")[2]: v.clone() for n, v in start.items() if n.startswith(side)}
            for side in ("critic/", "generator/")
        )
        adam = (spec.learning_rate, spec.beta1, spec.beta2)
        self.critic_adam = reference.Adam(self.critic, *adam)
        self.generator_adam = reference.Adam(self.generator, *adam)
        self.average = dict(self.generator)
        self.critic_steps = self.generator_steps = 0

    def real(self) -> torch.Tensor:
        """The images of one critic step: endless epochs, a batch may straddle two."""
        length, rows = len(self.digits), []
        for position in range(self.critic_steps * BATCH, (self.critic_steps + 1) * BATCH):
            order = permutation(SEED, "epoch", position // length, length)
            rows.append(self.digits[order[position % length]])
        return torch.tensor(np.stack(rows)) / 255

    def fakes(self, weights, stream: str, step: int) -> torch.Tensor:
        rows = [normals(SEED, stream, step * BATCH + i, 1, MODEL.latent)[0] for i in range(BATCH)]
        return reference.generate(weights, torch.tensor(np.stack(rows)).float(), MODEL.width)

    def critic_step(self) -> float:
        weights, spec = reference.leaves(self.critic), self.spec
        real = self.real()
        fake = self.fakes(self.generator, "train/critic", self.critic_steps).detach()
        loss = reference.criticise(weights, fake).mean() - reference.criticise(weights, real).mean()
        if self.critic_steps % spec.penalty_interval == 0:
            loss = loss + spec.penalty_interval * self.penalty(weights, real, fake)
        moved = reference.gradients_of(loss, weights)
        self.critic = self.critic_adam.step(self.critic, moved)
        self.critic_steps += 1
        return float(loss.detach())

    def penalty(self, weights, real, fake) -> torch.Tensor:
        if self.spec.penalty == "r1":
            return reference.r1(weights, real, self.spec.penalty_weight)
        mix = uniforms(SEED, "train/mix", self.critic_steps * BATCH, BATCH, 1)
        mix = torch.tensor(mix).float().view(-1, 1, 1, 1)
        published = self.spec.penalty == "as_published"
        penalty = reference.penalty(weights, real, fake, mix, published)
        return self.spec.penalty_weight * penalty

    def iteration(self) -> list[float]:
        times = self.spec.critic_steps
        for change in self.spec.schedule:
            if self.generator_steps >= change.iteration:
                times = change.critic_steps
        losses = [self.critic_step() for _ in range(times)]
        weights = reference.leaves(self.generator)
        fake = self.fakes(weights, "train/generator", self.generator_steps)
        loss = -reference.criticise(self.critic, fake).mean()
        self.generator = self.generator_adam.step(
            self.generator, reference.gradients_of(loss, weights)
        )
        decay = self.spec.ema or 0.0
        self.average = {
            name: decay * self.average[name] + (1 - decay) * value
            for name, value in self.generator.items()
        }
        self.generator_steps += 1
        return [losses[-1], float(loss.detach())]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"penalty": "as_published", "critic_steps": 2},
        {"penalty_interval": 2, "critic_steps": 3, "ema": 0.8, "beta1": 0.0},
        {
            "penalty": "r1",
            "penalty_interval": 2,
            "critic_steps": 3,
            "schedule": [{"iteration": 1, "critic_steps": 2}],
        },
    ],
    ids=["published settings", "published penalty", "lazy penalty and EMA", "R1, fewer steps"],
)
def test_two_iterations_are_those_of_a_plain_implementation(digits, changes):
    """Five critic steps of four images from 17: the second iteration straddles epochs."""
    mine = trainer(digits, learning_rate=1e-3, **changes)
    plain = Plain(digits, mine.spec, mine.tensors())
    for _ in range(2):
        losses = mine.advance().tolist()
        assert losses == pytest.approx(plain.iteration(), abs=1e-5)
    tensors = mine.tensors()
    for side, weights in (("critic", plain.critic), ("generator", plain.generator)):
        for name, value in weights.items():
            torch.testing.assert_close(tensors[f"{side}/{name}"], value, rtol=0, atol=2e-6)
    for name, value in plain.average.items():
        kept = mine.sampler().tensors()[name]
        torch.testing.assert_close(kept, value, rtol=0, atol=2e-6)


@pytest.mark.parametrize("changes", [{}, {"ema": 0.9, "penalty_interval": 3, "critic_steps": 2}])
def test_a_resumed_trajectory_is_the_same_to_the_bit(digits, changes):
    """Seven iterations, or three, through bytes into a new trainer, and four more."""
    whole, begun, resumed = (trainer(digits, **changes) for _ in range(3))
    _, history = run(whole, until=7)
    _, first = run(begun, until=3)
    assert begun.step == 3
    resumed.load(begun.step, deserialise(serialise(begun.tensors())))
    arrived, joined = run(resumed, until=7, history=first)
    assert arrived
    assert equal(resumed.tensors(), whole.tensors())
    np.testing.assert_array_equal(joined, history)
    assert history.shape == (7, 2)


PARTS = [
    *("generator/linear.weight", "critic/conv3.bias", "ema/deconv1.weight"),
    *(f"generator_adam/3/{part}" for part in ("step", "exp_avg", "exp_avg_sq")),
    *(f"critic_adam/0/{part}" for part in ("step", "exp_avg", "exp_avg_sq")),
]


@pytest.mark.parametrize("lost", PARTS)
def test_every_part_of_the_state_matters(digits, lost):
    """A checkpoint in which one tensor is zero does not continue the trajectory."""
    whole, resumed = (trainer(digits, ema=0.9, critic_steps=1) for _ in range(2))
    run(whole, until=1)
    state = {name: value.clone() for name, value in whole.tensors().items()}
    assert len(state) == 3 * 8 + 2 * 8 * 3  # three networks, two optimisers, 8 parameters each
    resumed.load(1, state | {lost: torch.zeros_like(state[lost])})
    run(whole, until=2)
    run(resumed, until=2)
    assert not equal(resumed.tensors(), whole.tensors())


def test_the_penalty_interval_skips_steps_and_weighs_the_others(digits):
    """With an interval beyond the steps, only step 0 is penalised, k-fold."""
    once = trainer(digits, critic_steps=1, penalty_interval=100, penalty_weight=0.1)
    always = trainer(digits, critic_steps=1, penalty_weight=10.0)
    never = trainer(digits, critic_steps=1, penalty_weight=0.0)
    first = [t.advance() for t in (once, always, never)]
    assert torch.equal(first[0], first[1])
    assert equal(once.tensors(), always.tensors())
    assert not torch.equal(first[0], first[2])
    assert not torch.equal(once.advance(), always.advance())


def test_training_separates_real_from_generated(mnist_small_images):
    """Direction: the critic's estimate of the distance rises from nothing within 40 steps."""
    t = GanTrainer(
        mnist_small_images[:100], MODEL, WganGp(batch=20, critic_steps=2, learning_rate=2e-3)
    )
    _, history = run(t, until=20)
    assert history[-5:, 0].mean() < history[:2, 0].mean() - 1


def test_the_average_lags_behind_the_generator(digits):
    t = trainer(digits, ema=0.99, critic_steps=1, learning_rate=1e-2)
    start = t.networks["generator"].linear.weight.detach().clone()
    run(t, until=3)
    moved = (t.networks["generator"].linear.weight - start).abs().mean()
    lagging = (t.sampler().tensors()["linear.weight"] - start).abs().mean()
    assert t.sampler().networks["generator"] is not t.networks["generator"]
    assert 0 < lagging < 0.1 * moved


def test_a_sampler_is_a_frozen_copy_that_further_training_leaves_alone(digits):
    for changes in ({}, {"ema": 0.5}):
        t, other = trainer(digits, **changes), trainer(digits, **changes)
        sampler, z = t.sampler(), torch.randn(3, MODEL.latent)
        before = sampler(z).numpy()
        run(t, until=2, progress=False)
        run(other, until=2, progress=False)
        np.testing.assert_array_equal(sampler(z).numpy(), before)
        assert not np.array_equal(t.sampler()(z).numpy(), before)
        assert not t.sampler().training
        assert all(weight.requires_grad for weight in t.networks["generator"].parameters())
        assert equal(t.tensors(), other.tensors())  # of which only one gave samplers away


def test_images_may_be_an_array_or_a_tensor(digits):
    mine, theirs = trainer(digits), trainer(torch.from_numpy(digits))
    assert torch.equal(mine.advance(), theirs.advance())
    with pytest.raises(RefusedInput, match=r"images \(=float32 of shape \(17, 1, 28, 28\)\)"):
        trainer(digits / np.float32(255))


def test_a_class_smaller_than_the_batch_is_refused(digits):
    with pytest.raises(RefusedInput, match=r"batch \(=50\) must be at most .* 17"):
        trainer(digits, batch=50)


def test_training_resumes_from_an_earlier_checkpoint_to_a_later_horizon(digits):
    """A longer horizon continues: iteration 2 of 4 is iteration 2 of 2."""
    short, long = trainer(digits), trainer(digits)
    run(short, until=2)
    run(long, until=4, history=None)
    run(short, until=4)
    assert equal(short.tensors(), long.tensors())


def test_a_scheduled_change_is_as_if_the_new_settings_had_taken_over_the_state(digits):
    """The reference: one trainer with the old settings, another that goes on from its state."""
    fields = {"learning_rate": 3e-3, "beta1": 0.1, "penalty_weight": 1.0}
    schedule = [{"iteration": 2, **fields}, {"iteration": 4, "beta2": 0.7}]
    whole = trainer(digits, ema=0.5, schedule=schedule)
    run(whole, until=5)
    parts = [
        trainer(digits, ema=0.5, **changes) for changes in ({}, fields, fields | {"beta2": 0.7})
    ]
    for until, part, before in zip((2, 4, 5), parts, (None, *parts), strict=False):
        if before is not None:
            part.load(before.step, before.tensors())
        run(part, until=until)
    assert equal(whole.tensors(), parts[-1].tensors())


def test_a_scheduled_training_resumes_within_its_schedule(digits):
    schedule = [
        {"iteration": 1, "learning_rate": 1e-2, "critic_steps": 1},
        {"iteration": 3, "learning_rate": 1e-5, "critic_steps": 3},
    ]
    whole, first, second = (trainer(digits, schedule=schedule) for _ in range(3))
    run(whole, until=4)
    run(first, until=2)
    second.load(2, deserialise(serialise(first.tensors())))
    run(second, until=4)
    assert equal(whole.tensors(), second.tensors())


@pytest.mark.parametrize("iterations", [(3, 2), (2, 2)])
def test_a_schedule_goes_forward(iterations):
    with pytest.raises(ValueError, match="must ascend"):
        WganGp(schedule=[{"iteration": i, "beta1": 0.1} for i in iterations])
