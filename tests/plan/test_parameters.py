"""What tasks are told: typed, checked, and as it was when a plan has been stored."""

from __future__ import annotations

import pytest

from ganray.errors import RefusedInput
from ganray.plan import Plan, PlanBuilder
from ganray.plan.candidates import Candidate, SpecParameters
from ganray.plan.kinds import KINDS
from ganray.plan.parameters import EncoderParameters
from ganray.train.encoder_spec import EncoderSpec
from tests import golden


def test_a_kind_is_told_what_it_declares():
    told = EncoderParameters(encoder=EncoderSpec(epochs=2), seed=1)
    with pytest.raises(ValueError, match="parameters of kind 'train' must be TrainParameters"):
        PlanBuilder().add("one", "train", "t", told, {})
    task = PlanBuilder().add("one", "encoder", "e", told, {})
    assert EncoderParameters.of(task) == told
    with pytest.raises(RefusedInput, match="e: unknown name 'fingerprint'"):
        EncoderParameters.of(task.model_copy(update={"parameters": {"fingerprint": "f"}}))


@pytest.mark.parametrize("name", golden.read("keys"))
def test_what_a_stored_plan_tells_makes_the_same_keys(name):
    """Read back from JSON as what it was, every task of every kind has the identity it had."""
    plan = golden.plans()[name]
    again = Plan.model_validate_json(plan.model_dump_json())
    for before, after in zip(plan.tasks, again.tasks, strict=True):
        spec = KINDS[before.kind].parameters
        assert spec.of(after) == spec.of(before)
        assert spec.of(after).stored == before.parameters


def test_a_candidate_enters_its_key_with_the_settings_of_the_first_release():
    """Unlike other groups, so that a default that changes makes another choice."""
    plan = golden.plans()["sweep, its end"]
    (first, _) = SpecParameters.of(plan.task("spec")).candidates
    assert isinstance(first, Candidate)
    counted = first.identity()
    sizes = {"width": first.model.width, "latent": first.model.latent}
    assert counted["model"] == {"name": "defense_gan", **sizes}  # not what is newer, and as it was
    assert {"critic_steps", "penalty", "schedule"} < counted["train"].keys()
    assert "generator_steps" not in counted["train"]
    other = first.model_copy(
        update={"train": first.train.model_copy(update={"generator_steps": 2})}
    )
    assert other.identity()["train"]["generator_steps"] == 2
    assert first.identity()["train"]["penalty"] == "corrected"
