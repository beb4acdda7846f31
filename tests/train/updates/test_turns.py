"""How often steps are done, against counting them one by one."""

from __future__ import annotations

from ganray.models import FullyConnected
from ganray.train.algorithms import R3Gan, Vanilla, WganGp
from ganray.train.costs.flops import gan_flops, training_flops
from ganray.train.updates.turns import Turns

SCHEDULE = [
    {"iteration": 2, "critic_steps": 1},
    {"iteration": 3, "learning_rate": 0.1},
    {"iteration": 5, "critic_steps": 4, "generator_steps": 2},
]
MODEL = FullyConnected(width=4, latent=2)
TIMES = [3, 3, 1, 1, 1, 4, 4, 4]


def test_batches_are_numbered_through():
    turns = Turns(WganGp(critic_steps=3, schedule=SCHEDULE))
    index = 0
    for iteration, times in enumerate(TIMES):
        assert turns.before("critic", iteration) == index
        for _ in range(times):
            assert turns.iteration("critic", index) == iteration
            index += 1
    assert turns.before("generator", 7) == 5 + 2 * 2
    assert [turns.alike(at, 4) for at in range(7)] == [2, 1, 3, 2, 1, 4, 4]


def test_without_a_schedule_each_iteration_has_as_many():
    turns = Turns(Vanilla(critic_steps=2))
    assert (turns.before("critic", 7), turns.iteration("critic", 15)) == (14, 7)
    assert turns.alike(3, 100) == 100


def test_images_and_operations_are_those_of_each_iteration():
    for train in (WganGp, R3Gan):  # R3GAN's generator looks at real images too
        spec = train(batch=10, critic_steps=3, schedule=SCHEDULE)
        each = [spec.scheduled(iteration).images for iteration in range(8)]
        assert Turns(spec).images(8) == sum(each)
    short, shape = WganGp(critic_steps=3, schedule=SCHEDULE[:1]), (1, 8, 8)
    first, later = (gan_flops(shape, MODEL, short.scheduled(at)) for at in (0, 2))
    assert training_flops(shape, MODEL, short, 1, 8) == 2 * first + 6 * later
    assert training_flops(shape, MODEL, short, 1, 1) == first
