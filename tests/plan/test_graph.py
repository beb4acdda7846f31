"""Plans: what a key holds and what it does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from ganray.data.spec import DatasetSpec
from ganray.plan import Plan, PlanBuilder, task_key, task_seed
from ganray.plan.parameters import DataParameters, Parameters
from ganray.specs import chunks_for
from ganray.studies.parts.data import Data
from ganray.train import WganGp
from tests.golden import INFO, planned

ENCODERS = {"encoders": ["classifier", "efficientnet_lite0"]}
METRICS = ["cafd", "class_divergence", "frechet_distance", "inception_score"]
SAMPLES = "sample/joint/a+b+c/0"


def keys(plan: Plan) -> dict[str, str]:
    """What the study calls each task, to its key without the horizon."""
    return {role: plan.by_address[address].key for role, address in plan.roles.items()}


def changed(plan: Plan) -> set[str]:
    """The kinds of tasks whose keys differ from the golden study's."""
    before, after = keys(planned()), keys(plan)
    assert before.keys() == after.keys()
    return {plan.task(role).kind for role in before if before[role] != after[role]}


def test_a_new_option_with_a_default_voids_no_key():
    class Later(WganGp):
        """A later release's settings."""

        spectral_norm: bool = False
        averages: list[float] = Field(default_factory=list)

    class Given(Parameters):
        train: WganGp

    class GivenLater(Parameters):
        train: Later
        workers: int = 1

    before = task_key("train", Given(train=WganGp(ema=0.5)), {})
    assert task_key("train", GivenLater(train=Later(ema=0.5)), {}) == before
    assert task_key("train", GivenLater(train=Later(ema=0.5), workers=2), {}) != before
    assert task_key("train", GivenLater(train=Later(ema=0.5, spectral_norm=True)), {}) != before


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "other"},
        {"data": {"source": "/elsewhere/letters"}},
        {"resources": {"num_cpus": 4, "num_gpus": 0.5, "device": "cuda", "attempts": 9}},
        {"budget": {"iterations": 50}},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_names_places_and_horizons_are_in_no_training_key(changes):
    assert not changed(planned(**changes)) & {"data", "train", "encoder", "targets"}


@pytest.mark.parametrize(
    "changes",
    [
        {"train": {"threads": 2, "critic_steps": 3, "ema": 0.98}},
        {"train": {"critic_steps": 3}},
        {"model": {"width": 16, "latent": 64}},
        {"seed": 6},
        {"data": {"held_out": 77}},
    ],
    ids=["threads", "ema", "latent", "seed", "splits"],
)
def test_what_shapes_a_gan_is_in_its_key_and_in_all_that_follow(changes):
    kinds = changed(planned(**changes))
    assert {"train", "sample", "embed", "measure", "search", "card"} <= kinds


def test_other_data_makes_another_key():
    assert "data" in changed(planned(Data(INFO, "e" * 64)))


def test_an_external_set_is_named_by_its_digest_and_not_by_its_place():
    here, there = (planned(Data(INFO, "f" * 64, url)) for url in ("/here", "s3://there/set"))
    assert here.roles == there.roles
    assert "data" not in here.roles
    assert here.task("encoder").inputs["data"] == f"external/{'f' * 64}/whole"
    assert here.dataset["url"] == "/here"


def test_settings_of_one_stage_leave_the_others_alone():
    assert changed(planned(encoder={"epochs": 9})) == {
        *("encoder", "embed", "measure", "search", "card")
    }
    finer = [*METRICS[:3], {"name": "inception_score", "splits": 5}]
    assert changed(planned(evaluate=ENCODERS | {"metrics": finer})) == {"measure", "card"}
    assert changed(planned(search={"on": ["joint", "a"], "restarts": 4, "steps": 7})) == {"search"}


