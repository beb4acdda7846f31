"""The budget curve: one training measured on its way, at fractions of the budget."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from ganray.cost.estimate import estimate
from ganray.errors import RefusedInput
from ganray.plan import Plan
from ganray.plan.roles import measure_role
from ganray.report import Results, write_report
from ganray.report.page import Gallery, Table
from ganray.report.tables import all_tables
from ganray.runs.agenda import Agenda
from ganray.scores import ScoreName
from ganray.studies import budget_curve, read_study
from ganray.studies.budget_curve import page, prefix
from ganray.train.gan import GanTrainer
from tests import tiny
from tests.report import chromium
from tests.stages.stores import begun

FRACTIONS = (0.25, 0.5, 1.0)
METRICS = "evaluate.metrics=[class_divergence, {name: inception_score, splits: 2}]"
CURVE = ("study=budget_curve", "search={on: []}", "name=curve", "replicates=2", METRICS)
MEASURED = ("class_divergence", "inception_score")
SIDES = ("marginal", "joint")
GANS = ("train/joint/0+1+2/", "train/marginal/0/", "train/marginal/1+2/")


@dataclass(frozen=True)
class Ran:
    """A finished curve, and which iterations were really done, by GAN seed."""

    agenda: Agenda
    iterations: dict[int, list[int]]

    @property
    def results(self) -> Results:
        return Results.open(self.agenda.store, self.agenda.plan)


@pytest.fixture(scope="module")
def ran(tiny_study, tiny_run, tmp_path_factory) -> Ran:
    url = begun(tiny_run, tmp_path_factory.mktemp("curve"))
    done: dict[int, list[int]] = {}
    advance = GanTrainer.advance

    def counted(trainer):
        done.setdefault(trainer.seed, []).append(trainer.step)
        return advance(trainer)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(GanTrainer, "advance", counted)
        _, agenda = tiny.run(tiny_study, url, *CURVE)
    assert agenda.complete, agenda.failed
    return Ran(agenda, done)


def planned(file: Path, *changes: str) -> Plan:
    return read_study(str(file), [*CURVE, *changes]).plan()


def test_every_iteration_is_done_once(ran):
    assert len(ran.iterations) == 2 * 3  # replicates × GANs
    assert all(steps == [0, 1, 2, 3] for steps in ran.iterations.values())


def test_the_fractions_lie_on_one_trajectory(ran):
    plan = ran.agenda.plan
    for gan in GANS:
        tasks = [plan.task(f"{prefix(part)}{gan}0") for part in FRACTIONS]
        assert [task.horizon for task in tasks] == [1, 2, 4]
        assert len({task.trajectory for task in tasks}) == 1
        assert [plan.continued(task) for task in tasks] == [None, *tasks[:2]]


def test_the_whole_budget_is_the_other_studys_own_gans(ran, tiny_run):
    """And they come out to the bit as if they had not been looked at on the way."""
    plan, store = ran.agenda.plan, ran.agenda.store
    for gan in GANS:
        address = tiny_run.plan.roles[f"{gan}0"]
        assert plan.roles[f"{gan}0"] == address
        ours, theirs = store.manifest(address), tiny_run.store.manifest(address)
        name = "generator.safetensors"
        assert ours.file(name).sha256 == theirs.file(name).sha256


def test_a_fraction_is_what_a_budget_of_its_size_gives(ran, tiny_study):
    half = planned(tiny_study, "budget.iterations=2", "fractions=[1]")
    for role in (*(f"{gan}0" for gan in GANS), "measure/inception_score/classifier/marginal/1"):
        assert half.roles[role] == ran.agenda.plan.roles[f"at/0.5/{role}"]


def test_a_sides_fraction_is_shared_like_the_whole(tiny_study):
    plan = planned(tiny_study, "budget={iterations: 14, per: side}")
    ends = {
        part: [plan.task(f"{prefix(part)}{gan}1").horizon for gan in GANS] for part in FRACTIONS
    }
    assert ends == {0.25: [3, 2, 1], 0.5: [7, 4, 3], 1.0: [14, 7, 7]}


def test_training_is_estimated_once(tiny_study):
    costs = {}
    for changes in ((), ("fractions=[1]",)):
        plan = planned(tiny_study, *changes)
        train = [task.address for task in plan.tasks if task.kind == "train"]
        costs[changes] = sum(estimate(plan)[address].flops for address in train)
    assert costs[()] == costs[("fractions=[1]",)]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("fractions=[0.5]", "fractions (=[0.5]): must rise, without repetition, and end with 1"),
        ("fractions=[0.5, 0.25, 1]", "must rise"),
        ("fractions=[0.5, 0.5, 1]", "without repetition"),
        ("fractions=[]", "end with 1"),
        ("fractions=[0.3333333, 0.33333332, 1]", "must differ within six digits"),
        ("fractions=[0, 1]", "fractions.0 (=0): Input should be greater than 0"),
        ("fractions=[0.5, 1.5]", "fractions.1 (=1.5)"),
    ],
)
def test_bad_fractions_are_refused(tiny_study, change, said):
    with pytest.raises(RefusedInput, match=re.escape(said)):
        planned(tiny_study, change)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("fractions=[0.1, 1]", r"less than one iteration .*fraction 0.1\); use at least 10"),
        (
            "fractions=[0.5, 0.6, 1]",
            "0.5 and 0.6 of budget.iterations",
        ),
    ],
)
def test_fractions_too_fine_for_the_budget_are_refused(tiny_study, change, said):
    with pytest.raises(RefusedInput, match=said):
        planned(tiny_study, change)


def test_each_fraction_has_its_own_scores_and_one_floor(ran):
    for part in FRACTIONS:
        found = ran.results.within(prefix(part))
        names = [ScoreName(metric, "classifier") for metric in MEASURED]
        roles = [measure_role(name, side, r) for name in names for side in SIDES for r in (0, 1)]
        stored = [
            ran.agenda.store.manifest(ran.agenda.plan.roles[prefix(part) + role]).result["score"]
            for role in roles
        ]
        values = [score["value"] for score in stored]
        assert Counter(m.score.value for m in found.scores) == Counter(values)
        assert found.floor(names[0]) == ran.results.floor(names[0])
    assert len({ran.results.within(prefix(p)).side_scores("joint", names[0])[0].value
                for p in FRACTIONS}) == 3  # fmt: skip


def test_the_page_has_a_verdict_at_each_fraction(ran):
    found = page(ran.results)
    assert re.search(r"At ¼ of the budget: .* At ½ of the budget: .* At the whole", found.lead)
    assert found.lead.startswith("2 marginal GANs, one for each group of classes (0 and 1+2),")
    assert found.lead.endswith("Two replicates: caution.")
    assert "equal iterations for each GAN: 4; in all, the marginal side (2 GANs)" in found.lead
    blocks = found.sections[0].blocks
    galleries = [block for block in blocks if isinstance(block, Gallery)]
    assert [gallery.title.partition(" (")[0] for gallery in galleries] == [
        *("Class divergence", "Inception Score")
    ]
    (table,) = (block for block in blocks if isinstance(block, Table))
    assert [row[:3] for row in table.rows[:3]] == [
        ["class divergence", "¼", "1 / 1"],
        ["class divergence", "½", "2 / 2"],
        ["class divergence", "1", "4 / 4"],
    ]
    assert len(table.rows) == 6


def test_the_curves_stand_at_the_images_that_were_seen(ran):
    """Batches of 10 in two critic steps: 20 images an iteration of a GAN; two marginal GANs."""
    galleries = [b for b in page(ran.results).sections[0].blocks if isinstance(b, Gallery)]
    each, whole = (figure.pictures[0].alt for figure in galleries[0].figures)
    assert [re.findall(r" at (\d+)", part) for part in each.split(";")[:2]] == [
        ["20", "40", "80"],
        ["20", "40", "80"],
    ]
    assert [re.findall(r" at (\d+)", part) for part in whole.split(";")[:2]] == [
        ["20", "40", "80"],
        ["40", "80", "160"],
    ]


def test_time_is_counted_once(ran):
    """A training's own time goes on from the shorter one's."""
    results = ran.results
    spent = sum(results.seconds[task.address] for task in results.plan.tasks
                if task.kind == "train")  # fmt: skip
    whole = sum(results.manifest(f"{gan}{r}").record["device_seconds"] for gan in GANS
                for r in (0, 1))  # fmt: skip
    assert spent == pytest.approx(whole)


def test_a_curve_that_has_only_begun_says_so(ran):
    """Only the first fraction is measured."""
    results = ran.results
    first = {results.plan.roles[role] for role in results.plan.roles if role.startswith("at/0.25")}
    for address, task in results.plan.by_address.items():
        if task.kind in ("measure", "train") and address not in first and "floor" not in task.title:
            results.manifests.pop(address)
    found = page(results)
    assert found.lead.count("At ") == 1
    (table,) = (b for b in found.sections[0].blocks if isinstance(b, Table))
    assert [row[-1] for row in table.rows[1:3]] == ["marginal not measured"] * 2


def test_nothing_measured_is_a_page_too(tiny_study, tmp_path):
    plan = planned(tiny_study)
    agenda_store = tiny.Store(str(tmp_path))
    found = page(Results.open(agenda_store, plan))
    assert found.lead == "Nothing has been measured yet."
    assert write_report(agenda_store, plan, page)


@pytest.mark.skipif(not chromium.BINARY, reason="chromium is not installed")
def test_chromium_shows_it_whole(ran, tmp_path):
    report = Path(write_report(ran.agenda.store, ran.agenda.plan, budget_curve.page))
    seen = chromium.look(report, tmp_path / "profile", 390)
    assert (seen.complaints, seen.requests) == ([], [])
    assert [alt for alt, loaded in seen.layout["images"] if not loaded] == []
    assert seen.layout["width"] <= seen.layout["inner"] == 390


def test_its_tables_have_every_point(ran):
    tables = all_tables(ran.results)
    scores, comparisons = (tables[name].to_pylist() for name in ("scores", "comparisons"))
    name = ScoreName("class_divergence", "classifier")
    for fraction in FRACTIONS:
        part = None if fraction == 1 else f"at/{fraction:g}"
        there = ran.results.within(prefix(fraction))
        for side in SIDES:
            told = [
                row["value"]
                for row in scores
                if (row["part"], row["metric"], row["side"]) == (part, name.metric, side)
            ]
            assert told == [score.value for score in there.side_scores(side, name)]
            assert len(told) == 2
        (judged,) = [
            row for row in comparisons if (row["part"], row["metric"]) == (part, name.metric)
        ]
        assert (judged["first"], judged["second"]) == SIDES
    assert len({row["difference"] for row in comparisons}) == len(comparisons)
