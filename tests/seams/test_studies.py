"""Studies that `ganray` does not know: of three sides, and of no data at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganray.data.formats.folder import read_folder
from ganray.data.location import Location
from ganray.data.spec import DatasetSpec, SourceInfo
from ganray.drivers.python import run as run_study
from ganray.errors import RefusedInput
from ganray.models import DefenseGan
from ganray.plan import Task
from ganray.plan.kinds import KINDS, Kind
from ganray.report.page import Finding, Table
from ganray.report.reading.results import Results
from ganray.report.sections import verdict, verdict_section
from ganray.report.sections.comparing.scores import scores_section
from ganray.report.tables import comparison_rows
from ganray.runs.records.record import save_run
from ganray.studies import STUDIES, read_study
from ganray.studies.parts.blocks import Blocks
from ganray.studies.parts.data import Data
from ganray.studies.parts.settings import Setup
from ganray.studies.parts.sides import Side, measure, rulers
from ganray.train import WganGp
from tests import tiny
from tests.cli.command import ganray
from tests.seams.three_sides import SIDES
from tests.stages.stores import begun

HERE = "tests.seams"


@pytest.fixture(autouse=True)
def known(monkeypatch) -> None:
    monkeypatch.setitem(STUDIES, "three_sides", f"{HERE}.three_sides")
    monkeypatch.setitem(STUDIES, "no_data", f"{HERE}.no_data")
    squares = Kind("squares", unit="terms", called=("sum", "sums"), home=f"{HERE}.no_data")
    monkeypatch.setitem(KINDS, "squares", squares)


THREE = """\
study: three_sides
name: three
replicates: 2
data: {source: digits.parquet}
model: {width: 2, latent: 8}
train: {batch: 10, critic_steps: 1}
encoder: {epochs: 1, batch: 20}
evaluate: {metrics: [cafd, class_divergence]}
resources: {device: cpu}
"""


@pytest.fixture(scope="module")
def three(tiny_run, tmp_path_factory):
    """The study of three sides, run to its end."""
    folder = tmp_path_factory.mktemp("three")
    tiny.write_digits(folder / "digits.parquet")
    (folder / "three.yaml").write_text(THREE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(STUDIES, "three_sides", f"{HERE}.three_sides")
        _, agenda = tiny.run(folder / "three.yaml", begun(tiny_run, folder / "store"))
    assert agenda.complete, agenda.failed
    save_run(agenda.store, agenda.plan)
    return Results.open(agenda.store, agenda.plan)


def test_every_side_is_trained_and_measured(three):
    assert three.sides == list(SIDES)
    counts = {side: len([g for g in three.gans if g.side == side]) for side in SIDES}
    assert counts == {"single": 6, "pairs": 4, "all": 2}
    for side in SIDES:
        for name in three.measured:
            assert len(three.side_scores(side, name)) == 2


def test_each_two_of_them_are_compared(three):
    rows = comparison_rows(three)
    compared = {(row["first"], row["second"]) for row in rows}
    assert compared == {("single", "pairs"), ("single", "all"), ("pairs", "all")}
    assert len(rows) == 3 * 2
    said = verdict(three, SIDES)
    assert said.count(" against ") == 3
    assert said.startswith("Single against pairs: ")
    finding = next(b for b in verdict_section(three, SIDES).blocks if isinstance(b, Finding))
    assert [mark.label for mark in finding.strip.marks] == ["floor", "all", "pairs", "single"]
    assert len({mark.tone for mark in finding.strip.marks}) == 4
    terms = next(
        b
        for b in scores_section(three, SIDES).blocks
        if isinstance(b, Table) and "by class" in b.caption
    )
    titles = [column.title for column in terms.columns]
    assert titles == ["class", *SIDES, "floor", "single − pairs", "single − all", "pairs − all",
                      "on one scale"]  # fmt: skip


def test_their_report_and_their_gans_are_found_by_their_names(three, tmp_path):
    store = three.store.url
    text = Path(ganray("report", "three", "--store", store, "--json").json["report"]).read_text()
    for said in ("How many GANs?", "pairs 0+1", 'circle class="third"', "The first samples of"):
        assert said in text
    ganray("sample", "three", "--store", store, "--joint", "--to", tmp_path).refused(
        "side (='joint') must be one of: single, pairs, all"
    )
    for side, classes in (("single", ["0", "1", "2"]), ("pairs", ["unlabelled"])):
        to = tmp_path / side
        words = ("sample", "three", "--store", store, "--side", side, "-n", 6, "--to", to)
        assert ganray(*words).code == 0
        assert read_folder(Location.of(str(to))).class_names == classes
    image = tmp_path / "image.png"
    Image.fromarray(np.zeros((28, 28), np.uint8)).save(image)
    searched = ganray("search", "three", "--store", store, "--image", image, "--on", "all",
                      "--restarts", 1, "--json")  # fmt: skip
    assert searched.code == 0, searched
    words = ("search", "three", "--store", store, "--image", image, "--restarts", 1, "--on")
    assert ganray(*words, "pairs 0+1").code == 0
    ganray(*words, "pairs 0").refused("GAN (='pairs 0', replicate 0) must be one of: ", "pairs 0+1")


def blocks_of(labels: int = 3) -> Blocks:
    """Of a made-up set; the encoder needs nothing of it."""
    names = [f"c{k}" for k in range(labels)]
    counts = {"train": [60] * labels, "held_out": [20] * labels, "test": [20] * labels}
    info = SourceInfo(name="made-up", shape=(1, 28, 28), class_names=names, counts=counts)
    blocks = Blocks(Data(info, "f" * 64), 0)
    blocks.import_data(DatasetSpec())
    return blocks


def test_sides_may_share_a_gan_and_differ_in_their_replicates():
    """One that gives all samples of a side, and a part of another's."""
    settings, blocks = Setup(evaluate={"metrics": ["frechet_distance"]}), blocks_of()

    def gan(side: str, classes: list[int], replicate: int) -> Task:
        return blocks.train(side, side, classes, replicate, DefenseGan(), WganGp(), 2)

    every = [0, 1, 2]
    alone = Side("alone", [every], [[gan("alone", every, r)] for r in (0, 1)])
    mixed = Side("mixed", [every, [0]], [[gan("mixed", every, 0), gan("mixed", [0], 0)]])
    measured = measure(blocks, [alone, mixed], rulers(blocks, settings), settings.evaluate)
    shared = alone.gans[0][0]
    assert shared.address == mixed.gans[0][0].address
    assert len(measured[shared.address]) == 2 * len(settings.evaluate.encoders)
    counts = [t.horizon for t in blocks.builder.tasks.values() if t.kind == "sample"]
    assert sorted(counts) == [15, 45, 60, 60]
    assert {r.partition("/")[0] for r in blocks.builder.roles} >= {"measure", "sample", "embed"}


