"""The board: states follow from events."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable

import pytest

from ganray.local import failure, settled
from ganray.runs.progress.board import Board
from ganray.runs.progress.events import Event
from ganray.store.outage import Outages
from tests.runs.simulated import news, plan_of, study_of, task

DATA = task("data", "d")
GAN = task("train", "g", DATA, horizon=100)
DRAWN = task("sample", "g", GAN, chunks=4, horizon=40)
SCORE = task("measure", "g", DRAWN)
PLAN = plan_of(DATA, GAN, DRAWN, SCORE)


def trained(done: int, left: float) -> Event:
    return news(GAN, done, 100, images_per_second=5.0, seconds_left=left, critic_loss=-2.0)


def states(board: Board) -> dict[str, dict[str, int]]:
    return board.snapshot()["kinds"]


def row(board: Board, title: str) -> dict:
    return next(row for row in board.snapshot()["rows"] if row["task"] == title)


@pytest.fixture
def board() -> Board:
    board = Board(PLAN, set(), clock=lambda: 0.0)
    board.hear(news(DATA, host="a", node="1"))
    board.hear(news(DATA, 1, 1, finished=True))
    return board


def test_what_lacks_inputs_waits_and_what_has_them_is_queued(board):
    assert states(Board(PLAN, set()))["data"] == {"queued": 1}
    assert states(board) == {
        "data": {"done": 1},
        "train": {"queued": 1},
        "sample": {"waiting": 1},
        "measure": {"waiting": 1},
    }


def test_what_the_store_held_counts_as_done():
    snapshot = Board(PLAN, {DATA.address, GAN.address}).snapshot()
    assert (snapshot["done"], snapshot["tasks"]) == (2, 4)
    assert snapshot["kinds"]["train"] == {"stored": 1}
    assert snapshot["kinds"]["sample"] == {"queued": 1}


def test_a_gan_from_its_worker_to_its_end(board):
    board.hear(news(GAN, queued=True))
    board.hear(news(GAN, host="node-7", node="abc"))
    board.hear(trained(30, 70.0))
    assert row(board, "train g") == {
        "task": "train g",
        "address": GAN.address,
        "kind": "train",
        "state": "running",
        "done": 30,
        "total": 100,
        "host": "node-7",
        "node": "abc",
        "note": "",
        "images_per_second": 5.0,
        "seconds_left": 70.0,
        "losses": {"critic_loss": -2.0},
    }
    board.hear(news(GAN, 1, 1, finished=True))
    board.hear(news(GAN, outcome="done"))
    ended = row(board, "train g")
    assert (ended["state"], ended["done"]) == ("done", 100)
    assert "seconds_left" not in ended
    assert states(board)["sample"] == {"queued": 1}
    assert board.snapshot()["workers"] == 0


def test_chunks_are_counted_once_however_often_they_are_told(board):
    board.hear(news(GAN, 1, 1, finished=True))
    for chunk in (0, 2, 2):
        board.hear(news(DRAWN, 1, 4, chunk=chunk))
    assert (row(board, "sample g")["done"], row(board, "sample g")["total"]) == (2, 4)
    board.hear(news(DRAWN, outcome="done"))  # of a shard, not of the task
    assert states(board)["sample"] == {"running": 1}


def test_a_metric_counts_per_cents_and_forgets_its_eta_with_its_worker(board):
    for before in (GAN, DRAWN):
        board.hear(news(before, 1, 1, finished=True))
    board.hear(news(SCORE, host="a", node="1"))
    board.hear(news(SCORE, 40, 100, seconds_left=60.0))
    told = row(board, "measure g")
    assert (told["percent"], told["seconds_left"]) == (40, 60.0)
    assert board.snapshot()["seconds_left"] == 60.0
    board.hear(news(SCORE, preempted="node a is going"))
    board.hear(news(SCORE, host="b", node="2"))
    assert "seconds_left" not in row(board, "measure g")


def test_a_preempted_gan_is_queued_again_and_says_why(board):
    board.hear(news(GAN, host="spot", node="1"))
    board.hear(trained(30, 70.0))
    board.hear(news(GAN, outcome="preempted"))
    board.hear(news(GAN, preempted="node spot is going"))
    board.hear(news(GAN, queued=True))
    snapshot = board.snapshot()
    assert snapshot["preempted"] == 1
    assert snapshot["workers"] == 0
    assert row(board, "train g")["state"] == "preempted"
    assert row(board, "train g")["note"] == "node spot is going"
    assert snapshot["notes"] == ["train g: node spot is going"]
    board.hear(news(GAN, host="other", node="2"))
    assert row(board, "train g")["state"] == "running"
    assert row(board, "train g")["host"] == "other"
    assert row(board, "train g")["note"] == ""


def test_a_gan_that_is_lost_with_its_node_has_no_worker_any_more(board):
    board.hear(news(GAN, host="spot", node="1"))
    board.hear(news(GAN, preempted="train g lost spot: it was drained"))
    assert board.snapshot()["workers"] == 0
    assert board.snapshot()["notes"] == ["train g lost spot: it was drained"]
    assert row(board, "train g")["state"] == "preempted"


def test_a_lost_worker_is_resubmitted_and_a_warning_alone_changes_no_state(board):
    board.hear(news(GAN, host="a", node="1"))
    board.hear(news(GAN, warning="it is slow"))
    assert row(board, "train g")["state"] == "running"
    board.hear(news(GAN, warning="its worker died", resubmitted=True))
    assert row(board, "train g")["state"] == "again"
    assert board.snapshot()["resubmitted"] == 1
    assert board.snapshot()["notes"] == ["train g: it is slow", "train g: its worker died"]


def test_a_shard_that_is_lost_leaves_the_task_running(board):
    board.hear(news(GAN, 1, 1, finished=True))
    for host in "ab":
        board.hear(news(DRAWN, host=host, node=host))
    board.hear(news(DRAWN, warning="a worker died", resubmitted=True))
    assert states(board)["sample"] == {"running": 1}
    assert board.snapshot()["workers"] == 1


def test_a_failure_blocks_all_that_needs_it(board):
    board.hear(news(GAN, host="a", node="1"))
    board.hear(failure(GAN, "it diverged", "Traceback"))
    snapshot = board.snapshot()
    assert states(board)["train"] == {"failed": 1}
    assert states(board)["sample"] == {"blocked": 1}
    assert states(board)["measure"] == {"blocked": 1}
    assert row(board, "train g")["note"] == "it diverged"
    assert "Traceback" not in json.dumps(snapshot)
    assert snapshot["workers"] == 0
    assert snapshot["seconds_left"] == 0.0


def test_failures_of_one_outer_cause_are_one_note():
    board, why = Board(study_of(3), set()), "store s3://b: no space left ({}/x); free space there"
    gans = [one for one in board.plan.tasks if one.kind == "train"]
    for number, gan in enumerate(gans):
        board.hear(failure(gan, why.format(number)))
    assert board.snapshot()["notes"] == ["9 tasks failed: store s3://b: no space left (…)"]


def test_a_store_that_is_away_is_shown(board, monkeypatch):
    outages = Outages(lambda: 45.0)
    monkeypatch.setattr("ganray.runs.progress.board.OUTAGES", outages)
    assert board.snapshot()["store"] == ""
    outages.failed("s3://new", True, "InternalError", begun=40.0)
    assert board.snapshot()["store"] == ""  # it may pass at once
    outages.failed("s3://b", True, "InternalError", begun=0.0, call=1, until=120.0)
    said = board.snapshot()["store"]
    assert said.startswith("store does not take writes since 0:45 (InternalError), waiting until")


def test_what_needed_no_work_after_all_is_stored(board):
    board.hear(settled(GAN))
    assert states(board)["train"] == {"stored": 1}
    assert states(board)["sample"] == {"queued": 1}
    board.hear(settled(GAN))
    assert states(board)["train"] == {"stored": 1}


def test_late_news_of_a_finished_task_or_of_another_plan_changes_nothing(board):
    board.hear(news(GAN, 1, 1, finished=True))
    before = states(board)
    board.hear(trained(30, 70.0))
    board.hear(news(GAN, warning="a zombie died", resubmitted=True))
    board.hear(news(task("train", "unknown"), host="a"))
    assert states(board) == before


def test_a_snapshot_is_json_even_of_a_trainer_that_has_not_moved(board):
    board.hear(trained(0, float("inf")))
    text = json.dumps(board.snapshot(), allow_nan=False)
    assert "seconds_left" not in row(board, "train g")
    assert json.loads(text)["run"] == PLAN.run


def test_thousands_of_tasks_give_a_small_snapshot_by_few_calls():
    plan = study_of(800)
    costs = {one.address: 1e9 for one in plan.tasks if one.kind == "train"}
    board = Board(plan, set(), costs, clock=lambda: 0.0)
    board.hear(news(plan.tasks[0], 1, 1, finished=True))
    gans = [one for one in plan.tasks if one.kind == "train"]
    for gan in gans[:300]:
        board.hear(news(gan, host="h" * 40, node="n" * 56))
        board.hear(news(gan, 1, 100, images_per_second=5.0, seconds_left=70.0, critic_loss=-2.0))
    snapshot = board.snapshot()
    assert len(snapshot["rows"]) == 200
    assert snapshot["kinds"]["train"] == {"running": 300, "queued": 500}
    assert len(json.dumps(snapshot)) < 100_000
    # Of 10,000 tasks: 0.004 s, and 0.08 s for each forecast.
    assert calls_of(board.snapshot) < 10 * len(plan.tasks)


def calls_of(work: Callable[[], object]) -> int:
    """How many functions of Python it calls, which no machine's speed changes."""
    calls: list[object] = []
    sys.setprofile(lambda frame, event, _: calls.append(event) if event == "call" else None)
    try:
        work()
    finally:
        sys.setprofile(None)
    return len(calls)


