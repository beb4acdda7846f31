"""AdaGAN: components one after another, each on what those before it lack."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ganray.errors import RefusedInput, Stopped
from ganray.local import LocalRunner
from ganray.plan import Plan, Resources, Task
from ganray.plan.roles import find_gan, gans_of
from ganray.report.reading.results import Results
from ganray.runs.agenda import Agenda
from ganray.runs.records.record import save_run
from ganray.spec import parse
from ganray.store import Store
from ganray.studies import adagan
from ganray.tensors import deserialise
from ganray.trained import draw
from tests import tiny
from tests.cli.command import ganray
from tests.golden import DATA, INFO, STUDY
from tests.stages.stores import copied, stop_after

SETTINGS = {name: STUDY[name] for name in ("seed", "replicates", "model", "train")} | {
    "search": {"on": []}
}
TINY = (
    *("study=adagan", "components=3", "discriminator={epochs: 1, batch: 20}"),
    *("evaluate={metrics: [class_divergence]}", "search.on=['component 3']"),
    "budget={iterations: 12, per: side}",
)


def planned(**changes) -> Plan:
    settings = parse(adagan.Settings, SETTINGS | changes, "study")
    return adagan.plan(settings, DATA)


@pytest.fixture(scope="module")
def study_file(tiny_study: Path) -> Path:
    kept = [line for line in tiny_study.read_text().splitlines() if "marginals:" not in line]
    path = tiny_study.with_name("adagan.yaml")  # beside its data
    path.write_text("\n".join(kept))
    return path


@pytest.fixture(scope="module")
def finished(tiny_run, study_file, tmp_path_factory) -> tuple[Store, Agenda]:
    store = copied(tiny_run, tmp_path_factory.mktemp("adagan"), "data", "encoder", "targets")
    _, agenda = tiny.run(study_file, store.url, *TINY)
    assert agenda.complete, agenda.failed
    save_run(store, agenda.plan)
    return store, agenda


def components(plan: Plan, replicate: int = 0) -> list[Task]:
    return [gan.task for gan in gans_of(plan) if (gan.side, gan.replicate) == ("adagan", replicate)]


def test_each_component_waits_for_all_before_it():
    plan = planned(components=3)
    assert plan.sides == ("adagan", "joint")
    for replicate in range(2):
        gans = components(plan, replicate)
        assert [gan.portion for gan in gans] == ["component 1", "component 2", "component 3"]
        assert "weights" not in gans[0].inputs
        for place, gan in enumerate(gans[1:], 1):
            weighing = plan.by_address[gan.inputs["weights"]]
            mixture = plan.by_address[weighing.inputs["images"]]
            assert mixture.members == [one.address for one in gans[:place]]
            assert mixture.parameters["shares"] == pytest.approx([1 / place] * place)
            assert weighing.parameters["beta"] == pytest.approx(1 / (place + 1))
            assert mixture.horizon == 1000
    assert len({gan.parameters["seed"] for r in (0, 1) for gan in components(plan, r)}) == 6
    assert find_gan(plan, "adagan", "component 2", 1).task == components(plan, 1)[1]
    measured = plan.mixture_of(components(plan)[0])
    assert measured == plan.task("mix/adagan/0")
    assert len(measured.members) == 3


def test_a_fixed_share_is_taken_by_each_that_joins():
    plan = planned(components=3, beta=0.5, drawn=100)
    assert plan.task("mix/adagan/0").parameters["shares"] == [0.25, 0.25, 0.5]
    assert plan.task("reweight/adagan/component 3/0").parameters["beta"] == 0.5
    assert plan.task("mix/adagan/component 3/1").horizon == 100


def test_a_further_component_keeps_those_that_are_there():
    few, more = planned(components=2), planned(components=3)
    assert [task.address for task in components(few)] == [
        task.address for task in components(more)[:2]
    ]


def test_a_budget_of_a_side_is_shared_by_the_components():
    plan = planned(components=3, budget={"iterations": 100, "per": "side"})
    assert [task.horizon for task in components(plan)] == [34, 33, 33]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"components": 1}, r"components \(=1\): must be 2 or more: .* one alone is a plain GAN, "
                            "which the studies marginal_vs_joint and rivals train"),
        ({"components": 0}, r"components \(=0\): must be 2 or more"),
        ({"components": 101}, r"components \(=101\)"),
        ({"beta": 1.0}, r"beta \(=1.0\)"),
        ({"drawn": 0}, r"drawn \(=0\)"),
        ({"marginals": "per_class"}, "marginals"),
        ({"model": {"name": "conditional", "of": "fully_connected"},
          "train": {"algorithm": "vanilla"}}, "a GAN of component 1 goes by none"),
        ({"search": {"on": ["component 9"]}}, r"must be one of: joint, component 1, component 2"),
        ({"discriminator": {"batch": 3000}},
         r"discriminator.batch \(=3000\) must be at most 2000"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(changes, said):
    with pytest.raises(RefusedInput, match=said):
        planned(**changes)


def test_images_without_labels_will_do():
    one = {"class_names": ["unlabelled"], "labels": "none",
           "counts": {split: [sum(counts)] for split, counts in INFO.counts.items()}}  # fmt: skip
    bare = type(DATA)(INFO.model_copy(update=one), "c" * 64)
    told = SETTINGS | {"evaluate": {"encoders": ["pixels"]}}
    plan = adagan.plan(parse(adagan.Settings, told, "study"), bare)
    assert len(components(plan)) == 4


def test_components_are_trained_by_weights_of_what_is_lacking(finished):
    store, agenda = finished
    told = store.manifest(agenda.plan.roles["reweight/adagan/component 2/0"])
    stored = deserialise(store.read(told, "weights.safetensors"))
    weights, ratios = stored["weights"].numpy(), stored["ratios"].numpy()
    assert weights.sum() == pytest.approx(1)
    assert len(weights) == told.result["images"] == 120
    assert told.result["kept"] == np.count_nonzero(weights)
    assert (np.diff(weights[np.argsort(ratios)]) <= 0).all()
    assert set(told.result["by_class"]) == {"0", "1", "2"}
    assert np.mean(list(told.result["by_class"].values())) == pytest.approx(1)  # of equal classes


def test_the_mixture_is_what_is_measured_searched_and_drawn(finished):
    store, agenda = finished
    plan, results = agenda.plan, Results.open(store, agenda.plan)
    assert {one.side for one in results.scores} == {"adagan", "joint"}
    assert "search/component 3" in plan.roles
    stored = results.rows(plan.task("mix/adagan/0"), "images")
    assert set(stored["members"]) == {0, 1, 2}
    np.testing.assert_array_equal(draw(store, plan, 60, "adagan").images, stored["images"])


def test_the_report_shows_what_each_component_was_to_learn(finished):
    store, agenda = finished
    answer = ganray("report", agenda.plan.name, "--store", store.url, "--json")
    text = Path(answer.json["report"]).read_text()
    assert "One GAN, or one after another by AdaGAN?" in text
    assert "3 adagan GANs, one for each component" in text
    assert "Weights of training images" in text
    assert "images that weigh most" in text
    assert "The classifier tells nearly all images apart" in text  # of GANs of four iterations
    assert "Training images that weigh most and least: component 3" in text


def test_interrupted_it_ends_as_if_it_were_not(tiny_run, finished, tmp_path):
    whole, agenda = finished
    store = copied(tiny_run, tmp_path, "data")
    part = agenda.plan.model_copy(update={"tasks": tuple(
        task for task in agenda.plan.tasks
        if task.kind in ("data", "reweight", "mix") or (task.kind == "train" and task.portion)
    )})  # fmt: skip
    stops = 0
    while not (again := Agenda.open(part, store)).complete:
        assert stops < 100, [task.title for task in again.pending]
        try:
            LocalRunner(Resources(device="cpu"), should_stop=stop_after(4)).run(again)
        except Stopped:
            stops += 1
        assert not again.failed
    assert stops > 8
    assert tiny.digests(store, part) == tiny.digests(whole, part)
