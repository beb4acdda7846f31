"""A sweep's stages without Ray: rungs, scores against independent arithmetic, branches, choice."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from ganray.embed import embed
from ganray.errors import RefusedInput, TrainingDiverged
from ganray.metrics.gaussian.frechet_distance import FrechetDistance, Gaussian
from ganray.metrics.intervals import welch
from ganray.metrics.moments import moments
from ganray.plan import Resources
from ganray.plan.candidates import Candidate
from ganray.runs.records.spec import read_spec
from ganray.sample import sample
from ganray.scores import Score
from ganray.specs import EmbedSpec
from ganray.stages import run_whole
from ganray.stages.artifacts import build_embedder, read_sampler
from ganray.stages.workspace import Workspace, open_dataset
from ganray.sweeps import read_sweep
from ganray.sweeps.plan import SweepPlan
from ganray.sweeps.run_trial import branch, run_rung
from ganray.train import WganGp
from ganray.train.spec import TrainSpec
from tests.stages.stores import copied, copy_store
from tests.sweeps.files import sweep_file
from tests.tiny import digests

CPU = Resources(device="cpu")


@pytest.fixture
def file(tiny_study, tmp_path):
    return sweep_file(tiny_study, tmp_path)


@pytest.fixture
def store(tiny_run, tmp_path):
    """What a study has prepared on the same data, a sweep does not prepare again."""
    return copied(tiny_run, tmp_path / "store", "data", "encoder", "embed")


def rung(sweep: SweepPlan, step: int, **train):
    return sweep.rung(sweep.settings.model, sweep.settings.train.model_copy(update=train), step)


def candidate(sweep: SweepPlan, number: int, train: TrainSpec) -> Candidate:
    return Candidate(trial=number, model=sweep.settings.model, train=train, value=1.0)


def test_a_studys_preparation_is_the_sweeps_own(file, store):
    for task in read_sweep(file).preparation().tasks:
        assert store.manifest(task.address) is not None, task.title


@pytest.mark.parametrize("classes", [None, ["0", "2"]])
def test_the_score_is_that_of_samples_against_held_out_images(file, store, classes):
    words = [] if classes is None else [f"sweep.classes={classes}", "sweep.side=both"]
    sweep = read_sweep(file, words)
    plan = rung(sweep, 2)
    result = run_rung(store, plan, CPU)
    manifest = store.manifest(plan.roles["encoder"])
    network = build_embedder(
        manifest.result, store.read(manifest, "encoder.safetensors"), (1, 28, 28)
    )
    folder = store.manifest(plan.roles["data"]).file("dataset.json").path.rpartition("/")[0]
    chosen = None if classes is None else [0, 2]
    real = open_dataset(f"{store.url}/{folder}", None).images("held_out", chosen)[0]
    expected = {}
    for side, given in plan.task("objective").parameters["sides"].items():
        assert sum(given["counts"]) == len(real)
        images = []
        for index, (count, seed) in enumerate(zip(given["counts"], given["seeds"], strict=True)):
            gan = store.manifest(plan.task("objective").inputs[f"gan/{side}/{index}"])
            images.append(sample(read_sampler(store, gan, sweep.settings.model), count, seed))
        fitted = [
            Gaussian.fit(moments(embed(network, some, EmbedSpec()).features))
            for some in (real, np.concatenate(images))
        ]
        expected[side] = fitted[0].distance(fitted[1])
        score = Score(**result["sides"][side])
        assert score.value == pytest.approx(expected[side])
        assert score.protocol.reference_count == len(real)
        assert "held_out" in score.protocol.reference_split
    assert result["value"] == pytest.approx(np.mean(list(expected.values())))


def test_a_rung_continues_the_one_below_and_is_run_once(file, store, iterations):
    sweep = read_sweep(file)
    run_rung(store, rung(sweep, 2), CPU)
    first = run_rung(store, rung(sweep, 4), CPU)
    assert iterations == [0, 1, 2, 3]
    assert run_rung(store, rung(sweep, 4), CPU) == first
    assert iterations == [0, 1, 2, 3]


def test_a_branch_goes_on_from_its_donor_and_ends_as_if_trained_alone(
    file, store, tmp_path, iterations
):
    sweep = read_sweep(file)
    change = ({"iteration": 2, "learning_rate": 3e-3, "beta1": 0.1},)
    new = WganGp(**sweep.settings.train.model_dump() | {"schedule": change}).schedule
    run_rung(store, rung(sweep, 2), CPU)
    branch(store, rung(sweep, 2), rung(sweep, 2, schedule=new))
    branch(store, rung(sweep, 2), rung(sweep, 2, schedule=new))  # a restart does so again
    run_rung(store, rung(sweep, 4, schedule=new), CPU)
    assert iterations == [0, 1, 2, 3]
    other = copied_preparation(store, tmp_path / "other", sweep)
    run_rung(other, rung(sweep, 4, schedule=new), CPU)
    assert iterations == [0, 1, 2, 3, 0, 1, 2, 3]
    plan = rung(sweep, 4, schedule=new)
    assert digests(store, plan) == digests(other, plan)
    address = plan.roles["train/joint/0+1+2/0"]
    assert digests(store, plan)[address] != digests_of(store, rung(sweep, 4), address)


def digests_of(store, plan, address: str) -> str:
    """The digest that the unchanged settings give, which must be another GAN's."""
    run_rung(store, plan, CPU)
    assert address not in plan.by_address
    return store.manifest(plan.roles["train/joint/0+1+2/0"]).digest


