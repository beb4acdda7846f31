from __future__ import annotations

from ganray.report.page import Details, Paragraph, Table
from ganray.report.sections import compute_section
from tests.report.conftest import CLASSES, MadeUp, Make

BY_SIDE = "Training, by side: totals over its GANs and replicates"


def tables(run: MadeUp) -> dict[str, list[list[object]]]:
    blocks = compute_section(run.results).blocks
    flat = [inner for b in blocks for inner in (b.blocks if isinstance(b, Details) else [b])]
    return {block.caption: list(block.rows) for block in flat if isinstance(block, Table)}


def test_it_begins_with_what_was_equal(whole: MadeUp) -> None:
    first = compute_section(whole.results).blocks[0]
    assert isinstance(first, Paragraph)
    assert first.text.startswith("Compared at equal iterations for each GAN: 700; in all")


def test_a_side_costs_the_sum_of_its_gans(whole: MadeUp) -> None:
    rows = tables(whole)[BY_SIDE]
    # 1,000 images, 2 MFLOP and 30 s each: three joint GANs, two marginal ones in three replicates.
    assert rows == [
        ["joint", "3", "2,100", "3,000", "6 MFLOP", "1 min 30 s"],
        ["marginal", "6", "4,200", "6,000", "12 MFLOP", "3 min 00 s"],
    ]


def test_a_gan_that_was_not_trained_costs_nothing_and_says_why(make_up: Make) -> None:
    run = make_up(failed={"train/joint/" + "+".join(CLASSES) + "/0": "diverged"}, replicates=1)
    found = tables(run)
    assert found[BY_SIDE][0][2:] == ["0", "0", "0 FLOP", "0.0 s"]
    assert next(r for r in found["Training, by GAN"] if r[0] == "joint r0")[2] == "failed"


def test_kinds_count_their_tasks_and_chunks(whole: MadeUp) -> None:
    rows = {row[0]: row for row in tables(whole)["All work, by kind of task"]}
    search = [task for task in whole.plan.tasks if task.kind == "search"]
    assert rows["search"][1:4] == ["2", "2", str(sum(task.chunks for task in search))]
    assert rows["train"][1:3] == ["9", "9"]
