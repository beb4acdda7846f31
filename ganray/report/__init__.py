"""Reports: a study's page as one HTML file, and its numbers as tables, from stored results alone.

`reading` finds them in the store, `comparing` judges sides by them, `sections` turn them into
blocks with the pictures of `drawing`, a study's `page` arranges the sections, and `render` writes
the HTML.
"""

from __future__ import annotations

from collections.abc import Callable

from ganray.plan import Plan
from ganray.report import sections
from ganray.report.page import Page
from ganray.report.reading.results import Results
from ganray.report.render import render
from ganray.report.tables import table_files
from ganray.store import Store

__all__ = ["Page", "Results", "sections", "write_report"]


def write_report(store: Store, plan: Plan, page: Callable[[Results], Page]) -> str:
    """Write `reports/<run>/`: index.html, and scores, search and tasks as CSV and Parquet.

    A run that is not finished, or failed in part, gives a report that says so and names why.

    Args:
        page: a study's arrangement of its results, e.g. `marginal_vs_joint.page`.

    Returns:
        The URL of index.html.

    Raises:
        StoreError: the store cannot be read or written.
    """
    results = Results.open(store, plan)
    folder = f"reports/{plan.run}"
    html = render(page(results), results)
    for name, data in table_files(results).items():
        store.put(f"{folder}/{name}", data)
    store.put(f"{folder}/index.html", html.encode())
    return f"{store.url}/{folder}/index.html"
