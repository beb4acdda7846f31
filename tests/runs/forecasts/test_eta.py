"""The forecast of a run, held against a schedule that is known."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from ganray.cost.estimate import operations
from ganray.plan import Task
from ganray.runs.progress.board import Board
from ganray.runs.progress.events import Event
from ganray.studies import read_study
from tests.runs.simulated import Simulated, news, plan_of, study_of, task, whole_study


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
        assert error <= (0.12 if now > sampled[0] + 2.0 else 0.35) * end + 5.0, (now, left, end)
    assert known[-1][1] <= 0.05 * end + 5.0
    assert board.seconds_left == 0.0


@dataclass(frozen=True)
class Machine:
    """What tasks take on it: so long each, and operations per second by kind."""

    overhead: float
    speeds: dict[str, float]

    def seconds(self, one: Task, flops: float) -> float:
        return self.overhead + (flops / self.speeds[one.kind] if flops else 0.0)


USUAL = {"train": 4e9, "encoder": 2e10, "sample": 3e9, "embed": 1.5e10, "measure": 1.5e10,
         "search": 4e9}  # fmt: skip
OPERATIONS = {"train": 4e10, "encoder": 3.3e11, "sample": 1e9, "embed": 2e10, "measure": 3e11,
              "search": 1e11}  # fmt: skip
TINY = OPERATIONS | {"train": 4e8, "sample": 1e7, "search": 1e10}


@pytest.mark.parametrize("workers", [1, 2, 6])
@pytest.mark.parametrize("work", [OPERATIONS, TINY], ids=["ordinary", "tiny GANs"])
@pytest.mark.parametrize("slower", [{}, {"measure": 8e9}, {"search": 1.2e9, "embed": 6e9}],
                         ids=["usual", "slow scores", "slow searches"])  # fmt: skip
def test_all_stages_that_are_to_come_count_from_the_beginning(workers, work, slower):
    """By the clock of a simulation: what is told is near to what it is, whatever was seen."""
    plan, machine = whole_study(gans=4), Machine(0.6, USUAL | slower)
    flops = {one.address: work.get(one.kind, 0.0) for one in plan.tasks}
    cluster = Simulated(plan, workers, lambda one: machine.seconds(one, flops[one.address]))
    board = Board(plan, set(), flops, clock=lambda: cluster.now, speed=4e9, workers=workers)
    cluster.tell = board.hear
    made: list[tuple[float, float | None]] = []
    end = cluster.run(lambda now: made.append((now, board.seconds_left)), every=0.5)
    for now, left in made:
        true = end - now
        slack = 2.0 + 0.05 * end
        assert 0.4 * true - slack <= left <= 2.0 * true + slack, (now, left, true)
    assert board.seconds_left == 0.0


def test_a_task_that_runs_for_longer_than_expected_tells_of_those_to_come():
    """Scores that take three times what is usual: 90 s each, on one worker."""
    drawn = task("sample", "a")
    scores = [task("measure", name, drawn) for name in "abc"]
    plan, now = plan_of(drawn, *scores), [0.0]
    flops = {one.address: 3e11 for one in scores} | {drawn.address: 1e10}
    board = Board(plan, set(), flops, clock=lambda: now[0])
    board.hear(news(drawn, host="a"))
    now[0] = 1.0
    board.hear(news(drawn, 1, 1, finished=True))
    board.hear(news(scores[0], host="a"))
    told = []
    for now[0] in (10.0, 40.0, 70.0, 90.0):
        told.append(board.seconds_left)
    assert told == sorted(told)  # it grows while nothing ends
    assert told[-1] >= 200.0
    board.hear(news(scores[0], 1, 1, finished=True))
    now[0] = 93.0
    board.hear(news(scores[1], host="a"))
    assert board.seconds_left == pytest.approx(180.0, rel=0.05)
    now[0] = 243.0  # longer than the first
    assert board.seconds_left >= 0.1 * 150 + 150


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
    assert board.seconds_left == pytest.approx(50.0 + 100.0 + 200.0, abs=1.0)
    now[0] = 100.0
    board.hear(news(short, 1, 1, finished=True))
    board.hear(news(middle, host="a", node="n"))
    now[0] = 150.0
    board.hear(news(middle, 150, 200, seconds_left=50.0, **told))
    assert board.seconds_left == pytest.approx(50.0 + 200.0, abs=1.0)
    board.hear(news(middle, warning="its worker died", resubmitted=True))
    now[0] = 153.0
    assert board.seconds_left == pytest.approx(50.0 + 200.0, rel=0.05)