@pytest.mark.parametrize("names", [("a", "a"), ("a/b", "c"), ("", "c")])
def test_sides_have_names_of_their_own(names):
    settings, blocks = Setup(evaluate={"metrics": ["frechet_distance"]}), blocks_of()
    sides = [Side(name, [], []) for name in names]
    with pytest.raises(ValueError, match="names of their own"):
        measure(blocks, sides, rulers(blocks, settings), settings.evaluate)


def test_a_study_without_data_is_planned_run_and_reported(tmp_path):
    (tmp_path / "squares.yaml").write_text("study: no_data\nterms: 4\n")
    words = (tmp_path / "squares.yaml", "--store", tmp_path / "store")
    planned = ganray("plan", *words, "--json")
    assert [task["kind"] for task in planned.json["tasks"]] == ["squares"]
    ran = ganray("run", *words, "--runner", "local")
    assert ran.code == 0, ran
    assert "1 sum" in ran.err
    report = ganray("report", "squares", "--store", tmp_path / "store", "--json").json["report"]
    assert "The sum is 14." in Path(report).read_text()
    assert ganray("status", "squares", "--store", tmp_path / "store", "--json").code == 0
    assert ganray("store", "gc", tmp_path / "store").code == 0
    again = ganray("run", *words, "--runner", "local")
    assert "nothing to do" in again.out


def test_its_settings_are_explained_and_checked(tmp_path):
    assert "terms: whole number, ≥ 1, default 3 (no_data)" in ganray("explain", "terms").out
    (tmp_path / "squares.yaml").write_text("study: no_data\nterms: 0\n")
    ganray("plan", tmp_path / "squares.yaml").refused("terms (=0)")
    (tmp_path / "squares.yaml").write_text("study: no_data\ndata: {source: x}\n")
    with pytest.raises(RefusedInput, match="unknown name 'data'"):
        read_study(str(tmp_path / "squares.yaml"))


def test_workers_elsewhere_would_not_know_it(tmp_path):
    with pytest.raises(RefusedInput, match=r"study \(='no_data'\) was added in this process"):
        run_study({"study": "no_data"}, store=tmp_path)
