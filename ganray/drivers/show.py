"""`ganray data show`: what a source holds, told and drawn."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ganray.data.pictures.files import write_file
from ganray.data.rows import Rows
from ganray.data.showing.look import Look, Showing, looked
from ganray.data.spec import EMBEDDED, DatasetSpec
from ganray.drivers.showing.look_text import look_text
from ganray.errors import RefusedInput
from ganray.report.drawing.contact_sheet import Shown, contact_sheet, numbered, shown
from ganray.report.look_page import FIRST, LAST, look_page, said_of_pictures
from ganray.report.looked import some_classes
from ganray.report.render import render_alone
from ganray.studies.reading import as_written
from ganray.text.study_yaml import dump
from ganray.text.urls import is_url


def show(
    spec: DatasetSpec,
    to: str | None = None,
    duplicates: bool | None = None,
    showing: Showing = lambda _: nullcontext(),
) -> tuple[dict[str, Any], str]:
    """What a source holds, as values and as text for people.

    Args:
        to: folder or URL in which `sheet.png` and `index.html` are written.
        duplicates: as of `looked`.
        showing: as of `looked`.

    Raises:
        RefusedInput: as `looked`; or `to` cannot be written.
    """
    look, rows = looked(spec, duplicates, showing)
    settings = settings_lines(spec, look)
    values = {**_as_values(look), "lines": settings}
    text = look_text(look, settings)
    if to is None:
        return values, text
    names, why = _drawn(look, rows, settings, to)
    written = [f"{to.rstrip('/')}/{name}" for name in names]
    lines = [*written, *([f"No images are drawn: {why}"] if why else [])]
    return {**values, "files": written}, "\n".join([text, "", *lines])


def settings_lines(spec: DatasetSpec, look: Look) -> str:
    """Lines of a study file by which a source fits that does not without; else nothing."""
    if not look.settings or not look.fits:
        return ""
    values = as_written(spec) | as_written(look.settings)
    source = values["source"]
    values["source"] = _whole(source) if isinstance(source, str) else [*map(_whole, source)]
    usual = {"format": "auto"}
    values = {name: value for name, value in values.items() if value != usual.get(name)}
    text = dump({"data": values})
    return text.replace("fit: crop\n", "fit: crop  # or pad, or stretch\n")


def _whole(source: str) -> str:
    """As it is named from everywhere."""
    return source if source == EMBEDDED or is_url(source) else str(Path(source).absolute())


def _as_values(look: Look) -> dict[str, Any]:
    """As JSON has it."""
    values = asdict(look)
    values["shapes"] = [{"shape": shape, "images": n} for shape, n in look.shapes.items()]
    values["images"] = look.images
    if look.repeats is not None:
        within = {split: {"repeat": extra, "of": of}
                  for split, (extra, of) in look.repeats.within.items()}  # fmt: skip
        across = [{"images_of": one, "are_in": other, "images": count}
                  for (one, other), count in look.repeats.across.items()]  # fmt: skip
        values["repeats"] = {"within": within, "across": across}
    return values


def _drawn(look: Look, rows: Rows | None, settings: str, to: str) -> tuple[list[str], str]:
    """Names of the files that were written, and why there are no images in them."""
    classes = some_classes(len(look.class_names), FIRST, LAST)
    images: Shown = {}
    why = "" if rows is not None else "none can be read"
    try:
        images = shown(rows, classes) if rows is not None else {}
    except RefusedInput as error:
        why = str(error)
    called = {k: look.class_names[k] for k in classes}
    page = look_page(look, images, classes, settings, numbered(called) if images else ())
    html = render_alone(page, look.source, "from the images themselves.")
    names = [write_file(html.encode(), to, "index.html")]
    if images:
        below = said_of_pictures(look, images, classes)
        sheet = contact_sheet(images, called, look.name, below)
        names.append(write_file(sheet, to, "sheet.png"))
    return names, why
