"""What was expected beside what it took, with known numbers: GANs are made up to take 30 s each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ganray.report.page import Paragraph, Table
from ganray.report.sections import compute_section
from ganray.report.sections.provenance.estimated import estimated_blocks
from ganray.runs.forecasts.foretold import expected, foretell, foretold
from tests.report.conftest import MadeUp, Make


@pytest.fixture(scope="module")
def made(make_up: Make) -> MadeUp:
    return make_up(replicates=2)


@pytest.fixture
def run(made: MadeUp) -> Iterator[MadeUp]:
    """A finished run, of which nothing was foretold."""
    yield made
    for name in ("foretold.json", "spending/a.json"):
        made.store.files.remove(f"runs/{made.plan.run}/{name}")


def told(run: MadeUp, **settings: object) -> list[object]:
    """The blocks, of a study with these settings."""
    results = run.results
    results.plan = results.plan.model_copy(update={"settings": results.plan.settings | settings})
    return list(estimated_blocks(results))


def test_kinds_stand_with_both_times_their_ratio_and_both_prices(run: MadeUp) -> None:
    trained = [task.address for task in run.plan.tasks if task.kind == "train"]
    embedded = next(task for task in run.plan.tasks if task.kind == "embed")
    took = run.results.seconds[embedded.address]
    foretell(run.store, run.plan, dict.fromkeys(trained[:4], 20.0) | {embedded.address: took})
    foretell(run.store, run.plan, {trained[0]: 9.0})  # the run goes on: what was told first
    run.store.put(
        f"runs/{run.plan.run}/spending/a.json",
        b'{"cpu_seconds": 7200.0, "gpu_seconds": 1800.0, "seconds": 1.0}',
    )
    cost = {"prices": {"cpu_hour": 36.0, "gpu_hour": 72.0}, "currency": "EUR"}
    table, note, held = told(run, cost=cost, resources={"num_cpus": 2.0, "num_gpus": 0.5})
    assert isinstance(table, Table)
    assert [column.title for column in table.columns] == [
        *("kind", "tasks", "estimated", "actual", "ratio", "estimated, EUR", "actual, EUR")
    ]
    rows = {row[0]: row[1:] for row in table.rows}
    # 2 CPUs and half a GPU: 108 EUR an hour, 0.03 a second.
    assert rows["train"] == ["4", "1 min 20 s", "2 min 00 s", "1.50", "2.40", "3.60"]
    assert rows["embed"][0] == "1"
    assert rows["all"][0] == "5"
    assert isinstance(note, Paragraph)
    assert isinstance(held, Paragraph)
    assert held.text == ("Workers with a task held 2 CPU-hours and 0.5 GPU-hours in all, 108 EUR.")


def test_without_prices_there_is_no_price_and_without_an_estimate_no_table(run: MadeUp) -> None:
    assert told(run) == []
    gan = next(task for task in run.plan.tasks if task.kind == "train")
    foretell(run.store, run.plan, {gan.address: 60.0, "train/gone/step-000000001": 9.0})
    table, _ = told(run)
    assert isinstance(table, Table)
    assert table.rows[0] == ["train", "1", "1 min 00 s", "30.0 s", "0.50"]
    captions = [b.caption for b in compute_section(run.results).blocks if isinstance(b, Table)]
    assert table.caption in captions


def test_a_damaged_estimate_is_said_to_be(run: MadeUp) -> None:
    run.store.put(f"runs/{run.plan.run}/foretold.json", b'{"seconds": [1]}')
    (said,) = told(run)
    assert isinstance(said, Paragraph)
    assert "is damaged" in said.text


def test_what_is_expected_follows_from_operations_and_what_was_timed(run: MadeUp) -> None:
    tasks = [t for t in run.plan.tasks if t.kind in ("train", "embed", "card")]
    flops = {t.address: {"train": 1e10, "embed": 3e10, "card": 0.0}[t.kind] for t in tasks}
    found = expected(tasks, flops, 1e10, {"embed": 1e-9})
    seconds = {t.kind: found[t.address] for t in tasks}
    assert seconds == pytest.approx({"train": 1.5, "embed": 30.5, "card": 0.5})
    without = expected(tasks, flops, None, {"embed": 1e-9})
    assert {t.kind for t in tasks if t.address in without} == {"embed"}
    assert foretold(run.store, run.plan) == {}
