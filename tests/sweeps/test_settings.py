"""Sweep files: read, drawn from, and refused in one line before anything is started."""

from __future__ import annotations

import math

import numpy as np
import pytest
import yaml

from ganray.data.spec import SourceInfo
from ganray.errors import RefusedInput
from ganray.plan.parameters import TrainParameters
from ganray.spec import parse
from ganray.studies import read_study
from ganray.studies.parts.data import Data
from ganray.sweeps import read_sweep
from ganray.sweeps import settings as module
from ganray.sweeps.plan import SweepPlan
from ganray.sweeps.settings import SweepSettings, check_search
from ganray.sweeps.space import Domain, perturbed

RATE = {"train.learning_rate": {"log_uniform": [1e-5, 1e-3]}}
INFO = SourceInfo(
    name="letters",
    shape=(1, 28, 28),
    class_names=["a", "b", "c"],
    counts={"train": [600, 300, 60], "held_out": [60, 30, 10], "test": [60, 30, 10]},
)
DATA = Data(INFO, "f" * 64)


def settings(*, file: dict | None = None, **sweep) -> SweepSettings:
    return parse(SweepSettings, {"sweep": {"over": RATE} | sweep} | (file or {}), "sweep.yaml")


def refusal(*, file: dict | None = None, **sweep) -> str:
    with pytest.raises(RefusedInput) as error:
        SweepPlan(settings(file=file, **sweep), DATA)
    assert "\n" not in str(error.value)
    return str(error.value)


MANY = {"grid": list(range(1, 301))}
HUGE = {f"train.{name}": MANY for name in ("batch", "critic_steps", "penalty_interval")}


def test_what_a_trial_leaves_without_a_meaning_is_left_out_of_it():
    over = {"train.penalty": {"choice": ["corrected", "none"]}}
    found = settings(over=over, file={"train": {"penalty_interval": 4}})
    intervals = {
        penalty: found.specs({"train.penalty": penalty})[1].penalty_interval
        for penalty in ("corrected", "none")
    }
    assert intervals == {"corrected": 4, "none": 1}
    over = {"train.penalty_interval": {"choice": [1, 2]}}
    said = refusal(over=over, file={"train": {"penalty": "none"}})
    assert "sweep.over.train.penalty_interval (=2): " in said
    assert "no meaning with penalty (='none')" in said
    said = refusal(over=over, file={"train": {"algorithm": "lsgan"}})
    assert "no meaning with penalty (='none', the default of algorithm 'lsgan')" in said


@pytest.mark.parametrize("penalties", [["corrected", "none"], ["none", "r1"]])
def test_what_means_something_beside_another_value_that_varies_may_vary(penalties):
    over = {
        "train.penalty_interval": {"choice": [1, 2]},
        "train.penalty": {"choice": penalties},
    }
    found = settings(over=over, search="grid", file={"train": {"algorithm": "lsgan"}})
    trained = [found.specs(values)[1] for values in SweepPlan(found, DATA).settings.trials()]
    assert {(one.penalty, one.penalty_interval) for one in trained} == {
        ("none", 1),
        *((penalty, interval) for penalty in penalties if penalty != "none" for interval in (1, 2)),
    }


def test_threads_that_the_workers_have_may_vary():
    over = {"train.threads": {"choice": [1, 2]}}
    assert settings(over=over, file={"resources": {"num_cpus": 2}}).sweep.count == 10


