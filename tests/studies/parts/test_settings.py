"""Study files: read with their defaults, and refused in one line that says what is valid."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganray.data.spec import SourceInfo
from ganray.errors import RefusedInput
from ganray.studies import marginal_vs_joint, read_study, study_module
from ganray.studies.marginal_vs_joint import Settings
from ganray.studies.parts.counts import mixture_counts, sample_count
from ganray.studies.parts.data import Data
from ganray.studies.parts.scoring.evaluate import Evaluate
from ganray.studies.parts.searching import target_names
from ganray.studies.parts.settings import RangeSearch
from ganray.text.study_yaml import dump, load

INFO = SourceInfo(
    name="letters",
    shape=(1, 28, 28),
    class_names=["a", "b", "c"],
    counts={"train": [600, 300, 60], "held_out": [60, 30, 10], "test": [60, 30, 10]},
)


@pytest.fixture
def file(tmp_path):
    """Write a study file; returns its path."""

    def write(text: str) -> str:
        path = tmp_path / "study.yaml"
        path.write_text(text)
        return str(path)

    return write


def refusal(file: str, *overrides: str) -> str:
    with pytest.raises(RefusedInput) as error:
        read_study(file, overrides)
    assert "\n" not in str(error.value)
    return str(error.value)


def plan(info: SourceInfo = INFO, other: Data | None = None, **settings):
    return marginal_vs_joint.plan(Settings(**settings), Data(info, "f" * 64), other)


def test_an_empty_mapping_is_the_default_study(file):
    assert read_study(file("study: marginal_vs_joint")).settings == Settings()


def test_the_key_on_is_a_word_in_yaml(file):
    """YAML 1.1 reads `on` as true: the file would be refused for a name that nobody wrote."""
    text = "search:\n  on: [joint, 'yes']\n  restarts: 2\n"
    assert read_study(file(text)).settings.search.on == ["joint", "yes"]
    assert read_study(file(text), ["search.on=[off]"]).settings.search.on == ["off"]


def test_numbers_are_those_that_one_reads(file):
    """YAML 1.1 reads 010 as 8, 1:30 as 90 and 2026-01-01 as a date."""
    text = "name: 2026-01-01\nseed: 010\nmodel: {width: 0x10}\ntrain: {beta2: .5, ema: 5.0e-1}"
    settings = read_study(file(text)).settings
    assert (settings.name, settings.seed, settings.model.width) == ("2026-01-01", 10, 16)
    assert (settings.train.beta2, settings.train.ema) == (0.5, 0.5)
    assert "budget.iterations (='1:30')" in refusal(file("budget: {iterations: 1:30}"))


@given(st.text("0123456789.eExob_+-:", max_size=8) | st.floats() | st.integers() | st.booleans())
def test_what_is_dumped_for_a_job_is_read_back_as_it_was(value):
    """A class called "1.5e3" stays a word on its way to the cluster."""
    again = load(dump({"on": value}))["on"]
    assert (type(again), repr(again)) == (type(value), repr(value))


@pytest.mark.parametrize(
    "text", ["seed: 1\nseed: 2", "model: {width: 4, latent: 2, width: 2}", "a: {b: {c: 1, c: 1}}"]
)
def test_a_name_that_is_given_twice_is_refused(file, text):
    """The last one would win in silence."""
    assert "is given twice" in refusal(file(text))
    assert "is given twice" in refusal(file("{}"), "model={width: 4, width: 2}")


def test_what_is_merged_may_be_given_anew(file):
    text = "model: &m {width: 4, latent: 2}\ntrain: {}\nencoder: {}\n"
    merged = "search: {on: []}\nevaluate: {}\nresources: {<<: {num_cpus: 2}, num_cpus: 3}"
    assert read_study(file(text + merged)).settings.resources.num_cpus == 3


def test_overrides_reach_any_depth_and_are_yaml(file):
    overrides = ["budget.iterations=7", "marginals=[[a], [b, c]]", "train.ema=0.5", "name=x"]
    settings = read_study(file("name: y"), overrides).settings
    assert settings.budget.iterations == 7
    assert settings.marginals == [["a"], ["b", "c"]]
    assert settings.train.ema == 0.5
    assert settings.name == "x"


def test_relative_data_lie_beside_the_study_file(file, tmp_path):
    text = "data: {source: digits}\nsearch: {other: {source: ../more}}"
    settings = read_study(file(text)).settings
    assert settings.data.source == str(tmp_path / "digits")
    assert settings.search.other.source == str(tmp_path.parent / "more")
    for source in ("embedded", "s3://bucket/set"):
        found = read_study(file(f"data: {{source: '{source}'}}")).settings.data.source
        assert found == source


def test_a_settings_file_can_be_written_back(file):
    text = dump(Settings().model_dump(mode="json"))
    assert read_study(file(text)).settings == Settings()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("trian: {batch: 5}", "unknown name 'trian'; did you mean 'train'?"),
        ("train: {bacth: 5}", "train: unknown name 'bacth'; did you mean 'batch'?"),
        ("train: {batch: many}", "train.batch (='many')"),
        ("train: {batch: 0}", "train.batch (=0): Input should be greater than or equal to 1"),
        (
            "train: {penalty: published}",
            "'none', 'corrected', 'as_published' or 'r1'",
        ),
        ("train: 5", "train (=5)"),
        ("model: {width: 2.5}", "model.width (=2.5)"),
        ("name: My Study", "name (='My Study')"),
        ("evaluate: {metrics: [cafdd]}", "unknown name 'cafdd'; did you mean 'cafd'?"),
        ("evaluate: {metrics: []}", "evaluate.metrics"),
        ("evaluate: {metrics: [FID]}", "(='FID'): 'FID' is frechet_distance, with inception among"),
        (
            "evaluate: {metrics: [{splits: 3}]}",
            "metrics.0 (={'splits': 3}): must be one of",
        ),
        (
            "evaluate: {metrics: [3]}",
            "evaluate.metrics.0 (=3): must be one of cafd, cl",
        ),
        ("evaluate: {metrics: [cafd, {name: cafd}]}", "evaluate.metrics"),
        ("evaluate: {metrics: cafd}", "evaluate.metrics (='cafd')"),
        (
            "evaluate: {encoders: [efficientnet_lite0], metrics: [cafd]}",
            "metrics: 'cafd' needs class posteriors and features, which none of evaluate.encoders "
            "(efficientnet_lite0) gives; those that do: classifier",
        ),
        (
            "evaluate: {encoders: [classifier, efficientnet_lite0], metrics: [cafd]}",
            "no metric is measured on 'efficientnet_lite0', which gives features and posteriors",
        ),
        ("evaluate: {encoders: []}", "evaluate.encoders"),
        (
            "evaluate: {encoders: [clasifier]}",
            "unknown name 'clasifier'; did you mean 'classifier'?",
        ),
        ("evaluate: {encoders: [inception]}", "evaluate.encoders.0.weights: Field required"),
        (
            "evaluate: {encoders: [{name: efficientnet_lite0, weights: /w}]}",
            "evaluate.encoders.0: unknown name 'weights'",
        ),
        ("search: {shapes: [smily]}", "unknown name 'smily'; did you mean 'smiley'?"),
        ("search: {real: 0, shapes: []}", "search needs at least one target"),
        ("study: marginal", "study: unknown name 'marginal'; did you mean 'marginal_vs_joint'?"),
        ("- a list", "must hold `name: value` lines"),
        ("a: [1", "is no YAML"),
        ("data: {source: ''}", "data.source (='')"),
        ("data: digits.parquet", "data (='digits.parquet'): must be a group"),
        ("marginals: per_clas", "marginals (='per_clas'): must be 'per_class' or lists"),
        ("marginals: [[0, 1.5]]", "marginals (=[[0, 1.5]]): must be 'per_class' or lists"),
        ("search: {on: [1]}", "search.on.0 (=1): must be 'joint' or a class's name, in quotes"),
        ("search: {on: [joint, joint]}", "holds 'joint' twice"),
        ("search: {shapes: [ring, ring]}", "holds 'ring' twice"),
        ("search: {restarts: 1000000000}", "search.restarts (=1000000000)"),
        ("evaluate: {metrics: [cafd, cafd]}", "holds 'cafd' twice"),
        ("replicates: 1000000", "replicates (=1000000)"),
        ("train: {learning_rate: .inf}", "train.learning_rate (=inf)"),
    ],
)
def test_bad_study_files_are_refused(file, text, said):
    assert said in refusal(file(text))


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("train.bacth=5", "did you mean 'batch'?"),
        ("train.batch", "must be path=value"),
        ("name.first=5", "name is no group of settings"),
        ("train.batch=[1", "--set (='train.batch=[1')"),
    ],
)
def test_bad_overrides_are_refused(file, override, said):
    assert said in refusal(file("name: a"), override)


def test_a_missing_file_says_how_to_make_one(tmp_path):
    assert "does not exist; `ganray init` writes one" in refusal(str(tmp_path / "none.yaml"))


def test_an_unreadable_file_is_named(tmp_path):
    assert "cannot be read" in refusal(str(tmp_path))


def test_an_unknown_study_is_answered_by_the_nearest():
    with pytest.raises(RefusedInput, match="did you mean 'marginal_vs_joint'"):
        study_module("marginal_vs_joints")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"train": {"batch": 61}},
            r"train.batch \(=61\) exceeds the 60 training .* class c",
        ),
        ({"evaluate": {"samples": 101}}, r"evaluate.samples \(=101\) must be from 10 .* 100"),
        ({"evaluate": {"samples": 9}}, r"evaluate.samples \(=9\) must be from 10"),
        ({"search": {"on": ["d"]}}, r"search.on \(='d'\) must be one of: joint, a, b, c"),
        ({"marginals": [["a"], ["a"]]}, "no class twice"),
        ({"marginals": [["d"]]}, r"marginals: class \(='d'\) must be one of: a, b, c"),
        (
            {"evaluate": {"metrics": [{"name": "inception_score", "splits": 101}]}},
            "100 held-out images.*inception_score with splits 101 needs 101 or more",
        ),
        ({"search": {"real": 4}}, r"search.real \(=4\) must be at most 3, the classes of letters"),
        ({"search": {"noisy": 4}}, r"search.noisy \(=4\) must be at most 3"),
        ({"search": {"real": 1, "noisy": 2}}, r"search.noisy \(=2\) must be at most 1"),
        (
            {"sample": {"truncation": 0.5}, "model": {"name": "fully_connected"}},
            r"^sample.truncation \(=0.5\) is of normal latent vectors",
        ),
        ({"encoder": {"batch": 961}}, r"encoder.batch \(=961\) must be at most .*, 960"),
    ],
)
def test_what_does_not_fit_the_data_is_refused_when_planned(settings, said):
    with pytest.raises(RefusedInput, match=said):
        plan(**settings)


def test_truncation_changes_what_is_drawn_and_no_training():
    held, usual = plan(sample={"truncation": 0.5}), plan()
    again = plan(sample={"truncation": None, "chunk": 250})
    assert again.roles == usual.roles
    for role, address in usual.roles.items():
        drawn = role.startswith(("sample/", "card/", "measure/"))
        drawn |= role.startswith("embed/") and role.count("/") > 2
        assert (held.roles[role] != address) is drawn, role
    assert held.task("sample/joint/a+b+c/0").parameters["sample"]["truncation"] == 0.5
    said = {task.parameters["mixture"] for task in held.tasks if task.kind == "measure"}
    assert said == {"real", "real, truncated at 0.5"}  # those of real images are floors


def test_probe_images_of_another_shape_are_refused_when_planned():
    other = Data(INFO.model_copy(update={"shape": (3, 32, 32), "name": "photos"}), "e" * 64)
    with pytest.raises(RefusedInput, match=r"search.other .*photos.*\(3, 32, 32\).*\(1, 28, 28\)"):
        plan(other=other)


def test_images_without_labels_are_refused_where_they_are_needed():
    bare = INFO.model_copy(update={"labels": "none"})
    with pytest.raises(RefusedInput, match=r"needs labelled classes, .* of letters have no"):
        plan(bare)


def test_no_held_out_images_leave_no_floor():
    counts = INFO.counts | {"held_out": [0, 0, 0]}
    with pytest.raises(RefusedInput, match=r"has 0 held-out images.*raise data.held_out"):
        plan(INFO.model_copy(update={"counts": counts}))


def test_samples_are_as_many_as_are_held_out_unless_fewer_are_asked_for():
    assert sample_count(Evaluate(), INFO, [0, 1, 2]) == 100
    assert sample_count(Evaluate(samples=40), INFO, [0, 1, 2]) == 40
    assert sample_count(Evaluate(), INFO, [0, 2]) == 70


def test_the_mixture_follows_the_real_classes_or_none():
    groups = [[0], [1, 2]]
    assert mixture_counts(groups, INFO, "real", 100) == [
        63,
        37,
    ]  # 62.5 : 37.5
    assert mixture_counts(groups, INFO, "uniform", 99) == [33, 66]
    assert sum(mixture_counts([[0], [1], [2]], INFO, "real", 97)) == 97


def test_a_gan_without_samples_takes_no_part_in_the_score():
    """A class whose share rounds to nothing has its card all the same."""
    counts = INFO.counts | {"train": [5000, 300, 60]}
    found = plan(INFO.model_copy(update={"counts": counts}), evaluate={"samples": 10})
    sets = [
        r for r in found.task("measure/cafd/classifier/marginal/0").inputs if r.startswith("set/")
    ]
    assert sets == ["set/0", "set/1"]
    assert "card/marginal/c/0" in found.roles


def test_targets_are_named_in_their_order():
    search = RangeSearch(real=2, noisy=1, shapes=["ring"])
    assert target_names(search, INFO, INFO) == [
        *("real a", "real b", "noisy a", "other 0", "other 1", "other 2", "ring")
    ]


def test_of_few_classes_each_has_its_probe_image_by_default():
    names = target_names(RangeSearch(), INFO, None)
    assert names[:4] == ["real a", "real b", "real c", "noisy a"]


def test_no_search_needs_no_targets():
    found = plan(search={"on": []})
    assert not {task.kind for task in found.tasks} & {"search", "targets"}


def test_replicates_train_anew_and_share_the_ruler():
    found = plan(replicates=2)
    seeds = [found.task(f"train/joint/a+b+c/{r}").parameters["seed"] for r in (0, 1)]
    assert seeds[0] != seeds[1]
    first, second = (found.task(f"measure/cafd/classifier/joint/{r}").inputs for r in (0, 1))
    assert first["set/0"] != second["set/0"]
    for shared in ("reference", "floor", "embedder"):
        assert first[shared] == second[shared]


def test_joint_is_the_joint_gan_whatever_a_class_is_called():
    info = INFO.model_copy(update={"class_names": ["joint", "b", "c"]})
    found = plan(info, search={"on": ["joint"]})
    searched = found.task("search/joint").inputs["gan"]
    assert searched == found.roles["train/joint/joint+b+c/0"]
    assert searched != found.roles["train/marginal/joint/0"]


def test_one_class_makes_one_gan_whose_card_names_each_score_once():
    counts = {split: [numbers[0]] for split, numbers in INFO.counts.items()}
    found = plan(INFO.model_copy(update={"class_names": ["a"], "counts": counts}))
    assert found.roles["train/joint/a/0"] == found.roles["train/marginal/a/0"]
    (gan,) = [task for task in found.tasks if task.kind == "train"]
    (card,) = [task for task in found.tasks if task.kind == "card"]
    assert card.inputs["gan"] == gan.address
    scores = [role for role in card.inputs if role.startswith("scores/")]
    assert scores == [
        f"scores/{index}"
        for index in range(sum(len(Evaluate().on(one)) for one in Evaluate().encoders))
    ]


@pytest.mark.parametrize("shape", [(1, 7, 28), (1, 28, 7), (4, 28, 28)])
def test_images_that_no_network_takes_are_refused_when_planned(shape):
    with pytest.raises(RefusedInput, match=r"shape \(=.* 8 pixels or more"):
        plan(INFO.model_copy(update={"shape": shape}))


def test_foreign_weights_are_looked_at_before_anything_is_trained(file, tmp_path):
    """A relative path is relative to the study file; a wrong digest is told when planned."""
    inception = f"{{name: inception, weights: w.pth, sha256: {'a' * 64}}}"
    study = read_study(file(f"evaluate: {{encoders: [{inception}]}}"))
    assert study.settings.evaluate.encoders[0].weights == str(tmp_path / "w.pth")
    assert [metric.name for metric in study.settings.evaluate.metrics] == [
        *("frechet_distance", "inception_score")
    ]
    with pytest.raises(RefusedInput, match=r"weights '.*w.pth' cannot be read"):
        study.plan()
    (tmp_path / "w.pth").write_bytes(b"other")
    with pytest.raises(RefusedInput, match=r"weights '.*w.pth' have sha256 .*, not aaa"):
        study.plan()


@pytest.mark.parametrize(
    ("setting", "argument"),
    [
        ("data.source=https://me:hush@example.org/set", "data.source"),
        ("data.source=https://example.org/set?X-Amz-Signature=hush", "data.source"),
        ("search.other={source: 's3://me:hush@bucket/set'}", "search.other.source"),
    ],
)
def test_a_url_with_credentials_is_refused_without_quoting_them(
    tmp_path: Path, setting: str, argument: str
) -> None:
    file = tmp_path / "study.yaml"
    file.write_text("name: secrets\n")
    with pytest.raises(RefusedInput, match=argument) as refusal:
        read_study(str(file), [setting])
    assert "hush" not in str(refusal.value)


def test_workers_of_the_joint_gan_are_in_its_key_alone():
    """Where there is one, nothing says so: the keys are those of before there could be more."""
    one, two = plan(), plan(joint={"workers": 2})
    for before, after in zip(one.tasks, two.tasks, strict=True):
        joint = before.kind == "train" and before.title.startswith("joint")
        assert before.ranks == 1
        assert after.ranks == (2 if joint else 1)
        assert "world_size" not in before.parameters
        if before.kind == "train":
            assert (before.key != after.key) == joint


def test_more_workers_than_images_in_a_batch_are_refused():
    said = r"joint\.workers \(=51\) must be at most train\.batch \(=50, the default"
    with pytest.raises(RefusedInput, match=said):
        plan(joint={"workers": 51})


def test_a_projection_that_latents_do_not_take_is_refused():
    model = {"name": "fully_connected", "width": 8}
    train = {"algorithm": "vanilla", "batch": 50}
    with pytest.raises(RefusedInput, match=r"search.projection \(='shell'\) is of normal latent"):
        plan(model=model, train=train, search={"projection": "shell"})
    plan(model=model | {"law": "sphere"}, train=train, search={"projection": "shell"})
    plan(search={"projection": "shell"})
