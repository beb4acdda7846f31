"""Training seeds × sampling seeds: what is drawn and measured anew, and what a report says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ganray.report import Results
from ganray.scores import ScoreName
from ganray.store import Store
from ganray.studies import read_study, study_from
from tests import tiny
from tests.cli.command import Answer, ganray
from tests.stages.stores import begun

FID = ScoreName("frechet_distance", "pixels")
STUDY = {
    "study": "marginal_vs_joint",
    "name": "seeds",
    "replicates": 2,
    "marginals": [[0], [1, 2]],
    "model": {"width": 2, "latent": 8},
    "train": {"batch": 10, "critic_steps": 1},
    "budget": {"iterations": 1},
    "evaluate": {"metrics": ["frechet_distance"], "encoders": ["pixels"], "sampling_seeds": 2},
    "search": {"on": []},
    "resources": {"device": "cpu"},
}


@pytest.fixture(scope="module")
def folder(tiny_run: tiny.TinyRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("seeds")
    tiny.write_digits(place / "digits.parquet")
    data = {"source": str(place / "digits.parquet")}
    (place / "seeds.yaml").write_text(json.dumps(STUDY | {"data": data}))
    _, agenda = tiny.run(place / "seeds.yaml", begun(tiny_run, place / "store"))
    assert agenda.complete
    return place


@pytest.fixture(scope="module")
def results(folder: Path) -> Results:
    store = Store(f"{folder}/store")
    return Results.open(store, read_study(str(folder / "seeds.yaml"), [], store.url).plan(store))


def test_each_gan_is_sampled_with_each_seed(results):
    samples = [task for task in results.plan.tasks if task.kind == "sample"]
    gans = [task for task in results.plan.tasks if task.kind == "train"]
    assert len(samples) == 2 * len(gans)
    assert len({task.parameters["seed"] for task in samples}) == len(samples)


def test_a_score_is_the_mean_of_its_draws_and_says_so(results):
    for side in results.plan.sides:
        for one in (m for m in results.scores if m.side == side):
            roles = [f"measure/frechet_distance/pixels/{side}/{one.replicate}{end}"
                     for end in ("", "/draw/1")]  # fmt: skip
            values = [results.result(role)["score"]["value"] for role in roles]
            assert one.draws == tuple(values)
            assert values[0] != values[1]
            assert one.score.value == pytest.approx(np.mean(values))
            assert one.score.protocol.settings == {"sampling seeds": 2}
    assert len(results.side_scores("joint", FID)) == 2


def test_one_seed_is_what_it_was_before_there_were_several(results):
    """The first draw's key is that of a study with one, so that nothing is drawn again."""
    settings = results.plan.settings | {
        "evaluate": results.plan.settings["evaluate"] | {"sampling_seeds": 1}
    }
    alone = study_from(settings).plan(results.store)
    cards = {role for role in alone.roles if role.startswith("card/")}  # which list scores
    assert {r: a for r, a in alone.roles.items() if r not in cards}.items() <= (
        results.plan.roles.items()
    )


def test_how_many_replicates_a_difference_needs(folder):
    def plan(*words: str) -> Answer:
        return ganray("plan", folder / "seeds.yaml", "--store", folder / "store", *words)

    said = plan("--difference", "frechet_distance=1000").last
    assert "3 of each find out a difference of 1,000 in 80% of such studies" in said
    small = "--difference", "frechet_distance=0.5", "--json"
    (found,) = plan(*small).json["replicates"]
    assert found["needed"] > 2
    assert found["stored"] == [2, 2]
    assert plan(*small, "--power", "0.95").json["replicates"][0]["needed"] > found["needed"]
    for words, why in (
        (["cafd=1"], "unknown name 'cafd'"),
        (["frechet_distance"], "must be METRIC=NUMBER"),
        (["frechet_distance=0"], "other than 0"),
        (["frechet_distance@classifier=1"], "unknown name 'frechet_distance@classifier'"),
        (["frechet_distance=1", "--power", "1.5"], "--power (=1.5)"),
    ):
        plan("--difference", *words).refused(why)
    plan("--power", "0.9").refused("--power (=0.9) is of --difference")
    unknown = plan("--difference", "frechet_distance=1", "--set", "seed=7")
    unknown.refused("no two replicates of two sides are stored")


@pytest.mark.parametrize("study", ["siblings", "translation"])
def test_images_that_are_not_sampled_have_no_seeds(study, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert ganray("init", study, "--study", study).code == 0
    more = "--set", "evaluate.sampling_seeds=2"
    ganray("plan", f"{study}.yaml", "--store", tmp_path / "store", *more).refused(
        "evaluate.sampling_seeds (=2)"
    )
