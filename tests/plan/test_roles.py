"""The GANs of a plan, whatever its classes are called: none is lost, and each can be named."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganray.errors import RefusedInput
from ganray.plan import Plan, PlanBuilder
from ganray.plan.parameters import EncoderParameters
from ganray.plan.roles import find_gan, gan_called, gan_role, gans_of, side_gans
from ganray.spec import parse
from ganray.studies import marginal_vs_joint
from ganray.studies.parts.data import Data
from ganray.text.names import exact_label
from ganray.train.encoder_spec import EncoderSpec
from tests.golden import INFO, STUDY

ODD = ["a", "b", "a+b", "a/b", "a_b", "a\\b", "a::b", "x", "x/0", '"a"', "", "joint", "r0"]


def planned(names: list[str], groups: list[list[str]], **changes) -> Plan:
    counts = {split: [numbers[0]] * len(names) for split, numbers in INFO.counts.items()}
    info = INFO.model_copy(update={"class_names": names, "counts": counts})
    study = STUDY | {"marginals": groups, "search": {"on": []}} | changes
    return marginal_vs_joint.plan(
        parse(marginal_vs_joint.Settings, study, "study"), Data(info, "f")
    )


def in_groups(names: list[str], sizes: list[int]) -> list[list[str]]:
    rest, groups = list(names), []
    for size in sizes:
        groups, rest = [*groups, rest[:size]], rest[size:]
    return [group for group in [*groups, rest] if group]


@settings(max_examples=25)
@given(
    st.lists(
        st.one_of(st.sampled_from(ODD), st.text('ab+/"0', max_size=4)),
        min_size=2, max_size=9, unique=True,
    ),
    st.lists(st.integers(1, 3), max_size=4),
)  # fmt: skip
def test_no_gan_is_lost_and_each_is_found_by_its_name(names, sizes):
    groups = in_groups(names, sizes)
    plan = planned(names, groups)
    for replicate in (0, 1):
        gans = side_gans(plan, "marginal", replicate)
        assert [[names[k] for k in gan.classes] for gan in gans] == [
            sorted(group, key=names.index) for group in groups
        ]
        assert len({gan.task.address for gan in gans}) == len(groups)
        for gan in gans:
            exact = exact_label([names[k] for k in gan.classes])
            assert find_gan(plan, "marginal", exact, replicate) == gan
            assert plan.task(gan.role) == gan.task
    assert len(side_gans(plan, "joint", 1)) == 1
    assert len({task.title for task in plan.tasks}) == len(plan.tasks)


def test_ordinary_names_are_said_as_they_are():
    plan = planned(["T-shirt/top", "b", "c"], [["T-shirt/top"], ["b", "c"]])
    roles = [gan.role for gan in gans_of(plan) if gan.replicate == 0]
    assert roles == ["train/joint/T-shirt/top+b+c/0", "train/marginal/T-shirt/top/0",
                     "train/marginal/b+c/0"]  # fmt: skip
    assert find_gan(plan, "marginal", "T-shirt/top", 0).classes == [0]
    assert find_gan(plan, "marginal", "b+c", 1).classes == [1, 2]
    assert find_gan(plan, "joint", "", 1).replicate == 1
    with pytest.raises(RefusedInput, match=r"joint GAN .*'whatever'.* must be one of"):
        find_gan(plan, "joint", "whatever", 1)


@pytest.mark.parametrize("typed", ["café", "cafe\u0301", '"cafe\u0301"'])
def test_an_accent_may_be_typed_in_two_ways(typed):
    plan = planned(["café", "tea"], [["cafe\u0301"], ["tea"]])
    assert find_gan(plan, "marginal", typed, 0).classes == [0]


def test_a_name_of_two_gans_is_refused_with_both():
    """`a+b` is a class here, and the GAN of the classes a and b."""
    plan = planned(["a", "b", "a+b"], [["a", "b"], ["a+b"]])
    with pytest.raises(
        RefusedInput, match=r"GAN \(='a\+b', replicate 0\) may be.*\"a\"\+\"b\", \"a"
    ):
        find_gan(plan, "marginal", "a+b", 0)
    assert find_gan(plan, "marginal", '"a"+"b"', 0).classes == [0, 1]
    assert find_gan(plan, "marginal", '"a+b"', 0).classes == [2]


def test_what_there_is_not_is_refused():
    plan = planned(["a", "b"], [["a"], ["b"]])
    with pytest.raises(
        RefusedInput, match=r"marginal GAN \(='c', replicate 1\) must be .*: a/1, b/1"
    ):
        find_gan(plan, "marginal", "c", 1)
    with pytest.raises(RefusedInput, match=r"replicate \(=2\) of the joint GANs .*: 0, 1"):
        find_gan(plan, "joint", "", 2)


def test_a_gan_is_called_as_reports_call_it():
    plan = planned(["a", "b", "marginal a", "x y"], [["a"], ["b"], ["marginal a"], ["x y"]])
    for name, classes in (
        *(("joint", [0, 1, 2, 3]), ("a", [0]), ("x y", [3]), ("marginal x y", [3])),
        *(('marginal "a"', [0]), ('"marginal a"', [2]), ("marginal marginal a", [2])),
    ):
        assert gan_called(plan, name, 1).classes == classes
    with pytest.raises(
        RefusedInput,
        match=r"GAN \(='marginal a', replicate 0\) may be any .*: marginal \"a\", marginal \"marg",
    ):
        gan_called(plan, "marginal a", 0)
    with pytest.raises(
        RefusedInput, match=r"\(='marginal', replicate 0\) must be .*: joint, marginal a, m"
    ):
        gan_called(plan, "marginal", 0)
    accents = planned(["café", "tea"], [["café"], ["tea"]])
    assert gan_called(accents, "marginal cafe\u0301", 0).classes == [0]


def test_a_side_of_one_gan_is_found_with_its_classes_too():
    plan = planned(["a", "b", "c"], [["a", "b"]])
    assert gan_called(plan, "marginal", 0).classes == [0, 1]
    assert gan_called(plan, "marginal a+b", 0).side == "marginal"
    assert gan_called(plan, "joint a+b", 0).side == "joint"


def test_gans_of_plans_that_older_releases_wrote_are_found():
    """Their roles hold the bare names; what a GAN knows is told by its task."""
    plan = planned(["a+b", "x/0"], [["a+b"], ["x/0"]])
    old = {role.replace('"', ""): address for role, address in plan.roles.items()}
    found = gans_of(plan.model_copy(update={"roles": old}))
    assert [gan.label for gan in found] == [gan.label for gan in gans_of(plan)]
    assert [gan.classes for gan in found] == [gan.classes for gan in gans_of(plan)]


def test_a_search_names_its_gans_as_one_does():
    plan = planned(["joint", "b", "a+b", "a"], [["joint"], ["b", "a"], ["a+b"]],
                   search={"on": ["joint", '"joint"', '"a+b"']})  # fmt: skip
    assert plan.task("search/joint").title == "search joint r0"
    assert plan.task('search/"joint"').title == "search class joint r0"
    assert plan.task('search/"a+b"').title == 'search class "a+b" r0'
    with pytest.raises(RefusedInput, match=r"search.on \(='c'\) must be one of: joint, joint, b"):
        planned(["joint", "b"], [["joint"], ["b"]], search={"on": ["c"]})


def test_a_role_is_one_tasks():
    builder = PlanBuilder()
    first, other = (EncoderParameters(encoder=EncoderSpec(), seed=seed) for seed in (1, 2))
    builder.add("one", "encoder", "e", first, {})
    builder.add("one", "encoder", "e", first, {})
    with pytest.raises(ValueError, match="two tasks have the role 'one'"):
        builder.add("one", "encoder", "e", other, {})


def test_a_role_tells_its_part():
    assert gan_role("train", "joint", ["a", "b+c"], 2, "at/0.5/") == 'at/0.5/train/joint/a+"b+c"/2'