@pytest.mark.parametrize(
    ("over", "said"),
    [
        (
            {"train.learning_rat": {"choice": [1]}},
            "sweep.over.train: unknown name 'learning_rat'; d",
        ),
        ({"model.widht": {"choice": [1]}}, "did you mean 'width'?"),
        ({"budget.iterations": {"choice": [1]}}, "'budget.iterations'"),
        ({"train.schedule": {"choice": [[]]}}, "sweep.over.train: unknown name 'schedule'"),
        ({"train.learning_rate": {"log_uniform": [1e-3, 1e-5]}}, "first end must be the lower"),
        ({"train.beta1": {"uniform": [0.5, 0.5]}}, "(=[0.5, 0.5]): the first end must be"),
        ({"train.learning_rate": {"log_uniform": [0, 1e-5]}}, "both ends must be above 0"),
        (
            {"train.beta1": {"uniform": [0.5, 1.0]}},
            "sweep.over.train.beta1 (=1.0): Input should be",
        ),
        ({"train.learning_rate": {"uniform": [-1, 1]}}, "learning_rate (=-1.0)"),
        ({"model.width": {"choice": [16, 4096]}}, "width (=4096)"),
        ({"model.width": {"integers": [0, 16]}}, "width (=0)"),
        ({"model.width": {"uniform": [2, 16]}}, "valid integer"),
        ({"train.batch": {"choice": [5, "many"]}}, "batch (='many')"),
        ({"train.penalty": {"choice": ["corrected", "right"]}}, "penalty (='right')"),
        ({"train.ema": {"choice": [0.9, 0.9]}}, "must hold no value twice"),
        ({"train.ema": {"choice": []}}, "at least 1 item"),
        ({"train.batch": {"choice": list(range(1, 1002))}}, "at most 1000 items"),
        ({"train.ema": {}}, "one of log_uniform, uniform, integers, choice, grid must be given"),
        ({"train.ema": {"uniform": [0.1, 0.2], "choice": [0.5]}}, "but here are 2"),
        ({"train.ema": {"normal": [0, 1]}}, "unknown name 'normal'"),
        ({"train.ema": {"uniform": [0.1, 0.5, 0.9]}}, "at most 2 items"),
        ({"train.learning_rate": {"choice": ["nan"]}}, "learning_rate"),
        (
            {"train.lr": {"choice": [1]}},
            "unknown name 'lr'; valid names: algorithm, augment, batch, ",
        ),
        ({"encoder": {"epochs": {"choice": [1]}}}, "sweep.over: unknown name 'encoder'; only"),
        ({"train.batch": 5}, "sweep.over.train.batch (=5): must be a group"),
        ({"train.batch": {"choice": [5, True]}}, "sweep.over.train.batch (=True)"),
        ({"train.threads": {"choice": [1, 64]}}, "sweep.over.train.threads (=64) must be at most"),
        ({}, "at least 1 item"),
    ],
)
def test_fields_and_values_that_cannot_be(over, said):
    assert said in refusal(over=over)