def test_it_may_be_asked_while_it_is_told(board):
    errors: list[BaseException] = []

    def ask() -> None:
        try:
            for _ in range(100):
                board.snapshot()
        except BaseException as error:
            errors.append(error)

    asking = [threading.Thread(target=ask) for _ in range(2)]
    for one in asking:
        one.start()
    for step in range(1000):
        board.hear(trained(step % 100, 70.0))
        board.hear(news(GAN, warning=str(step), resubmitted=True))
    for one in asking:
        one.join()
    assert not errors


def test_a_run_of_one_part_is_about_that_part_alone():
    board = Board(PLAN, set(), asked=frozenset({DATA.address, GAN.address}))
    board.hear(news(DATA, 1, 1, finished=True))
    board.hear(news(GAN, 1, 1, finished=True))
    snapshot = board.snapshot()
    assert (snapshot["done"], snapshot["tasks"]) == (2, 2)
    assert snapshot["kinds"].keys() == {"data", "train"}
    assert snapshot["seconds_left"] == 0.0


def test_what_is_asked_for_on_the_way_is_taken_in():
    """A trial's next part, which goes on from a shorter training."""
    clock, longer = [0.0], GAN.model_copy(update={"horizon": 200})
    sample = task("sample", "longer", longer)
    plan, costs = plan_of(DATA, GAN, longer, sample), {GAN.address: 1e9, longer.address: 1e9}
    asked = frozenset({GAN.address})
    board = Board(plan, {DATA.address}, costs, clock=lambda: clock[0], asked=asked)
    board.hear(news(GAN, host="a"))
    clock[0] = 10.0
    board.hear(news(GAN, 1, 1, finished=True))
    assert states(board) == {"train": {"done": 1}}
    board.hear(news(longer, queued=True))
    assert states(board) == {"train": {"done": 1, "queued": 1}}
    assert board.seconds_left == pytest.approx(10.0)
    board.hear(news(longer, 150, 200, host="a"))
    clock[0] = 15.0
    assert board.seconds_left == pytest.approx(5.0), "half of what it adds is done"
    board.hear(news(longer, 1, 1, finished=True))
    board.hear(news(sample, queued=True))
    assert states(board) == {"train": {"done": 2}, "sample": {"queued": 1}}


