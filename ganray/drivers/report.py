"""The report of a run, written from stored results alone."""

from __future__ import annotations

from ganray.plan import Plan
from ganray.report import write_report
from ganray.store import Store
from ganray.studies import study_module
from ganray.sweeps import pages
from ganray.sweeps.plan import NAME


def rewrite(store: Store, plan: Plan) -> str:
    """Write the report of a study or a sweep anew; its URL."""
    module = pages if plan.study == NAME else study_module(plan.study)
    return write_report(store, plan, module.page)
