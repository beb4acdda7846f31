"""A sweep's report; before the sweep ends, of what its trials have come to."""

from __future__ import annotations

from ganray.report import Page, Results
from ganray.sweeps.pages.confirmation import confirmation_section, sweep_lead
from ganray.sweeps.pages.protocol import sweep_protocol_section
from ganray.sweeps.pages.trials import trials_section
from ganray.sweeps.settings import rung_steps
from ganray.sweeps.trials import known_trials

__all__ = ["page"]


def page(results: Results) -> Page:
    """The page of a sweep's run."""
    trials = known_trials(results.store, results.plan.settings["folder"])
    budget, rungs = results.plan.settings["budget"], results.plan.settings["sweep"]["rungs"]
    parts = [
        confirmation_section(results),
        trials_section(results, trials),
        sweep_protocol_section(results, rung_steps(budget["iterations"], rungs)),
    ]
    return Page.of(
        "Which settings train best?",
        str(results.plan.dataset["name"]),
        sweep_lead(results, trials),
        parts,
    )
