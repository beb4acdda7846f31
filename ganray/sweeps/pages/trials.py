"""A sweep's trials as pictures and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ganray.report.page import Block, Column, Figure, Gallery, Paragraph, Section, Strip, Table
from ganray.report.reading.results import Results
from ganray.scores import ScoreName
from ganray.sweeps.pages.figures import TrialCurve, parallel_coordinates, trial_curves
from ganray.sweeps.settings import judged_by
from ganray.sweeps.trials import Trial, ranked
from ganray.text.wording import number


def trials_section(results: Results, trials: Sequence[Trial]) -> Section:
    """Every trial: its curve, its settings, and what it failed of."""
    sweep = results.plan.settings["sweep"]
    name = judged_by(results.plan.settings)
    metric, lines = name.title, _lines(trials, name)
    fields = {path: domain.get("log_uniform") is not None for path, domain in sweep["over"].items()}
    curves = trial_curves(lines, metric, f"{metric} of every trial against its iterations")
    settings = parallel_coordinates(
        lines, fields, metric, f"Settings of every trial and their {metric}"
    )
    blocks: list[Block] = [
        Paragraph(
            f"Each trial’s {metric} ({name.better} is better) at every rung. In colour the best "
            "that was trained to the end, in black the second; dashed lines were stopped early, "
            "dotted ones failed. Vertical scales are logarithmic where values differ much. "
            "Settings are those that a trial’s last score was made with"
            + _changing(trials, list(fields))
        ),
        Gallery([Figure([curves], "")], "sheet"),
        Gallery([Figure([settings], "")], "sheet", "Settings"),
        _table(trials, list(fields), name),
    ]
    moves = _moves(trials)
    return Section("Trials", "trials", blocks + ([moves] if moves else []))


def _changing(trials: Sequence[Trial], fields: Sequence[str]) -> str:
    """How the table tells of settings that population-based training changed on the way."""
    if not any(len(one.settings(name)) > 1 for one in trials for name in fields):
        return "."
    return ", in the table behind those that its GANs began with: first → last."


def _table(trials: Sequence[Trial], fields: list[str], name: ScoreName) -> Table:
    rows: list[list[str | Strip]] = [
        [
            _label(one),
            *(_first_and_last(one.settings(name)) for name in fields),
            f"{one.points[-1].iterations:,}" if one.points else "0",
            number(one.value),
            one.state + (f": {one.why}" if one.why else ""),
        ]
        for one in ranked(trials, name.better)
    ]
    columns = [
        Column("trial"),
        *(Column(name, numeric=True) for name in fields),
        Column("iterations", numeric=True),
        Column(name.title, numeric=True),
        Column("ended"),
    ]
    caption = "All trials, the best first"
    if {one.state for one in trials} - {"finished"}:
        caption += "; behind those that were trained to the end the others, likewise"
    return Table(caption, columns, rows)


def _moves(trials: Sequence[Trial]) -> Table | None:
    """What population-based training took over and changed."""
    names = {one.name: _label(one) for one in trials}
    rows: list[list[str | Strip]] = [
        [
            _label(one),
            f"{move.iterations:,}",
            names.get(move.donor, move.donor),
            ", ".join(f"{name} {_value(value)}" for name, value in move.values.items()),
        ]
        for one in trials
        for move in one.moves
    ]
    columns = [
        Column("trial"),
        Column("after iterations", numeric=True),
        Column("took over"),
        Column("and changed"),
    ]
    return Table("The population’s moves", columns, rows) if rows else None


def _lines(trials: Sequence[Trial], name: ScoreName) -> list[TrialCurve]:
    arrived = [one for one in ranked(trials, name.better) if one.state == "finished" and one.points]
    ranks = {one.name: rank for rank, one in enumerate(arrived)}
    return [
        TrialCurve(
            _label(one),
            ranks.get(one.name),
            [(point.iterations, point.value) for point in one.points],
            {name: one.settings(name)[-1] for name in one.values},
            one.state,
        )
        for one in trials
    ]


def _label(trial: Trial) -> str:
    return f"trial {trial.number}"


def _first_and_last(values: Sequence[Any]) -> str:
    return " → ".join(_value(value) for value in dict.fromkeys((values[0], values[-1])))


def _value(value: Any) -> str:
    if value is None:
        return "none"
    return number(value) if isinstance(value, float) else str(value)
