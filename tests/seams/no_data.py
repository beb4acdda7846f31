"""A toy study without data, networks and scores: it adds up squares."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from ganray.plan import Plan, PlanBuilder
from ganray.plan.parameters import Parameters
from ganray.report import Page, Results
from ganray.report.page import Paragraph, Section
from ganray.spec import RUN_NAME, Spec
from ganray.stages.artifacts import chunk_arrays
from ganray.stages.stage import Stage
from ganray.stages.workspace import Workspace


class Settings(Spec):
    """How many squares."""

    study: Literal["no_data"] = Field("no_data", description="which study the file is of")
    name: str = Field("squares", pattern=RUN_NAME, description="its runs bear it")
    terms: int = Field(3, ge=1, description="how many")


def plan(settings: Settings) -> Plan:
    """One task."""
    builder = PlanBuilder()
    terms = settings.terms
    builder.add("sum", "squares", "squares", Parameters(), {}, horizon=terms, chunks=terms)
    return builder.plan(settings.name, settings.study, settings.model_dump(mode="json"))


def page(results: Results) -> Page:
    """What they come to."""
    said = f"The sum is {results.result('sum').get('sum', 'not known yet')}."
    return Page("Squares", "numbers", said, [Section("Sum", "sum", [Paragraph(said)])])


def square(_: Workspace, index: int) -> dict[str, np.ndarray]:
    """The square of its own number."""
    return {"square": np.array([index**2])}


def add_up(work: Workspace) -> None:
    """All squares together."""
    work.commit({}, {"sum": sum(int(one["square"][0]) for one in chunk_arrays(work, "part"))})


STAGE = Stage(add_up, square)
