"""The forecast of a run, held against a schedule that is known."""

from __future__ import annotations

import pytest

from ganray.pipeline.board import Board
from ganray.pipeline.estimate import operations
from ganray.pipeline.workspace import Event
from ganray.studies import read_study
from tests.pipeline.simulated import Simulated, news, study_of


@pytest.mark.parametrize(("gans", "workers"), [(11, 2), (24, 8), (3, 16)])
def test_the_forecast_comes_true(gans, workers):
    """GANs of 100 s, samples of 40 s, scores of 5 s: known to the simulation, not to the board."""
    plan = study_of(gans)
    costs = {"train": 2e11, "sample": 1e10, "measure": 5e10}
    seconds = {"data": 3.0, "train": 100.0, "sample": 40.0, "measure": 5.0}
    made: list[tuple[float, float | None]] = []
    cluster = Simulated(plan, workers, lambda one: seconds[one.kind])
    board = Board(
        plan,
        set(),
        {one.address: costs[one.kind] for one in plan.tasks if one.kind in costs},
        clock=lambda: cluster.now,
    )
    sampled: list[float] = []

    def hear(event: Event) -> None:
        board.hear(event)
        if event.kind == "sample" and event.details.get("finished"):
            sampled.append(cluster.now)

    cluster.tell = hear
    end = cluster.run(lambda now: made.append((now, board.seconds_left)), every=gans / 4)
    assert made[0][0] > 3.0 or made[0][1] is None  # nothing is known of GANs without one
    known = [(now, left) for now, left in made if left is not None]
    assert known[0][0] <= 25.0  # as soon as the first GANs have told their speed
    for now, left in known:
        error = abs(now + left - end)
        # Samples take eight times what their operations let one expect, until some are done.
        assert error <= (0.1 if now > sampled[0] + 2.0 else 0.35) * end + 5.0, (now, left, end)
    assert known[-1][1] <= 0.05 * end + 5.0
    assert board.seconds_left == 0.0


def test_the_forecast_grows_when_workers_are_lost():
    plan = study_of(8)
    gans = [one for one in plan.tasks if one.kind == "train"]
    now = [0.0]
    board = Board(plan, set(), {one.address: 1e9 for one in gans}, clock=lambda: now[0])
    board.hear(news(plan.tasks[0], 1, 1, finished=True))
    for gan in gans[:4]:
        board.hear(news(gan, host="a", node="n"))
        board.hear(news(gan, 1, 100, images_per_second=5.0, seconds_left=99.0, critic_loss=0.1))
    before = board.seconds_left
    assert before == pytest.approx(199.0, rel=0.05)
    for gan in gans[:3]:
        board.hear(news(gan, warning="its node died", resubmitted=True))
    now[0] = 30.0
    assert board.seconds_left == pytest.approx(769.0, rel=0.05)


def test_a_longer_training_takes_what_it_adds_and_comes_after_the_shorter(tiny_study):
    """A second for each iteration, of a curve's joint GAN at 100, 200 and 400."""
    words = ["study=budget_curve", "search={on: []}", "budget.iterations=400"]
    plan = read_study(str(tiny_study), words).plan()
    joint = [one for one in plan.tasks if one.kind == "train" and one.title.startswith("joint")]
    short, middle, long = sorted(joint, key=lambda one: one.horizon)
    assert [one.horizon for one in (short, middle, long)] == [100, 200, 400]
    now, asked = [0.0], frozenset(one.address for one in joint)
    board = Board(plan, set(), operations(plan), clock=lambda: now[0], asked=asked)
    told = {"images_per_second": 5.0, "critic_loss": 0.1}
    board.hear(news(short, host="a", node="n"))
    board.hear(news(short, 50, 100, seconds_left=50.0, **told))
    assert board.seconds_left == pytest.approx(50.0 + 100.0 + 200.0)
    now[0] = 100.0
    board.hear(news(short, 1, 1, finished=True))
    board.hear(news(middle, host="a", node="n"))
    now[0] = 150.0
    board.hear(news(middle, 150, 200, seconds_left=50.0, **told))
    assert board.seconds_left == pytest.approx(50.0 + 200.0)
    board.hear(news(middle, warning="its worker died", resubmitted=True))
    now[0] = 153.0
    assert board.seconds_left == pytest.approx(50.0 + 200.0, rel=0.05)