def test_a_metric_more_measures_itself_and_nothing_else():
    fewer = keys(planned(evaluate=ENCODERS | {"metrics": METRICS[:3]}))
    more = keys(planned(evaluate=ENCODERS | {"metrics": METRICS}))
    added = [role for role in more if role not in fewer]
    assert {role.split("/")[1] for role in added} == {"inception_score"}
    assert {role.split("/")[0] for role in added} == {"floor", "measure"}
    changed = [role for role in fewer if fewer[role] != more[role]]
    assert {role.partition("/")[0] for role in changed} == {"card"}


def test_training_longer_continues_the_trajectory():
    short, long = planned(), planned(budget={"iterations": 2000})
    for role in ("train/joint/a+b+c/0", "train/marginal/b+c/1"):
        assert short.task(role).trajectory == long.task(role).trajectory
        assert short.task(role).address != long.task(role).address
    assert long.task("train/joint/a+b+c/0").address.endswith("/step-000002000")


def test_more_restarts_and_more_samples_continue_theirs():
    fewer, more = planned(), planned(search={"on": ["joint", "a"], "restarts": 9})
    mine, theirs = fewer.task("search/joint"), more.task("search/joint")
    assert mine.trajectory == theirs.trajectory
    assert (mine.horizon, theirs.horizon) == (4, 9)
    less = planned(evaluate=ENCODERS | {"samples": 50})
    assert less.task(SAMPLES).trajectory == fewer.task(SAMPLES).trajectory


def test_the_studys_name_is_not_in_the_plans_hash_but_in_the_runs():
    one, other = planned(), planned(name="other")
    assert one.id == other.id
    assert one.run == f"golden-{one.id[:12]}"
    assert other.run == f"other-{one.id[:12]}"
    assert planned(budget={"iterations": 9}).id != one.id


def test_joint_and_marginal_differ_in_their_classes_alone():
    """And in the seed that follows from them."""
    plan = planned()
    joint = plan.task("train/joint/a+b+c/0").parameters
    marginal = plan.task("train/marginal/a/0").parameters
    assert {name for name in joint if joint[name] != marginal[name]} == {"classes", "seed"}
    assert (joint["classes"], marginal["classes"]) == ([0, 1, 2], [0])


def test_every_task_comes_after_its_inputs_and_joint_gans_first():
    plan, done = planned(), set()
    for task in plan.tasks:
        assert set(task.inputs.values()) <= done
        done.add(task.address)
    trained = [task.title for task in plan.tasks if task.kind == "train"]
    assert trained == ["joint r0", "joint r1", *(f"class {c} r{r}" for r in (0, 1) for c in BOTH)]


BOTH = ("a", "b+c")


def test_a_plan_survives_json():
    plan = planned()
    again = Plan.model_validate_json(plan.model_dump_json())
    assert again == plan
    assert again.id == plan.id


def test_equal_tasks_are_one():
    builder, same = PlanBuilder(), {"fingerprint": "f", "splits": {"held_out": 1, "test": None}}
    here, there = (
        DataParameters(data=DatasetSpec(source=source), **same) for source in ("here", "there")
    )
    first = builder.add("one", "data", "d", here, {})
    second = builder.add("two", "data", "d", there, {})
    assert second is first
    assert len(builder.tasks) == 1
    assert builder.roles["one"] == builder.roles["two"]


def test_seeds_follow_from_study_partition_and_replicate():
    seeds = {
        task_seed(study, "train", classes, replicate)
        for study in (0, 1)
        for classes in ([0], [1], [0, 1])
        for replicate in (0, 1)
    }
    assert len(seeds) == 12


@given(st.integers(0, 1000), st.integers(1, 50))
def test_chunks_hold_every_item(count, chunk):
    chunks = chunks_for(count, chunk)
    assert chunks * chunk >= count > (chunks - 1) * chunk or count == chunks == 0


def test_data_settings_enter_the_key_only_where_they_change_the_splits():
    """`format` and `channels` say how to read and what to expect, not what is there."""
    spec = DatasetSpec(format="parquet", channels=1).model_dump()
    assert not changed(planned(data=spec))
