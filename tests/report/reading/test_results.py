from __future__ import annotations

import json
from pathlib import Path

from ganray.data import DatasetSpec, import_dataset, new_dataset_folder, open_source
from ganray.report import Results
from ganray.scores import ScoreName
from ganray.stages.workspace import Workspace
from tests.report.conftest import CLASSES, HOSTILE, JOINT, SAMPLES, MadeUp, Make, write_pictures

CAFD = ScoreName("cafd", "classifier")


def test_a_finished_run_has_everything(whole: MadeUp) -> None:
    results = whole.results
    assert results.complete
    assert len(results.manifests) == len(whole.plan.tasks)
    assert [tuple(name) for name in results.measured] == [
        ("cafd", "classifier"),
        ("inception_score", "classifier"),
    ]
    assert [s.value for s in results.side_scores("joint", CAFD)] == [75.0, 76.0, 77.0]
    assert results.floor(CAFD).value == 20.0
    assert results.rows(f"sample/{JOINT}", "images")["images"].shape[0] == SAMPLES
    assert len(results.history("train/joint/" + "+".join(CLASSES) + "/0")["iteration"]) == 700


def test_a_class_may_have_slashes_in_its_name(whole: MadeUp) -> None:
    gans = whole.results.gans
    assert {(g.side, g.label, tuple(g.classes)) for g in gans} == {
        ("joint", "+".join(CLASSES), (0, 1, 2)),
        ("marginal", HOSTILE, (0,)),
        ("marginal", "T-shirt/top+cats & 'dogs'", (1, 2)),
    }
    assert [g.replicate for g in gans if g.side == "joint"] == [0, 1, 2]


def test_what_is_missing_is_none_and_causes_come_before_consequences(make_up: Make) -> None:
    run = make_up(failed={f"train/marginal/{HOSTILE}/1": "TrainingDiverged: critic_loss is nan"})
    results = run.results
    assert not results.complete
    assert results.history(f"train/marginal/{HOSTILE}/1") is None
    assert results.result("measure/cafd/classifier/marginal/1") == {}
    assert len(results.side_scores("marginal", CAFD)) == 2
    causes = [p for p in results.problems if not p.consequence]
    assert [(p.title, p.why) for p in causes] == [
        (f"class {HOSTILE} r1", "TrainingDiverged: critic_loss is nan")
    ]
    assert len(results.problems) > 1
    assert results.problems[0] == causes[0]


def test_a_result_that_no_longer_fits_its_inputs_does_not_count(make_up: Make) -> None:
    run = make_up(replicates=1)
    task = run.plan.task("encoder")
    work = Workspace(run.store, task, redo=True)
    work.commit({}, {"test_accuracy": 0.1, "test_images": 15})
    results = run.results
    assert results.result("encoder")["test_accuracy"] == 0.1
    assert results.scores == []
    assert {p.why for p in results.problems} == {"not finished yet"}


def test_a_damaged_file_is_a_named_problem_and_no_exception(make_up: Make) -> None:
    run = make_up(replicates=1)
    manifest = run.store.manifest(run.plan.roles[f"sample/{JOINT}"])
    path = Path(run.store.url) / manifest.files[0].path
    path.chmod(0o644)
    path.write_bytes(bytes(path.stat().st_size))
    results = run.results
    assert results.rows(f"sample/{JOINT}", "images") is None
    assert not results.complete
    assert [p.title for p in results.problems] == ["samples joint r0"]
    assert "sha256" in results.problems[0].why


def test_a_damaged_class_of_the_data_set_is_a_named_problem(make_up: Make) -> None:
    run = make_up(replicates=1)
    manifest = run.store.manifest(run.plan.roles["data"])
    stored = next(f for f in manifest.files if f.name.startswith("split=test/label=1/"))
    path = Path(run.store.url) / stored.path
    path.chmod(0o644)
    path.write_bytes(bytes(stored.size))
    results = run.results
    assert results.real_images("test", 0) is not None
    assert results.real_images("test", 1) is None
    assert [p.title for p in results.problems] == ["data"]


def test_an_empty_store_has_no_results_and_every_task_is_unfinished(
    whole: MadeUp, tmp_path: Path
) -> None:
    results = Results.open(type(whole.store)(str(tmp_path)), whole.plan)
    assert results.measured == []
    assert results.real_images("test", 0) is None
    assert len(results.problems) == len(whole.plan.tasks)


def test_a_data_set_outside_the_store_is_found(make_up: Make, tmp_path: Path) -> None:
    spec = DatasetSpec(source=write_pictures(tmp_path))
    import_dataset(open_source(spec), spec, new_dataset_folder(str(tmp_path / "set")))
    run = make_up(replicates=1, data={"source": str(tmp_path / "set"), "format": "dataset"})
    assert "data" not in run.plan.roles
    assert run.results.complete
    images = run.results.real_images("test", 2)
    assert images is not None
    assert (images == 200).all()


def test_a_damaged_outcome_is_no_outcome(make_up: Make) -> None:
    run = make_up(replicates=1)
    assert json.loads(run.store.get(f"runs/{run.plan.run}/outcome.json") or b"")["seconds"] == 12.5
    run.store.put(f"runs/{run.plan.run}/outcome.json", b"{")
    assert run.results.outcome == {}
