"""Attacks and defences: planned, refused, run whatever the shards, judged and reported."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from ganray.attacks import Bpda
from ganray.cost.estimate import estimate
from ganray.errors import RefusedInput
from ganray.models import DefenseGan
from ganray.plan import Plan
from ganray.plan.defending import AttackParameters, ProjectParameters
from ganray.plan.kinds import KINDS
from ganray.plan.parameters import EncoderParameters
from ganray.report.page import Gallery, Page, Table
from ganray.report.reading.results import Results
from ganray.stages.defending.inputs import classified
from ganray.stages.stage import stage_of
from ganray.studies import study_from
from ganray.studies.defence import page
from ganray.train.costs.flops import sampling_flops
from tests import tiny

ATTACKS: list[Any] = [
    "fgsm",
    {"name": "carlini_wagner_l2", "iterations": 20, "learning_rate": 0.1},
    {"name": "bpda", "iterations": 2},
    {"name": "latent", "iterations": 3, "limit": 1.0},
]


def settings(**changed: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "study": "defence",
        "model": {"width": 2, "latent": 8},
        "train": {"batch": 10, "critic_steps": 1},
        "budget": {"iterations": 2},
        "classifiers": ["E"],
        "encoder": {"epochs": 2, "batch": 20},
        "attacks": ATTACKS,
        "images": 11,
        "projection": {"steps": 2, "restarts": 6, "chunk": 4},
    }
    return {**told, **changed}


def plan(**changed: Any) -> Plan:
    return study_from(settings(**changed)).plan()


def test_each_classifier_is_attacked_bare_and_through_each_side():
    chosen = plan(classifiers=["A", "F"], attacks=["fgsm", "bpda"])
    assert chosen.sides == ("marginal", "joint")
    attacks = {role for role in chosen.roles if role.startswith("attack/")}
    assert attacks == {f"attack/{letter}/{made}" for letter in "AF"
                       for made in ("0", "1 joint", "1 marginal")}  # fmt: skip
    projected = {role for role in chosen.roles if role.startswith("project/")}
    assert projected == {"project/joint/clean", "project/marginal/clean"} | {
        f"project/{side}/{letter}/{made}"
        for letter in "AF"
        for side in ("joint", "marginal")
        for made in ("0", f"1 {side}")
    }
    networks = [EncoderParameters.of(task).encoder.network for task in chosen.tasks
                if task.kind == "encoder"]  # fmt: skip
    assert networks == ["defense_gan_a", "defense_gan_f"]


def test_marginal_gans_share_the_joint_ones_descents():
    for marginals, expected in (("per_class", 1), ([[0, 1], [2, 3, 4]], 3)):
        chosen = plan(marginals=marginals)
        told = {side: ProjectParameters.of(chosen.task(f"project/{side}/clean")).defending
                for side in chosen.sides}  # fmt: skip
        assert told["joint"].restarts == 6
        assert told["marginal"].restarts == expected
    assert told["marginal"].kinds == [[0, 1], [2, 3, 4]]
    assert told["joint"].kinds == [[0, 1, 2, 3, 4]]


def test_a_defences_attack_goes_through_its_own_gans():
    chosen = plan()
    task = chosen.task("attack/E/2 marginal")
    assert [role for role in task.inputs if role.startswith("gan/")] == [
        f"gan/{index}" for index in range(10)
    ]
    assert AttackParameters.of(task).attack == Bpda(iterations=2)
    assert chosen.task("attack/E/0").inputs.keys() == {"data", "embedder"}
    other = plan(attacks=[*ATTACKS, "rand_fgsm"], classifiers=["E", "D"])
    assert other.roles["attack/E/2 marginal"] == task.address  # one more voids nothing


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"images": 5000}, r"images \(=5000\) must be at most 1500, the test images of"),
        ({"images": 0}, "images"),
        ({"marginals": [["x"], [1]]}, r"marginals: class \(='x'\) must be one of: 0, 1"),
        ({"classifiers": ["G"]}, "classifiers"),
        ({"classifiers": []}, "classifiers"),
        ({"classifiers": ["A", "A"]}, "holds 'A' twice"),
        ({"attacks": [{"name": "fgsm", "epsilon": 1.2}]}, r"epsilon \(=1.2\)"),
        ({"attacks": ["fgsm", "fgsm"]}, "twice"),
        ({"attacks": ["jsma"]}, "fgsm"),
        ({"encoder": {"network": "cafd"}}, r"encoder.network \(='cafd'\): classifiers"),
        ({"model": {"name": "modnet"}, "train": {"algorithm": "modnet"}}, "makes images of images"),
        ({"evaluate": {"samples": 10}}, "evaluate"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_when_it_is_planned(changed, said):
    with pytest.raises(RefusedInput, match=said):
        plan(**changed)


def test_its_cost_is_planned_and_its_kinds_are_timed():
    chosen = plan()
    costs = estimate(chosen, {})
    for task in chosen.tasks:
        if task.kind in ("attack", "project"):
            assert costs[task.address].flops > 0
            assert costs[task.address].bytes >= 12 * 784 * 4
    through, bare, projection = (
        costs[chosen.roles[role]].flops
        for role in ("attack/E/2 joint", "attack/E/0", "project/joint/clean")
    )
    assert through == pytest.approx(2 * bare + 2 * projection)  # of two steps
    drawn = sampling_flops((1, 28, 28), DefenseGan(width=2, latent=8))
    assert projection == 12 * 6 * 2 * 3 * drawn
    for kind in ("attack", "project"):
        task = next(task for task in chosen.tasks if task.kind == kind)
        timed = stage_of(kind).timed(task, chosen, "cpu")
        timed.work()
        assert 0 < timed.part <= 1


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("digits")
    tiny.write_digits(folder / "digits.parquet")
    return str(folder / "digits.parquet")


def run(source: str, store: str, **changed: Any) -> Results:
    agenda, opened = tiny.run_settings(settings(data={"source": source}, **changed), store)
    return Results.open(opened, agenda.plan)


@pytest.fixture(scope="module")
def finished(source, tmp_path_factory: pytest.TempPathFactory) -> Results:
    return run(source, str(tmp_path_factory.mktemp("store")))


def images(results: Results, role: str) -> np.ndarray:
    return results.rows(role, "images")["images"]


@pytest.mark.parametrize("side", ["joint", "marginal"])
def test_attacks_stay_near_and_projections_are_the_same_from_the_stored_images(finished, side):
    clean = finished.arrays("judge/E", "judged.safetensors")["shown/clean"] / np.float32(255)
    for made, most in (("0", 0.3), (f"2 {side}", 0.15)):
        attacked = images(finished, f"attack/E/{made}")
        assert attacked.shape == (11, 1, 28, 28)
        assert 0 <= attacked.min() <= attacked.max() <= 1
        assert np.abs(attacked[:10] - clean).max() <= most + 1e-6
    projected = images(finished, f"project/{side}/E/0")
    residuals = finished.rows(f"project/{side}/E/0", "images")["residuals"]
    errors = ((projected - images(finished, "attack/E/0")) ** 2).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(residuals.min(axis=1), errors, rtol=1e-4)
    assert residuals.shape[1] == {"joint": 1, "marginal": 3}[side]


def test_judgements_are_those_of_the_stored_images(finished):
    judged = finished.result("judge/E")
    arrays = finished.arrays("judge/E", "judged.safetensors")
    labels, rows = arrays["labels"], {row["made"]: row for row in judged["rows"]}
    assert list(rows) == ["clean", "0", "1", "2 joint", "2 marginal", "3 joint", "3 marginal"]
    assert judged["count"] == 11
    for made, row in rows.items():
        guesses = arrays[f"guesses/{made}"]
        assert row["right"] == (guesses == labels).sum()
        assert row["sides"].keys() == ({made.split()[1]} if " " in made else {"joint", "marginal"})
        for side, one in row["sides"].items():
            answers = arrays[f"guesses/{side}/{made}"]
            assert one["right"] == (answers == labels).sum()
            assert one["moved"] == (answers != guesses).sum()
            assert one["known"] == row["right"]
            assert one["lost"] == ((answers != guesses) & (guesses == labels)).sum()
            assert ("by_residual" in one) == (side == "marginal")
    residuals = finished.rows("project/marginal/clean", "images")["residuals"]
    nearest = (residuals.argmin(axis=1) == labels).sum()
    assert rows["clean"]["sides"]["marginal"]["by_residual"] == nearest
    assert rows["clean"]["l2"] == 0
    assert rows["1"]["l2"] < rows["0"]["l2"]
    assert np.bincount(labels).tolist() in ([4, 4, 3], [4, 3, 4], [3, 4, 4])


def test_nothing_depends_on_the_number_of_shards(finished, source, tmp_path, monkeypatch):
    for kind in ("attack", "project"):
        alone = dataclasses.replace(KINDS[kind], shard=1)
        monkeypatch.setitem(KINDS, kind, alone)
    again, compared = run(source, str(tmp_path / "store"), attacks=ATTACKS[:3:2]), 0
    for task in again.plan.tasks:
        if task.kind in ("attack", "project"):
            assert len(task.shards) == 3  # where `finished` has one
            mine, other = (results.rows(task, "images") for results in (again, finished))
            assert mine.keys() == other.keys()
            assert all(np.array_equal(mine[name], other[name]) for name in mine)
            compared += 1
    assert compared == 3 + 2 + 4


def test_an_images_class_does_not_depend_on_how_many_there_are():
    from ganray.models.encoders.networks.own import new_classifier

    network = new_classifier("defense_gan_e", (1, 28, 28), 10).eval()
    network.initialise(0, "encoder")
    shown = torch.rand(260, 1, 28, 28, generator=torch.Generator().manual_seed(0)).numpy()
    found = classified(network, shown)
    assert found.shape == (260,)
    assert np.array_equal(classified(network, shown[:3]), found[:3])


def tables(made: Page) -> list[Table]:
    return [block for part in made.sections for block in part.blocks if isinstance(block, Table)]


def test_its_report_shows_accuracies_what_moves_and_pictures(finished):
    made = page(finished)
    titles = [part.title for part in made.sections]
    assert titles[:3] == ["Accuracies", "What the projection moves", "Pictures"]
    accuracies, moved, by_residual = tables(made)[:3]
    assert [row[:3] for row in accuracies.rows][:4] == [
        ["E", "none", "–"],
        ["E", "FGSM", "E, bare"],
        ["E", "CW-L₂ (iterations 20, learning rate 0.1)", "E, bare"],
        ["E", "BPDA (iterations 2)", "E behind marginal"],
    ]
    assert [row[:2] for row in moved.rows] == [["E", "marginal"], ["E", "joint"]]
    assert len(by_residual.rows) == 1 + 2 + 2
    text = str(made)
    assert "transfer attacks" in text
    assert "masks" in text
    assert "Of attacks of the defence itself the strongest leaves" in made.lead
    (gallery,) = (block for block in made.sections[2].blocks if isinstance(block, Gallery))
    assert len(gallery.figures) == 7
    assert not finished.damaged


def test_a_report_of_what_is_not_judged_yet_says_so(finished):
    bare = Results(finished.store, finished.plan, {}, {})
    made = page(bare)
    assert made.lead == "Nothing has been judged yet."
    assert not tables(made)[0].rows
