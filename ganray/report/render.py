"""From a page to one self-contained HTML file: no script, and nothing fetched from anywhere."""

from __future__ import annotations

from importlib.resources import files

import jinja2

from ganray._version import __version__
from ganray.report.page import Page
from ganray.report.results import Results

_FOLDER = files("ganray.report")


def render(page: Page, results: Results) -> str:
    """The page as HTML; what is missing of the run is named at its top."""
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
        problems=results.problems,
        done=len(results.manifests),
        planned=len(results.plan.tasks),
        run=results.plan.run,
        version=__version__,
    )
    return text.lstrip()  # the macros' own lines stand before the document
