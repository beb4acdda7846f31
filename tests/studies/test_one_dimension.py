"""GANs of one number as a study: no data, looks on the way, a report."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganray.errors import RefusedInput
from ganray.local import LocalRunner
from ganray.plan import Resources
from ganray.report.reading.results import Results
from ganray.runs.agenda import Agenda
from ganray.runs.records.record import save_run
from ganray.store import Store
from ganray.studies import study_from
from tests.cli.command import ganray

GAME = {"name": "clipped", "train": {"algorithm": "wgan", "critic_steps": 2}, "iterations": 6}
SETTINGS = {
    "study": "one_dimension",
    "networks": {"width": 4, "depth": 1},
    "games": [
        {"name": "minimax", "train": {"algorithm": "vanilla", "batch": 16}, "iterations": 8},
        GAME,
    ],
    "fractions": [0.5, 1.0],
    "samples": 64,
}


def run(plan, store) -> Agenda:
    agenda = Agenda.open(plan, store)
    LocalRunner(Resources()).run(agenda)
    assert agenda.complete, agenda.failed
    save_run(store, plan)
    return agenda


def test_it_is_run_reported_and_not_done_twice(tmp_path):
    store = Store(str(tmp_path))
    plan = study_from(SETTINGS).plan()
    assert [task.horizon for task in plan.tasks] == [4, 8, 3, 6]
    run(plan, store)
    results = Results.open(store, plan)
    ended = results.result("number_gan/minimax/8")
    assert 0 < ended["floor"] < ended["distance"] < 1
    assert ended["gradient"] > 0
    assert len(results.history("number_gan/clipped/3")["critic_loss"]) == 3
    text = Path(
        ganray("report", "one-dimension", "--store", str(tmp_path), "--json").json["report"]
    ).read_text()
    for said in ("vanilla, non-saturating", "2 : 1", "real numbers", "Iteration 8", "Clipped"):
        assert said.lower() in text.lower(), said
    assert text.count("image/svg+xml") == 4
    renamed = {**SETTINGS, "name": "other", "games": [{**GAME, "name": "called anew"}]}
    assert Agenda.open(study_from(renamed).plan(), store).complete


def test_the_same_training_goes_on(tmp_path):
    """A longer game continues a shorter one, and comes to what it comes to in one go."""
    longer = {**SETTINGS, "games": [{**GAME, "iterations": 12}]}
    plan = study_from(longer).plan()
    digests = []
    for name in ("whole", "begun"):
        store = Store(str(tmp_path / name))
        if name == "begun":
            run(study_from(SETTINGS).plan(), store)
        run(plan, store)
        digests.append(store.manifest(plan.roles["number_gan/clipped/12"]).digest)
    assert digests[0] == digests[1]


def game(**changed):
    return {"games": [{**GAME, **changed}]}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"games": []}, "games (=[]): List should have at least 1 item"),
        (game(train={"algorithm": "wgans"}), "train.algorithm: unknown name 'wgans'; did you mean"),
        (game(train={"algorithm": "wgan", "critic_steps": 0}), "critic_steps (=0)"),
        (game(train={"algorithm": "wgan", "generator_steps": -1}), "generator_steps (=-1)"),
        (game(train={"algorithm": "vanilla", "batch": 0}), "batch (=0)"),
        (game(train={"algorithm": "vanilla", "game": "zero_sum"}), "game (='zero_sum')"),
        (game(train="acgan"), "cannot train model.name (='number')"),
        (game(train="feature_matching"), "its critic shows no features"),
        (game(train={"algorithm": "hinge", "augment": {"flips": True}}), "augment.flips is of im"),
        (game(iterations=0), "games.0.iterations (=0)"),
        (game(name="Ü"), "games.0.name (='Ü')"),
        ({"games": [GAME, GAME]}, "two are called 'clipped'"),
        ({"fractions": []}, "fractions (=[]): must rise"),
        ({"fractions": [0.5]}, "end with 1"),
        ({"fractions": [0, 1]}, "fractions.0 (=0)"),
        ({"samples": 0}, "samples (=0)"),
        ({"real": {"segments": []}}, "segments (=[])"),
        ({"real": {"segments": [[0.5, 0.2]]}}, "must ascend"),
        ({"real": {"segments": [[-0.5, 0.2], [0.1, 0.3]]}}, "must ascend"),
        ({"real": {"segments": [[-2, 0]]}}, "segments.0.0 (=-2)"),
        ({"networks": {"width": 0}}, "networks.width (=0)"),
        ({"data": {"source": "mnist"}}, "unknown name 'data'"),
    ],
)
def test_what_cannot_be_is_refused(changed, said):
    with pytest.raises(RefusedInput) as error:
        study_from({**SETTINGS, **changed})
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_fractions_that_come_to_the_same_are_refused():
    settings = {**SETTINGS, "fractions": [0.1, 0.12, 1.0]}
    with pytest.raises(RefusedInput, match=r"8 iterations of 'minimax' come to \[1, 1, 8\]"):
        study_from(settings).plan()


def test_its_example_is_planned(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ganray("init", "line", "--study", "one_dimension")
    planned = ganray("plan", "line.yaml", "--json").json["tasks"]
    assert [task["kind"] for task in planned] == ["number_gan"] * 24
    assert all(task["flops"] > 0 for task in planned)