@pytest.mark.parametrize(
    ("sweep", "said"),
    [
        ({"trials": 0}, "trials (=0)"),
        ({"trials": 10**8}, "sweep.trials (=100000000)"),
        ({"search": "grid", "over": HUGE}, "this grid has 27000000 combinations"),
        ({"confirm": {"seeds": 10**6}}, "sweep.confirm.seeds (=1000000)"),
        ({"rungs": 10**8}, "sweep.rungs (=100000000)"),
        ({"metric": "caft"}, "did you mean 'cafd'?"),
        ({"metric": "fid"}, "sweep.metric (='fid'): 'fid' is frechet_distance, with"),
        ({"search": "grid"}, "a grid has `grid: […]`"),
        (
            {"search": "grid", "over": {"train.ema": {"grid": [0.5, 0.9]}}, "trials": 3},
            "trials (=3): this grid has 2 combinations",
        ),
        (
            {"over": {"train.ema": {"grid": [0.5, 0.9]}}},
            "`grid` is of search: grid, and here is search (='random', the default)",
        ),
        (
            {"scheduler": "asha", "rungs": 1},
            "rungs (=1) must be at least 2 with scheduler (='asha')",
        ),
        (
            {"scheduler": "pbt", "over": {"model.width": {"choice": [2]}}},
            "(='model.width'): sweep.scheduler (='pbt')",
        ),
        (
            {"scheduler": "pbt", "search": "optuna"},
            "search (='optuna') must be 'random' with scheduler (='pbt')",
        ),
        ({"scheduler": "pbt", "side": "both"}, "side (='both')"),
        (
            {"scheduler": "pbt", "concurrent": 2},
            "concurrent (=2): trials of scheduler (='pbt') take turns",
        ),
        (
            {"scheduler": "pbt", "trials": 1},
            "trials (=1) must be at least 2 with scheduler (='pbt')",
        ),
        ({"batch": 4}, "batch (=4) has no meaning with search (='random', the default)"),
        ({"search": "optuna", "batch": 4, "concurrent": 2}, "concurrent (=2) has no meaning with"),
        ({"scheduler": "hyperband"}, "scheduler (='hyperband')"),
        ({"confirm": {"seeds": 2}}, "confirm.seeds (=2)"),
        ({"concurrent": 0}, "concurrent (=0)"),
        ({"side": "left"}, "side (='left')"),
        ({"classes": ["a", "z"]}, "sweep.classes: class (='z') must be one of: a, b, c"),
        ({"classes": ["a", 0]}, "sweep.classes (=['a', 0]) must be 'all' or classes, none twice"),
        ({"classes": []}, "sweep.classes (=[])"),
        ({"classes": "al"}, "sweep.classes (='al'): must be 'all' or a list"),
        (
            {"rungs": 2000},
            "must be at least 2000: each of sweep.rungs (=2000) needs",
        ),
        ({"rungs": 400, "side": "marginal"}, "(=1000, the default) must be at least 1200"),
        ({"over": {"train.batch": {"choice": [50, 61]}}, "side": "marginal"}, "train.batch (=61)"),
    ],
)
def test_sweeps_that_cannot_be(sweep, said):
    assert said in refusal(**sweep)


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ({"evaluate": {"metrics": ["cafd"]}}, "evaluate.metrics: a sweep measures sweep.metric"),
        ({"search": {}}, "unknown name 'search'"),
        ({"budget": {"iterations": 0}}, "budget.iterations (=0)"),
        (
            {"evaluate": {"encoders": ["efficientnet_lite0"]}},
            "sweep.metric: 'cafd' needs",
        ),
        (
            {"evaluate": {"encoders": ["classifier", "efficientnet_lite0"]}},
            "evaluate.encoders: a sweep measures on one",
        ),
        ({"evaluate": {"samples": 10**12}}, "evaluate.samples (=1000000000000)"),
        ({"encoder": {"batch": 1000}}, "encoder.batch (=1000)"),
    ],
)
def test_files_that_cannot_be(file, said):
    assert said in refusal(file=file)


def test_a_schedule_of_the_files_own_has_no_place_beside_pbt():
    schedule = [{"iteration": 3, "beta1": 0.1}]
    assert "train.schedule" in refusal(file={"train": {"schedule": schedule}}, scheduler="pbt")


