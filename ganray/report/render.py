"""From a page to one self-contained HTML file: no script, and nothing fetched from anywhere."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import jinja2

from ganray._version import __version__
from ganray.report.page import Page
from ganray.report.reading.results import Results

_FOLDER = files("ganray.report")


_OF_A_RUN = (
    "from stored results alone. The same numbers lie beside this file as scores, search and tasks, "
    "in CSV and Parquet."
)


def render(page: Page, results: Results) -> str:
    """The page as HTML; what is missing of the run is named at its top."""
    return _filled(
        page,
        problems=results.problems,
        done=len(results.manifests),
        planned=len(results.plan.tasks),
        run=results.plan.run,
        footer=_OF_A_RUN,
    )


def render_alone(page: Page, run: str, footer: str) -> str:
    """A page that is no run's as HTML.

    Args:
        run: what stands beside its subject in the place of a run's name.
        footer: what it was written from, after "Written by ganray".
    """
    return _filled(page, problems=[], done=0, planned=0, run=run, footer=footer)


def _filled(page: Page, **values: Any) -> str:
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.from_string(_FOLDER.joinpath("report.html.j2").read_text("utf-8"))
    text = template.render(
        page=page,
        css=_FOLDER.joinpath("report.css").read_text("utf-8"),
        version=__version__,
        **values,
    )
    return text.lstrip()  # the macros' own lines stand before the document
