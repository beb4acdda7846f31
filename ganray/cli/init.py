"""`ganray init`."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated

import typer

from ganray.cli.options import JsonOption, local_path, speak
from ganray.errors import RefusedInput, quoted
from ganray.spec import RUN_NAME, unknown_name

if TYPE_CHECKING:
    from ganray.studies.families import Family


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(init)


def init(
    name: Annotated[str, typer.Argument(help="Name of the study, or of its file.")] = "study",
    study: Annotated[
        str,
        typer.Option("--study", help="Which one: marginal_vs_joint, budget_curve, rivals …"),
    ] = "marginal_vs_joint",
    model: Annotated[
        str | None,
        typer.Option("--model", help="A family, as `ganray models` lists them, as published."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a commented study file NAME.yaml, ready to run on digits that come with ganray."""
    path = local_path("name", name if name.endswith((".yaml", ".yml")) else f"{name}.yaml")
    if not re.fullmatch(RUN_NAME, path.stem):
        raise RefusedInput(
            f"name (={quoted(name)}) must begin with a small letter or a digit and go on with up "
            "to 63 of these, '.', '-' and '_'"
        )
    text = _example(study)
    if model is not None:
        text = _with_family(text, model)
    text = text.replace("{name}", path.stem)
    try:
        with path.open("x") as target:
            target.write(text)
    except FileExistsError:
        raise RefusedInput(
            f"{path} exists already; choose another name or delete it first"
        ) from None
    except OSError as error:
        raise RefusedInput(f"{path} cannot be written: {error.strerror}") from None
    speak(as_json, {"study": str(path)}, f"wrote {path}; next: ganray run {path}")


def _example(study: str) -> str:
    """The study file that comes with a study; importing the studies would take seconds."""
    known = {f.name.removesuffix(".yaml"): f for f in files("ganray.studies").iterdir()
             if f.name.endswith(".yaml")}  # fmt: skip
    if study not in known:
        raise RefusedInput(f"--study: {unknown_name(study, list(known))}")
    return known[study].read_text()


def _with_family(text: str, name: str) -> str:
    """The example with a family's groups in place of its own.

    One that is told labels cannot be trained on one class: it is a rival of the example's GANs. One
    whose images are made of images is a side of the study of these.
    """
    from ganray.studies.families import family

    chosen = family(name, "--model")
    if not chosen.told_labels:
        return _replaced(text, ("model", "train"), chosen.text)
    study, sides = _as_side(chosen)
    about = [line for line in chosen.text.splitlines() if line.startswith("#")]
    groups = [line for line in chosen.text.splitlines() if not line.startswith("#")]
    side = [*about, f"{sides}:", f"  - name: {name}", *(f"    {line}" for line in groups)]
    text = _replaced(_example(study), (sides,), "\n".join(side))
    if chosen.train.together:  # pairs are to be there
        text = text.replace("\n  apart: true", "")
    return _replaced(text, ("budget",), _BUDGET)


def _as_side(chosen: Family) -> tuple[str, str]:
    """The study that a family is a side of, and the group of its sides."""
    if not chosen.model.of_images:
        return "rivals", "rivals"
    return ("translation", "translators") if chosen.model.translates else ("siblings", "modnets")


_BUDGET = """\
budget:
  iterations: 360          # of each GAN; flops, per: side would be equal compute
"""


def _replaced(text: str, groups: tuple[str, ...], by: str) -> str:
    """A study file with other lines where some of its groups are."""
    kept, inside, done = [], False, False
    for line in text.splitlines():
        if line and not line[0].isspace():
            inside = line.partition(":")[0] in groups
            if inside and not done:
                kept.append(f"{by.rstrip()}\n")
                done = True
        if not inside:
            kept.append(line)
    return "\n".join(kept) + "\n"