def test_what_failed_is_not_told_of_as_stopped(board):
    board.hear(failure(GAN, "no room"))
    board.hear(news(GAN, outcome="stopped", why="it had not begun"))
    assert (row(board, "train g")["state"], row(board, "train g")["note"]) == ("failed", "no room")


def test_those_that_are_trained_together_have_one_worker():
    """Whose time is told as it passes, and not once for each of them."""
    clock = [0.0]
    gans = [task("train", str(number), DATA, horizon=100) for number in range(3)]
    costs = {gan.address: 1e9 for gan in gans}
    board = Board(plan_of(DATA, *gans), {DATA.address}, costs, clock=lambda: clock[0])
    for gan in gans:
        board.hear(news(gan, host="a", node="1", cohort=3))
    clock[0] = 10.0
    for gan in gans:
        board.hear(news(gan, 20, 100, images_per_second=5.0, seconds_left=40.0))
    snapshot = board.snapshot()
    assert snapshot["workers"] == 1
    assert snapshot["seconds_left"] == 40.0
    board.hear(news(gans[0], 100, 100, finished=True))
    board.hear(news(gans[1], failed="diverged", outcome="failed"))
    assert board.snapshot()["workers"] == 1
    board.hear(news(gans[2], 100, 100, finished=True))
    assert board.snapshot()["workers"] == 0
