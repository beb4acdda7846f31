"""Range-space audits: planned, shared, refused, searched, resumed and reported."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ganray.data.probe import add_noise, draw
from ganray.errors import RefusedInput
from ganray.metrics.range_space.reach import best, calibrated, reach
from ganray.models import Conditional, DefenseGan, FullyConnected, Vae
from ganray.models.laws.plausibility import plausibility
from ganray.plan.parameters import SearchParameters, TargetsParameters
from ganray.report.comparing.coverage import restriction
from ganray.report.page import Figure, Gallery, Table
from ganray.report.reading.audited import audits
from ganray.report.reading.results import Results
from ganray.report.reading.searched import OWN
from ganray.report.tables import all_tables
from ganray.studies import study_from
from ganray.studies.parts.probes import AuditSearch
from ganray.studies.parts.variants import usual_variants
from ganray.studies.range_audit import page
from tests import tiny
from tests.stages.stores import begun

SEARCH = {
    **{"steps": 3, "restarts": 3, "chunk": 7, "own_samples": 9, "in_class": 4, "off_class": 5},
    **{"noisy": 2, "noise": 2, "others": 4, "shapes": ["smiley"]},
}
VARIANTS = [
    {"name": "plain"},
    {"name": "smaller", "model": {"prior": {"variance": 0.25}}},
    {"name": "shell", "search": {"projection": "shell"}},
    {"name": "longer", "search": {"restarts": 4}},
]


def settings(**changed: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "study": "range_audit",
        "name": "tiny",
        "on": ["0"],
        "model": {"width": 2, "latent": 8},
        "train": {"batch": 10, "critic_steps": 1},
        "budget": {"iterations": 2},
        "encoder": {"epochs": 1, "batch": 20},
        "search": SEARCH,
        "variants": VARIANTS,
        "reached": 0.9,
        "resources": {"device": "cpu"},
    }
    return {**told, **changed}


def test_variants_that_differ_in_their_search_alone_share_a_gan():
    plan = study_from(settings(on=["0", "1+2", "joint"], replicates=2)).plan()
    kinds = [task.kind for task in plan.tasks]
    assert (kinds.count("train"), kinds.count("targets")) == (3 * 2 * 2, 3)
    # More restarts only go on: they are the same search.
    assert kinds.count("search") == 3 * 2 * 4
    searched = {role: plan.task(role) for role in plan.roles if role.startswith("search/")}
    assert searched["search/plain/0/1"].inputs == searched["search/shell/0/1"].inputs
    assert searched["search/plain/0/1"].trajectory == searched["search/longer/0/1"].trajectory
    told = SearchParameters.of(searched["search/shell/1+2/0"])
    assert (told.search.projection, told.search.steps, told.own_samples) == ("shell", 3, 9)
    assert plan.sides == ("plain", "smaller")
    assert restriction(study_from(settings()).plan()) == ""  # nothing is compared


def test_a_gan_is_that_of_a_comparison_with_the_same_settings():
    mine = study_from(settings(seed=4)).plan()
    shared = {"seed", "name", "model", "train", "budget", "encoder"}
    theirs = study_from({k: v for k, v in settings(seed=4).items() if k in shared})
    assert mine.roles["train/plain/0/0"] == theirs.plan().roles["train/marginal/0/0"]


def test_targets_are_shared_out_over_the_classes():
    plan = study_from(settings(on=["0+1"], data={"source": "embedded"})).plan()
    told = TargetsParameters.of(plan.task("targets/0+1"))
    assert told.classes == [0, 1]
    assert told.called == [
        *("real 0", "real 1", "real 0 (2)", "real 1 (2)"),
        *("real 2", "real 3", "real 4", "real 5", "real 6"),
        *("noisy 0", "noisy 1", "noise", "noise (2)", "smiley"),
    ]


def test_another_threshold_is_another_run_of_the_same_artifacts():
    one, other = (study_from(settings(reached=level)).plan() for level in (0.9, 0.8))
    assert {task.address for task in one.tasks} == {task.address for task in other.tasks}
    assert one.run != other.run


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"reached": 0.95}, r"search.own_samples \(=9\) must be at least 19"),
        ({"on": ["a"]}, r"on: class \(='a'\) must be one of: 0, 1, 2"),
        ({"on": ["0+0"]}, r"on \(='0\+0'\) names a class twice"),
        ({"on": [0]}, "must be 'joint' or a class's name, in quotes"),
        ({"budget": {"device_seconds": 60}}, "budget.device_seconds is converted"),
        ({"search": {**SEARCH, "noisy": 5}}, r"noisy \(=5\) must be at most in_class \(=4\)"),
        ({"search": {**SEARCH, "in_class": 2000}}, "asks for .* test images of class 0, which has"),
        ({"variants": [{"name": "a"}, {"name": "a"}]}, "two variants are called 'a'"),
        ({"variants": [{"name": "a", "model": {"widht": 1}}]},
         r"variants \(a\): model: unknown name 'widht'; did you mean 'width'"),
        ({"variants": [{"name": "a", "search": {"in_class": 1}}]},
         r"variants \(a\): search: unknown name 'in_class'"),
        ({"variants": [{"name": "a", "search": {"projection": "shell", "bound": 1}}]},
         r"variants \(a\): search: bound \(=1.0\) has no meaning with projection \(='shell'\)"),
        ({"variants": [{"name": "a", "train": {"batch": 10_000}}]}, r"variants \(a\): train.batch"),
        ({"variants": [{"name": "a", "model": {"name": "fully_connected"},
                        "search": {"projection": "box"}}]},
         r"variants \(a\): search.projection \(='box'\) is of normal latent vectors"),
        ({"variants": [{"name": "a", "model": {"name": "fully_connected",
                                               "prior": {"bound": 1}}}]},
         r"prior \(=.* has no meaning with law \(='uniform'\)"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_when_it_is_planned(changed, said):
    with pytest.raises(RefusedInput, match=said):
        study_from(settings(**changed)).plan()


def test_the_usual_variants_are_the_document_s_as_far_as_a_family_has_them():
    search = AuditSearch(steps=50)
    every = {one.name: one for one in usual_variants(DefenseGan(), search)}
    assert [*every] == ["baseline", "smaller_variance", "truncated_prior", "shell",
                        "fewer_parameters", "longer_search"]  # fmt: skip
    assert every["fewer_parameters"].model == {"narrowed": True}
    assert every["longer_search"].search == {"steps": 200}
    uniform = [one.name for one in usual_variants(FullyConnected(), search)]
    assert uniform == ["baseline", "fewer_parameters", "longer_search"]
    own = [one.name for one in usual_variants(Vae(of=DefenseGan()), search)]
    assert own == ["baseline", "shell", "fewer_parameters", "longer_search"]
    within = {one.name: one for one in usual_variants(Conditional(of=DefenseGan()), search)}
    assert within["smaller_variance"].model == {"of": {"prior": {"variance": 0.25}}}


def test_a_variant_s_fields_join_those_of_the_study():
    told = settings(
        model={"width": 2, "latent": 8, "prior": {"bound": 2}},
        search={**SEARCH, "projection": "box", "bound": 1.5},
        variants=[
            {"name": "a", "model": {"prior": {"variance": 0.25}}},
            {"name": "b", "model": {"name": "sngan", "width": 4}, "search": {"projection": "ball"}},
        ],
    )
    plan = study_from(told).plan()
    one, other = (SearchParameters.of(plan.task(f"search/{name}/0/0")) for name in "ab")
    assert one.model == DefenseGan(width=2, latent=8, prior={"bound": 2, "variance": 0.25})
    assert (one.search.projection, one.search.bound) == ("box", 1.5)
    assert (other.model.name, other.model.width, other.model.latent) == ("sngan", 4, 128)
    assert (other.search.projection, other.search.bound) == ("ball", 2.0)


@pytest.fixture(scope="module")
def finished(tiny_run: tiny.TinyRun, tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("audit")
    tiny.write_digits(folder / "digits.parquet")
    source = {"source": str(folder / "digits.parquet")}
    told = settings(data=source, search={**SEARCH, "other": source}, replicates=2)
    agenda, store = tiny.run_settings(told, begun(tiny_run, folder / "store"))
    return Results.open(store, agenda.plan)


def test_targets_are_the_images_that_they_are_called(finished):
    arrays = finished.arrays("targets/0", "targets.safetensors")
    test = [finished.dataset.images("test", [label])[0] for label in range(3)]
    for index, (label, number) in enumerate([(0, 0), (0, 1), (0, 2), (0, 3), (1, 0), (2, 0),
                                             (1, 1), (2, 1), (1, 2)]):  # fmt: skip
        np.testing.assert_array_equal(arrays["images"][index], test[label][number])
    for index, number in ((9, 0), (10, 1)):
        expected = add_noise(test[0][number], seed=number)
        np.testing.assert_array_equal(arrays["images"][index], expected)
    first, second = arrays["images"][11:13]
    np.testing.assert_array_equal(first, draw("noise", (1, 28, 28)))
    assert np.corrcoef(first.ravel(), second.ravel())[0, 1] < 0.2
    train = finished.dataset.images("train", [0])[0] / 255
    for image, distance in zip(arrays["images"] / 255, arrays["nearest_residuals"], strict=True):
        expected = ((train - image) ** 2).mean(axis=(1, 2, 3)).min()
        assert distance == pytest.approx(expected, rel=1e-5)  # to the GAN's own class


def test_rates_are_those_of_the_stored_residuals(finished):
    variants = {one.variant: one for one in audits(finished)["0"]}
    assert [*variants] == ["plain", "smaller", "shell", "longer"]
    one = variants["plain"]
    counts = {kind: len(one.rows(kind)) for kind in one.kinds}
    assert counts == {OWN: 9, "in-class": 4, "off-class": 5, "noisy": 2, "noise": 2, "drawings": 1,
                      "other set": 4}  # fmt: skip
    stored = [
        finished.arrays(f"search/plain/0/{replicate}", "answers.safetensors")["residuals"]
        for replicate in (0, 1)
    ]
    thresholds = [one.value for one in one.thresholds(0.9)]
    assert thresholds == [calibrated(best(table[18:]), 0.9).value for table in stored]
    expected = [reach(table[4:9], at) for table, at in zip(stored, thresholds, strict=True)]
    found = one.curve("off-class", thresholds)
    np.testing.assert_allclose([at.value for at in found], np.mean(expected, axis=(0, 1)))
    assert len(variants["longer"].curve(OWN, thresholds)) == 4


def test_plausibility_is_the_prior_s(finished):
    for one in audits(finished)["0"]:
        law = SearchParameters.of(one.tasks[0]).model.latents
        rows = [s.arrays["latents"][one.rows("noise")] for s in one.searches]
        np.testing.assert_array_equal(one.plausible("noise"), plausibility(law, np.vstack(rows)))
        if one.variant == "shell":
            np.testing.assert_allclose(one.norms("noise"), 8**0.5, rtol=1e-5)
            assert (one.plausible("noise") > 0.5).all()


def test_its_report_has_tables_curves_and_the_oddest(finished):
    made = page(finished)
    section = made.sections[0]
    assert section.title == "The range of 0"
    tables = [block for block in section.blocks if isinstance(block, Table)]
    assert [row[0] for row in tables[0].rows] == ["plain", "smaller", "shell", "longer"]
    assert "9 own samples, 4 in-class, 5 off-class" in tables[0].caption
    sizes = [row[1] for row in tables[-1].rows]
    assert sizes[0] == sizes[1] != "–"
    galleries = [block for block in section.blocks if isinstance(block, Gallery)]
    assert [len(gallery.figures) for gallery in galleries[:2]] == [4, 4]
    plates = galleries[2].figures
    assert isinstance(plates[0], Figure)
    assert all("noisy" not in figure.title for figure in plates)
    assert "of off-class" in made.lead
    assert not finished.damaged


def test_its_tables_tell_variants_and_kinds_apart(finished):
    rows = all_tables(finished)["search"].to_pylist()
    assert {row["search"] for row in rows} >= {"plain/0/0", "shell/0/1"}
    kinds = [row["kind"] for row in rows if row["search"] == "plain/0/0"]
    assert kinds[:5] == ["in-class"] * 4 + ["off-class"]
    assert kinds[-9:] == [OWN] * 9


def test_an_unfinished_audit_says_what_is_missing(finished):
    manifests = {a: m for a, m in finished.manifests.items() if not a.startswith("search/")}
    assert (
        "No search is finished yet." in page(Results(finished.store, finished.plan, manifests)).lead
    )
    manifests |= {at: finished.manifests[at] for at in [finished.plan.roles["search/plain/0/1"]]}
    some = page(Results(finished.store, finished.plan, manifests))
    assert some.sections[0].blocks[0].text == "7 of 8 searches are not in the store."
