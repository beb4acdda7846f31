"""The study that asks trained GANs how likely images are, and what lies between two vectors."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from ganray.data import Dataset
from ganray.drivers.python import FinishedRun
from ganray.drivers.runs.ending import Outcome
from ganray.errors import RefusedInput, Stopped
from ganray.local import LocalRunner
from ganray.metrics.copying.nulls import cross_fades, drawn_pairs
from ganray.plan import Plan, Resources
from ganray.report.reading.probed import likely, walked
from ganray.report.reading.results import Results
from ganray.report.tables import all_tables, table_files
from ganray.runs.agenda import Agenda
from ganray.runs.records.inputs import dataset_location
from ganray.runs.records.record import save_run
from ganray.spec import parse
from ganray.store import Store
from ganray.studies import probing
from tests import tiny
from tests.cli.command import ganray
from tests.golden import DATA, STUDY, planned
from tests.stages.stores import copied, stop_after

TINY = (
    "study=probing",
    "evaluate={metrics: [parzen], encoders: [every_pixel]}",
    "likelihood={sigmas: [0.2, 0.5], images: 5, chains: 1, steps: 3, windows: 20, chunk: 3}",
    "interpolation={pairs: 5, frames: 6, chunk: 3}",
    "search.on=[]",
)
KINDS = ("likelihood", "interpolation")


def asking(**changes) -> Plan:
    settings = parse(probing.Settings, STUDY | {"study": "probing"} | changes, "study")
    return probing.plan(settings, DATA)


def asks(plan: Plan, kind: str) -> dict[str, str]:
    return {role: a for role, a in plan.roles.items() if a.startswith(f"{kind}/")}


@pytest.fixture(scope="module")
def finished(tiny_run, tmp_path_factory) -> tuple[Store, Agenda]:
    store = copied(tiny_run, tmp_path_factory.mktemp("probing"), "data", "train")
    _, agenda = tiny.run(tiny_run.file, store.url, *TINY)
    assert agenda.complete, agenda.failed
    save_run(store, agenda.plan)
    return store, agenda


@pytest.fixture(scope="module")
def results(finished) -> Results:
    return Results.open(finished[0], finished[1].plan)


def test_its_gans_and_scores_are_those_of_the_comparison():
    ours, theirs = asking().roles, planned().roles
    for role, address in theirs.items():
        if role.startswith(("train/", "measure/cafd", "card/", "search/")):
            assert ours[role] == address, role


def test_each_gan_is_asked_with_each_noise_and_a_further_one_adds_tasks_alone():
    few, more = (asking(likelihood={"sigmas": s, "images": 8}) for s in ([0.1], [0.1, 0.3]))
    assert len(asks(few, "likelihood")) == 3  # of the first replicate
    assert len(asks(more, "likelihood")) == 6
    assert asks(few, "likelihood").items() <= asks(more, "likelihood").items()
    longer = asking(likelihood={"sigmas": [0.1], "images": 16})
    keys = [
        {address.rpartition("/")[0] for address in asks(plan, "likelihood").values()}
        for plan in (few, longer)
    ]
    assert keys[0] == keys[1]


def test_sides_have_equally_many_windows():
    """By their classes' training images: more windows alone would make test images likelier."""
    plan = asking(likelihood={"sigmas": [0.1], "windows": 1000})
    found = {
        role: plan.task(role).parameters["likelihood"]["windows"]
        for role in asks(plan, "likelihood")
    }
    assert found.pop("likelihood/joint/a+b+c/0/0.1") == 1000
    assert sum(found.values()) == 1000
    shares = [sum(DATA.info.counts["train"][index] for index in group) for group in ([0], [1, 2])]
    assert list(found.values()) == [round(1000 * one / sum(shares)) for one in shares]