def copied_preparation(store, folder, sweep: SweepPlan):
    """A store with nothing but what the sweep prepares."""
    copy_store(store.url, folder)
    for kind in ("train", "objective"):
        shutil.rmtree(folder / "artifacts" / kind)
    return type(store)(str(folder))


def test_a_gan_that_comes_to_nothing_ends_its_trial(file, store):
    sweep = read_sweep(file)
    with pytest.raises(TrainingDiverged):
        run_rung(store, rung(sweep, 6, learning_rate=1e30), CPU)


@pytest.mark.parametrize(
    ("values", "better", "chosen"),
    [
        ([[1.0, 2.0, 3.0], [4.0, 5.0, 6.5]], "lower", 0),
        ([[1.0, 2.0, 3.0], [4.0, 5.0, 6.5]], "higher", 1),
        ([[7.0, 8.0, 9.0], [4.0, 5.0, 6.5]], "lower", 1),
        ([[7.0, 8.0, 9.0]], "lower", 0),
    ],
)
def test_the_better_mean_on_fresh_seeds_is_chosen_with_its_evidence(
    file, store, values, better, chosen, monkeypatch
):
    monkeypatch.setattr(FrechetDistance, "better", better)
    sweep = read_sweep(file)
    trains = [sweep.settings.train.model_copy(update={"beta1": b}) for b in (0.2, 0.3)]
    best = [candidate(sweep, n, train) for n, train in enumerate(trains)]
    plan = sweep.final(best[: len(values)])
    for index, own in enumerate(values):
        for seed, value in enumerate(own, 1):
            task = plan.task(f"objective/{index}/{seed}")
            attempt = store.claim_attempt(task.trajectory)
            attempt.commit(task.address, [], inputs={}, result={"value": value}, record={})
    task = plan.task("spec")
    run_whole(Workspace(store=store, task=task))
    spec = read_spec(store, task.trajectory)
    assert WganGp(**spec["train"]) == trains[chosen]
    assert spec["evidence"]["chosen"] == chosen
    assert [one["fresh"] for one in spec["evidence"]["candidates"]] == values
    assert spec["iterations"] == {"joint": 6}
    found = spec["evidence"]["comparison"]
    assert found == (vars(welch(*values)) if len(values) == 2 else None)


def test_fresh_seeds_are_fresh_and_shared(file):
    """Both candidates have the same seeds, none of which is the trials' own."""
    sweep = read_sweep(file)
    specs = [sweep.settings.train.model_copy(update={"beta1": beta}) for beta in (0.2, 0.3)]
    best = [candidate(sweep, n, train) for n, train in enumerate(specs)]
    final = sweep.final(best)
    gans = [task for task in final.tasks if task.kind == "train"]
    seeds = [task.parameters["seed"] for task in gans]
    own = rung(sweep, 2).task("train/joint/0+1+2/0").parameters["seed"]
    assert len(gans) == len({task.title for task in gans}) == 6
    assert seeds.count(own) == 0
    assert all(seeds.count(seed) == 2 for seed in seeds)
    latents = [
        t.parameters["sides"]["joint"]["seeds"] for t in final.tasks if t.kind == "objective"
    ]
    assert len({seed for (seed,) in latents}) == 3


def test_a_spec_that_is_not_there_is_refused_with_those_that_are(store):
    with pytest.raises(RefusedInput, match=r"from \(='spec/abc'\) must be a sweep's spec .*: none"):
        read_spec(store, "spec/abc")
