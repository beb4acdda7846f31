"""What a cohort is made of, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from ganray.errors import RefusedInput
from ganray.train import GanTrainer
from ganray.train.algorithms import ALGORITHMS
from ganray.train.cohorts import Cohort
from ganray.train.steps import Batch, Networks, Noise
from tests.train.cohorts.test_gradients import member, small


def apart(one: GanTrainer, other: GanTrainer) -> float:
    """The farthest that a weight of one is from the other's, relative to its tensor."""
    theirs = other.tensors()
    return max(
        float((value - theirs[name]).norm() / (1e-3 + value.norm()))
        for name, value in one.tensors().items()
        if value.is_floating_point() and value.ndim
    )


ITS_OWN = {
    "clips": ("wgan", {}, {"learning_rate": 1e-3, "clip": 0.02}),
    "averages": ("small_dcgan", {"ema": 0.9}, {"ema": 0.5, "beta1": 0.2, "beta2": 0.9}),
    "rates": ("lsgan", {}, {"learning_rate": 1e-3, "critic_learning_rate": 1e-2, "wanted": 0.5}),
    "penalties": (
        "wgan_gp",
        {"schedule": [{"iteration": 1, "beta1": 0.9, "penalty_weight": 3.0}]},
        {"decay_from": 1, "decay_until": 3, "penalty_weight": 0.1},
    ),
}
"""What both members have, and what the second has beside."""


@pytest.mark.parametrize(
    ("name", "differ"), [("clips", False), ("averages", False), *((one, True) for one in ITS_OWN)]
)
def test_whole_states_are_those_of_members_alone(name: str, differ: bool) -> None:
    """RMSprop and clipped weights; batch normalisation's buffers, Adam and averages; schedules."""
    family, both, own = ITS_OWN[name]
    model, usual, classes = small(family)
    trains = [ALGORITHMS.parse(usual.model_dump() | both | more, "train")
              for more in ({}, own if differ else {})]  # fmt: skip
    alone, members = (
        [member(model, train, seed, classes) for seed, train in enumerate(trains)] for _ in range(2)
    )
    losses = Cohort(members).advance(3)
    for index, (one, mine) in enumerate(zip(alone, members, strict=True)):
        own = torch.stack([one.advance() for _ in range(3)])
        torch.testing.assert_close(losses[:, index], own, rtol=1e-4, atol=1e-4)
        assert one.tensors().keys() == mine.tensors().keys()
        assert apart(one, mine) < 1e-2  # biases before a normalisation follow roundings alone


def test_steps_that_come_to_be_done_less_often_are_members_own() -> None:
    """With a lazy R1 and rates of their own; four iterations in one call, or two alone and two
    together."""
    model, train, _ = small("vanilla")
    told = {"penalty": "r1", "penalty_interval": 2, "critic_steps": 2}
    schedule = [{"iteration": 1, "critic_steps": 1}, {"iteration": 3, "critic_steps": 2}]
    spec = type(train)(batch=train.batch, schedule=schedule, **told)
    specs = {1: spec, 2: spec.changed(4, {"learning_rate": 1e-3})}
    specs[3] = spec.model_copy(update={"penalty_weight": 0.1, "learning_rate": 1e-3})
    alone, whole, begun = ([member(model, specs[n], n) for n in specs] for _ in range(3))
    losses = Cohort(whole).advance(4)
    for one in begun:
        one.advance()
        one.advance()
    Cohort(begun).advance(2)
    for index, one in enumerate(alone):
        own = torch.stack([one.advance() for _ in range(4)])
        torch.testing.assert_close(losses[:, index], own, rtol=1e-4, atol=1e-4)
        assert max(apart(one, whole[index]), apart(one, begun[index])) < 1e-3


def test_what_cancels_alone_cancels_in_a_cohort() -> None:
    """The last bias of a Wasserstein critic, of which Adam would make whole steps of a rounding."""
    model, train, _ = small("wgan_gp")
    spec = train.model_copy(update={"batch": 6})
    members = [member(model, spec, seed) for seed in (1, 2)]
    losses = Cohort(members).advance(3)
    for index, mine in enumerate(members):
        alone = member(model, spec, index + 1)
        own = torch.stack([alone.advance() for _ in range(3)])
        torch.testing.assert_close(losses[:, index], own, rtol=1e-5, atol=1e-5)
        for one in (alone, mine):
            *_, last = one.networks["critic"].parameters()
            assert last.abs().max() < 1e-9


def test_members_of_a_part_of_others_images_have_their_own() -> None:
    model, train, _ = small("wgan_gp")
    whole = member(model, train, 1).feed.resident
    sets = [whole[:4], whole, member(model, train, 2).feed.resident]

    def members() -> list[GanTrainer]:
        return [GanTrainer(images, model, train, 3, "cpu") for images in sets]

    losses = Cohort(members()).advance(2)
    for index, one in enumerate(members()):
        own = torch.stack([one.advance() for _ in range(2)])
        torch.testing.assert_close(losses[:, index], own, rtol=1e-4, atol=1e-4)


def test_members_resume_from_what_they_were_alone_and_go_on_alone() -> None:
    model, train, _ = small("wgan_gp")
    alone = member(model, train, 1)
    for _ in range(4):
        alone.advance()
    begun = member(model, train, 1)
    begun.advance()
    members = [member(model, train, seed) for seed in (1, 2)]
    members[1].advance()
    members[0].load(1, begun.tensors())
    Cohort(members).advance(2)
    last = member(model, train, 1)
    last.load(
        members[0].step, {name: value.clone() for name, value in members[0].tensors().items()}
    )
    last.advance()
    assert last.step == alone.step == 4
    assert apart(alone, last) < 1e-3


def test_what_cannot_go_together_is_refused() -> None:
    model, train, _ = small("wgan_gp")
    with pytest.raises(RefusedInput, match=r"members \(=\[\]\)"):
        Cohort([])
    others = [
        train.model_copy(update=change)
        for change in ({"batch": 8}, {"penalty_weight": 0.0}, {"ema": 0.9})
    ]
    for other in (*others, train.changed(2, {"critic_steps": 1})):
        with pytest.raises(RefusedInput, match="differ in spec"):
            Cohort([member(model, train, 1), member(model, other, 2)])
    further = member(model, train, 2)
    further.advance()
    with pytest.raises(RefusedInput, match=r"differ in step \(=0, 1\)"):
        Cohort([member(model, train, 1), further])
    with pytest.raises(RefusedInput, match=r"iterations \(=0\)"):
        Cohort([member(model, train, 1)]).advance(0)


def test_a_member_that_was_moved_by_itself_is_noticed() -> None:
    model, train, _ = small("wgan_gp")
    members = [member(model, train, seed) for seed in (1, 2)]
    cohort = Cohort(members)
    members[0].advance()
    with pytest.raises(RefusedInput, match="differ in step"):
        cohort.advance()


def test_a_loss_that_computes_with_its_batchs_number_is_not_captured() -> None:
    model, train, _ = small("wgan_gp")
    cohort = Cohort([member(model, train, 1)])
    step = cohort.spec.steps()[0]
    supply = cohort.supplies.of(step, 0, range(1)).at(0)

    def fading(networks: Networks, batch: Batch, noise: Noise) -> torch.Tensor:
        return step.loss(networks, batch, noise) * 0.99**batch.index

    def late(networks: Networks, batch: Batch, noise: Noise) -> torch.Tensor:
        return step.loss(networks, batch, noise) * (1 + (batch.index > 10**5))

    assert cohort.timeless(step, 0, supply)
    for loss in (fading, late):
        assert not cohort.timeless(replace(step, loss=loss), 0, supply)