def test_ways_are_of_the_gans_that_are_named():
    assert len(asks(asking(), "interpolation")) == 3
    some = asks(asking(interpolation={"on": ["joint", "b+c"], "encoder": "efficientnet_lite0"}),
                "interpolation")  # fmt: skip
    assert list(some) == [
        f"interpolation/efficientnet_lite0/{one}" for one in ("joint/a+b+c/0", "marginal/b+c/0")
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"likelihood": {"sigmas": [0.1, 0]}}, r"likelihood.sigmas.1 \(=0\): .*0.0001"),
        ({"likelihood": {"sigmas": [0.1, -2]}}, r"likelihood.sigmas.1 \(=-2\)"),
        ({"likelihood": {"sigmas": []}}, r"likelihood.sigmas"),
        ({"likelihood": {"sigmas": [0.1, 0.1]}}, "twice"),
        ({"likelihood": {"images": 100_000}}, r"likelihood.images \(=100000\) must be at most \d+"),
        ({"likelihood": {"steps": 1}}, r"likelihood.steps \(=1\)"),
        ({"interpolation": {"frames": 2}}, r"interpolation.frames \(=2\)"),
        ({"interpolation": {"on": ["z"]}}, r"interpolation.on \(='z'\) must be one of: joint, a,"),
        ({"interpolation": {"encoder": "pixels"}},
         r"interpolation.encoder \(='pixels'\) must be one of evaluate.encoders: classifier, "),
        ({"model": {"name": "modnet"}, "train": {"algorithm": "modnet"}}, "images of images"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(changes, said):
    with pytest.raises(RefusedInput, match=said):
        asking(**changes)


def test_a_side_of_several_gans_is_their_mixture(results):
    """By hand: Σ π p over both marginal GANs, whose classes have 40 and 80 training images."""
    side = likely(results, "marginal", 0.5)
    rows = [
        results.rows(f"likelihood/marginal/{name}/0/0.5", "likelihood") for name in ("0", "1+2")
    ]
    for name, mixed in (("lower", side.annealed), ("parzen", side.windows)):
        expected = np.logaddexp(rows[0][name] - np.log(3), rows[1][name] + np.log(2 / 3))
        np.testing.assert_allclose(mixed, expected)
    assert len(side.gaps) == 10
    assert likely(results, "joint", 0.9) is None


def test_nulls_stand_beside_each_gans_ways(results, finished):
    store, agenda = finished
    ways = {one.called: one for one in walked(results)}
    assert set(ways) == {"joint", "marginal 0", "marginal 1+2"}
    one = ways["marginal 0"]
    assert one.paths == ["straight", "great-circle", "cross-fade", "jumps"]
    assert one.numbers.shape == (5, 4, 2)
    assert one.frames.shape == (3, 4, 6, 1, 28, 28)
    task = agenda.plan.task("interpolation/every_pixel/marginal/0/0")
    images, _ = Dataset.open(dataset_location(store, task.inputs["data"], None)).images(
        "train", [0]
    )
    pairs = drawn_pairs(task.parameters["seed"], 0, 3, len(images))
    faded = cross_fades(images[pairs[:, 0]], images[pairs[:, 1]], 6)
    np.testing.assert_array_equal(one.frames[:, 2], faded)
    known = {image.tobytes() for image in images}
    assert all(frame.tobytes() in known for frame in one.frames[:, 3].reshape(-1, 1, 28, 28))
    detours, shares = one.numbers[:, 2].T
    np.testing.assert_allclose(detours, 1, atol=1e-3)  # by pixels
    np.testing.assert_allclose(shares, 1 / 5, rtol=0.05)
    assert (one.numbers[:, 3, 1] > 0.3).all()  # jumps


def test_the_report_shows_both(finished):
    store, agenda = finished
    answer = ganray("report", agenda.plan.name, "--store", store.url, "--json")
    text = Path(answer.json["report"]).read_text()
    for said in (
        "Of likelihoods at 2 σ, AIS names",
        "gap of simulated images",
        "Bits for each number of an image over σ",
        "Likelier test images have, at σ 0.2:",
        "How smooth the ways are",
        "null: cross-fades of training images",
        "Ways of marginal 1+2",
    ):
        assert said in text, said


def ended(plan: Plan) -> Outcome:
    return Outcome(code=0, run=plan.run, done=0, reused=0, failed={}, report=None, seconds=0.0)


def test_likelihoods_are_a_table_of_means_and_images(results):
    rows = all_tables(results)["likelihoods"].to_pylist()
    assert len(rows) == 2 * 2 * 2 * (1 + 5)  # sides, σ, estimates; the mean and each image
    for side, sigma in product(("marginal", "joint"), (0.2, 0.5)):
        asked = likely(results, side, sigma)
        for estimate, values in (("annealed", asked.annealed), ("parzen", asked.windows)):
            mean, *each = (
                row for row in rows
                if (row["side"], row["sigma"], row["estimate"]) == (side, sigma, estimate)
            )  # fmt: skip
            assert [row["image"] for row in (mean, *each)] == [None, *range(5)]
            np.testing.assert_array_equal([row["nats"] for row in each], values)
            assert mean["nats"] == pytest.approx(values.mean())
            assert mean["bits"] == pytest.approx(8 - values.mean() / (784 * np.log(2)))
            assert mean["low"] < mean["nats"] < mean["high"]
        assert mean["gap"] is None
    gaps = [row["gap"] for row in rows if row["gap"] is not None]
    assert len(gaps) == 4
    assert likely(results, "joint", 0.2).gaps.mean() in gaps


def test_ways_are_a_table(results):
    rows = all_tables(results)["interpolation"].to_pylist()
    one = next(one for one in walked(results) if one.gan.side == "joint")
    mine = [row for row in rows if row["gan"] == one.called and row["path"] == one.paths[0]]
    assert [row["way"] for row in mine] == list(range(5))
    found = [[row["detour"], row["largest_share"]] for row in mine]
    np.testing.assert_array_equal(found, one.numbers[:, 0])
    assert {row["encoder"] for row in rows} == {"every_pixel"}
    assert len(rows) == sum(one.numbers[..., 0].size for one in walked(results))


def test_both_tables_lie_beside_the_report_and_are_data_frames(finished):
    store, agenda = finished
    files = table_files(Results.open(store, agenda.plan))
    assert {f"{name}.{kind}" for name in ("likelihoods", "interpolation") for kind in
            ("csv", "parquet")} <= set(files)  # fmt: skip
    done = FinishedRun(store, agenda.plan, ended(agenda.plan))
    assert set(done.likelihoods["estimate"]) == {"annealed", "parzen"}
    assert len(done.interpolation)


def test_other_studies_have_no_such_tables(tiny_run):
    assert not {"likelihoods", "interpolation"} & set(
        all_tables(Results.open(tiny_run.store, tiny_run.plan))
    )
    done = FinishedRun(tiny_run.store, tiny_run.plan, ended(tiny_run.plan))
    with pytest.raises(RefusedInput, match="marginal_vs_joint, which asks for no likelihoods of"):
        _ = done.likelihoods


def test_a_part_that_is_missing_is_no_side(finished, tmp_path):
    store, agenda = finished
    manifests = {
        address: one
        for address, one in Results.open(store, agenda.plan).manifests.items()
        if not address.startswith(KINDS) or "likelihood" in address
    }
    del manifests[agenda.plan.roles["likelihood/marginal/0/0/0.2"]]
    page = probing.page(Results(store, agenda.plan, manifests))
    sections = {one.anchor: one for one in page.sections}
    assert {"likelihood", "interpolation"} <= set(sections)
    assert "Of likelihoods at one σ" in page.lead


def test_interrupted_it_ends_as_if_it_were_not(tiny_run, finished, tmp_path, iterations):
    whole, agenda = finished
    store = copied(tiny_run, tmp_path, "data", "train")
    joint = agenda.plan.roles["train/joint/0+1+2/0"]
    part = agenda.plan.model_copy(update={"tasks": tuple(
        task for task in agenda.plan.tasks
        if task.kind in ("data", "train", "weights")
        or (task.kind in KINDS and task.inputs["gan"] == joint)
    )})  # fmt: skip
    stops = 0
    while not (again := Agenda.open(part, store)).complete:
        assert stops < 100, [task.title for task in again.pending]
        try:
            LocalRunner(Resources(device="cpu"), should_stop=stop_after(2)).run(again)
        except Stopped:
            stops += 1
        assert not again.failed
    assert stops > 3
    assert not iterations  # its GANs were there
    assert tiny.digests(store, part) == tiny.digests(whole, part)