def test_optuna_that_is_not_installed(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(RefusedInput, match=r"the package optuna: pip install '\.\[optuna\]'"):
        check_search(settings(search="optuna").sweep)
    check_search(settings().sweep)


def test_files_of_the_wrong_kind(tmp_path):
    sweep, study = tmp_path / "sweep.yaml", tmp_path / "study.yaml"
    sweep.write_text(yaml.safe_dump({"sweep": {"over": RATE}}))
    study.write_text("study: marginal_vs_joint")
    with pytest.raises(RefusedInput, match="use `ganray sweep`"):
        read_study(str(sweep))
    with pytest.raises(RefusedInput, match="has no `sweep:`"):
        read_sweep(str(study))
    assert read_sweep(str(sweep), ["sweep.trials=3"]).settings.sweep.count == 3


def test_overrides_reach_what_varies(tmp_path):
    sweep = tmp_path / "sweep.yaml"
    sweep.write_text(yaml.safe_dump({"sweep": {"over": RATE}}))
    words = [
        "sweep.over.train.learning_rate={choice: [0.5]}",
        "sweep.over.model.width={choice: [2]}",
    ]
    over = read_sweep(str(sweep), words).settings.sweep.over
    assert {path: domain.listed for path, domain in over.items()} == {
        "train.learning_rate": [0.5],
        "model.width": [2],
    }


def test_random_values_follow_their_domains():
    """Against the quantiles of the distributions that the words mean."""
    over = {
        "train.learning_rate": {"log_uniform": [1e-5, 1e-1]},
        "train.beta1": {"uniform": [0.2, 0.6]},
        "model.width": {"integers": [3, 6]},
        "train.penalty_interval": {"choice": [1, 2, 4]},
    }
    drawn = settings(over=over, trials=1000).trials()
    columns = {path: np.array([values[path] for values in drawn]) for path in over}
    for quantile in (0.0, 0.25, 0.5, 0.75, 1.0):
        rates = np.quantile(np.log10(columns["train.learning_rate"]), quantile)
        assert rates == pytest.approx(-5 + 4 * quantile, abs=0.25)
        betas = np.quantile(columns["train.beta1"], quantile)
        assert betas == pytest.approx(0.2 + 0.4 * quantile, abs=0.03)
    for path, values in (("model.width", [3, 4, 5, 6]), ("train.penalty_interval", [1, 2, 4])):
        found, counts = np.unique(columns[path], return_counts=True)
        assert found.tolist() == values
        assert counts / 1000 == pytest.approx(1 / len(values), abs=0.06)


def test_more_trials_begin_with_the_same_ones():
    assert settings(trials=9).trials()[:4] == settings(trials=4).trials()
    assert settings(file={"seed": 1}, trials=4).trials() != settings(trials=4).trials()


def test_a_grid_is_every_combination():
    over = {"train.ema": {"grid": [None, 0.9]}, "model.width": {"choice": [2, 3, 5]}}
    chosen = settings(search="grid", over=over)
    pairs = [(v["train.ema"], v["model.width"]) for v in chosen.trials()]
    assert pairs == [(e, w) for e in (None, 0.9) for w in (2, 3, 5)]
    assert chosen.sweep.count == 6


def test_numbers_without_a_point_are_numbers():
    """YAML 1.1 reads 1e-4 as a word."""
    text = "sweep: {over: {train.learning_rate: {choice: [1e-4, 3e-4]}}}"
    chosen = parse(SweepSettings, yaml.safe_load(text), "sweep.yaml")
    assert chosen.sweep.over["train.learning_rate"].listed == [1e-4, 3e-4]


def test_perturbed_values_stay_within_and_are_all_reached():
    over = {
        "train.beta1": Domain(uniform=(0.2, 0.9)),
        "train.beta2": Domain(choice=[0.1, 0.5, 0.9]),
        "train.critic_steps": Domain(integers=(1, 12)),
    }
    values = {"train.beta1": 0.8, "train.beta2": 0.5, "train.critic_steps": 10}
    moved = [perturbed(over, values, 0, index) for index in range(300)]
    betas = [m["train.beta1"] for m in moved]
    assert min(betas) >= 0.2
    assert max(betas) <= 0.9
    shares = {b: betas.count(b) / 300 for b in (0.8 * 0.8, 0.9)}  # a fifth less; more, cut off
    assert all(share == pytest.approx(0.375, abs=0.09) for share in shares.values())
    assert {m["train.beta2"] for m in moved} == {0.1, 0.5, 0.9}
    steps = [m["train.critic_steps"] for m in moved]
    assert set(steps) == set(range(1, 13))  # a fifth less, a fifth more, or drawn anew
    assert min(steps.count(8), steps.count(12)) > 5 * steps.count(9)
    few = {"train.critic_steps": 2}
    least = [perturbed({n: over[n] for n in few}, few, 0, index) for index in range(300)]
    assert sum(m["train.critic_steps"] in (1, 3) for m in least) > 200
    assert moved == [perturbed(over, values, 0, index) for index in range(300)]


def test_both_sides_have_equal_iterations():
    for side, expected in (("joint", [[1000]]), ("marginal", [[333] * 3])):
        plan = SweepPlan(settings(side=side), DATA)
        rung = plan.rung(*plan.settings.specs({}), plan.steps[-1])
        assert [t.horizon for t in rung.tasks if t.kind == "train"] == expected[0]
    both = SweepPlan(settings(side="both"), DATA)
    rung = both.rung(*both.settings.specs({}), both.steps[-1])
    assert sorted(t.horizon for t in rung.tasks if t.kind == "train") == [333, 333, 333, 1000]


def test_no_task_of_a_sweep_reads_the_test_split_to_judge():
    plan = SweepPlan(settings(), DATA)
    splits = [t.parameters.get("split") for t in plan.preparation().tasks if t.kind == "embed"]
    assert splits == ["held_out"]


def test_an_imagenet_score_needs_no_classifier_of_the_sets_own():
    file = {"evaluate": {"encoders": ["efficientnet_lite0"]}}
    plan = SweepPlan(settings(file=file, metric="frechet_distance"), DATA)
    rung = plan.rung(*plan.settings.specs({}), 10)
    assert [task.kind for task in rung.tasks] == ["data", "weights", "embed", "train", "objective"]
    assert rung.task("objective").parameters["encoder"] == "efficientnet_lite0"
    assert plan.settings.score.title == "Fréchet distance (EfficientNet-Lite0)"


def test_images_without_labels_are_enough_for_joint_gans():
    counts = {split: [sum(numbers)] for split, numbers in INFO.counts.items()}
    one = {"class_names": ["unlabelled"], "labels": "none", "counts": counts}
    bare = INFO.model_copy(update=one)
    data = Data(bare, "f" * 64)
    file = {"evaluate": {"encoders": ["efficientnet_lite0"]}}
    plan = SweepPlan(settings(file=file, metric="frechet_distance"), data)
    assert "encoder" not in {task.kind for task in plan.preparation().tasks}
    with pytest.raises(RefusedInput, match="have no labels for a classifier to learn"):
        SweepPlan(settings(), data)


def test_a_trials_gan_is_the_first_replicate_of_a_study():
    from ganray.studies import marginal_vs_joint

    study = marginal_vs_joint.plan(
        marginal_vs_joint.Settings(train={"learning_rate": 2e-4}, budget={"iterations": 1000}), DATA
    )
    plan = SweepPlan(settings(), DATA)
    rung = plan.rung(*plan.settings.specs({"train.learning_rate": 2e-4}), 1000)
    assert rung.roles["train/joint/a+b+c/0"] == study.roles["train/joint/a+b+c/0"]


def test_what_only_says_where_it_runs_does_not_make_another_sweep():
    one, two = settings(concurrent=1), settings(file={"resources": {"num_cpus": 2}})
    assert one.identity_of("f") == two.identity_of("f") == settings().identity_of("f")
    assert settings(trials=3).identity_of("f") != settings().identity_of("f")
    assert settings().identity_of("g") != settings().identity_of("f")


def test_held_out_rows_of_a_subset_are_its_own():
    plan = SweepPlan(settings(classes=["a", "c"]), DATA)
    rung = plan.rung(*plan.settings.specs({}), 4)
    assert rung.task("objective").parameters["rows"] == [[0, 60], [90, 100]]
    assert rung.task("objective").parameters["sides"]["joint"]["counts"] == [70]


def test_the_ends_of_a_logarithmic_interval_are_its_own():
    domain = Domain(log_uniform=(1e-5, 1e-3))
    assert domain.at(0.0) == 1e-5
    assert domain.at(1.0) <= 1e-3
    assert domain.at(0.5) == pytest.approx(math.sqrt(1e-5 * 1e-3))


def test_the_largest_trial_has_the_greatest_of_all_numbers_and_every_word():
    over = {
        "model.width": {"choice": [2, 8, 4]},
        "train.batch": {"integers": [5, 10]},
        "train.kernel": {"choice": ["plain", "fused"]},
    }
    settings = parse(SweepSettings, {"sweep": {"over": over}}, "sweep")
    largest = SweepPlan(settings, DATA).largest()
    told = [TrainParameters.of(task) for task in largest.tasks if task.kind == "train"]
    found = [(one.model.width, one.train.batch, one.train.kernel) for one in told]
    assert found == [(8, 10, "plain"), (8, 10, "fused")]


@pytest.mark.parametrize(("scheduler", "step"), [("none", 1000), ("asha", 250)])
def test_at_the_least_all_trials_reach_their_first_rung_or_the_end(scheduler, step):
    content = {"sweep": {"over": RATE, "trials": 4, "scheduler": scheduler}}
    least = SweepPlan(parse(SweepSettings, content, "sweep"), DATA).least()
    assert [task.horizon for task in least.tasks if task.kind == "train"] == [step] * 4


def test_prices_and_caps_name_no_other_sweep():
    plain, capped = (
        parse(SweepSettings, {"sweep": {"over": RATE}} | more, "sweep")
        for more in ({}, {"cost": {"max_cost": 5}})
    )
    assert plain.identity_of("f") == capped.identity_of("f")
