"""A sweep's sections: the confirmation, the trials as pictures and as a table, and the protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ganray.plan.classes import class_index
from ganray.report.comparing.cautions import weak_ruler
from ganray.report.page import (
    Block,
    Code,
    Column,
    Details,
    Figure,
    Finding,
    Gallery,
    Key,
    Mark,
    Paragraph,
    Section,
    Strip,
    Table,
)
from ganray.report.reading.results import Results
from ganray.report.sections.provenance.protocol import data_line, field_text, versions_table
from ganray.scores import ScoreName
from ganray.sweeps.confirmation import confirmed, winner
from ganray.sweeps.settings import judged_by
from ganray.sweeps.trial_figures import TrialCurve, parallel_coordinates, trial_curves
from ganray.sweeps.trials import Trial, ranked
from ganray.text.study_yaml import dump
from ganray.text.urls import text_without_secrets
from ganray.text.wording import interval, listed, number


def sweep_lead(results: Results, trials: Sequence[Trial]) -> str:
    """What was found, in a sentence or two."""
    arrived, failed = _count(trials, "finished"), _count(trials, "failed")
    early, running = _count(trials, "stopped early"), _count(trials, "running")
    parts = [f"{arrived} trained to the end"]
    parts += [f"{early} stopped early"] if early else []
    parts += [f"{failed} failed"] if failed else []
    parts += [f"{running} not ended yet"] if running else []
    said = f"Of {len(trials)} trials, {', '.join(parts)}."
    evidence = _evidence(results)
    found = confirmed(evidence) if evidence else "Nothing is confirmed yet."
    warning = weak_ruler(results).partition(". ")[0]
    return f"{said} {found}" + (f" {warning}." if warning else "")


def confirmation_section(results: Results) -> Section | None:
    """The best two on fresh seeds; None where no trial came so far."""
    evidence = _evidence(results)
    if evidence is None:
        return None
    spec = results.plan.roles["spec"].removesuffix("/whole")
    name, candidates = judged_by(results.plan.settings), evidence["candidates"]
    marks = [
        Mark(
            f"trial {one['trial']}",
            one["interval"]["mean"],
            "accent" if index == evidence["chosen"] else "ink",
            one["interval"]["low"],
            one["interval"]["high"],
        )
        for index, one in enumerate(candidates)
    ]
    chosen = candidates[evidence["chosen"]]
    finding = Finding(
        name.title,
        confirmed(evidence),
        _numbers(evidence),
        Strip(marks),
        f"{better_one} better" if (better_one := winner(evidence)) else None,
    )
    names = {mark.label: mark.tone for mark in marks}
    settings = dump({name: chosen[name] for name in ("model", "train")})
    blocks: list[Block] = [
        Key(names),
        finding,
        Paragraph(
            "A sweep’s best value is flattered by having been chosen. The best two were therefore "
            "trained anew on seeds, and measured with latent vectors, that no trial had used; "
            "training and interval are as independent as the seeds. The held-out images that they "
            "are compared with are those of the sweep.",
            note=True,
        ),
        Paragraph(f"A study takes these settings with train: {{from: {spec}}} and model the same."),
        Details("The settings that were chosen", [Code(settings)]),
    ]
    if warning := weak_ruler(results):
        blocks.insert(2, Paragraph(warning))
    return Section("Confirmation on fresh seeds", "confirmation", blocks)


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


def sweep_protocol_section(results: Results, steps: Sequence[int]) -> Section:
    """How trials were trained, judged and chosen between."""
    settings = dump(results.plan.settings)
    blocks: list[Block] = [
        Paragraph(data_line(results) + _of_some(results)),
        *(Paragraph(text) for text in _rules(results.plan.settings, steps)),
        _protocols(results),
        versions_table(results),
        Details("Settings of the sweep", [Code(text_without_secrets(settings))]),
    ]
    return Section("Protocol and versions", "protocol", blocks)


def _of_some(results: Results) -> str:
    """Which classes a sweep is of, where it is not all."""
    chosen, names = results.plan.settings["sweep"]["classes"], results.class_names
    if chosen == "all" or len(chosen) == len(names):
        return ""
    these = listed([names[index] for index in sorted(class_index(one, names) for one in chosen)])
    return (
        f" The sweep is of {these} alone: its GANs, the held-out images that they are compared "
        "with, and the classifier’s probabilities."
    )


def _rules(settings: dict[str, Any], steps: Sequence[int]) -> list[str]:
    sweep, budget = settings["sweep"], settings["budget"]["iterations"]
    sides = {
        "joint": f"Each trial trains one GAN on its classes for {budget:,} iterations.",
        "marginal": f"Each trial trains one GAN for each of its k classes, each for a k-th of "
        f"{budget:,} iterations, so that a trial costs what one joint GAN costs.",
        "both": f"Each trial trains one GAN on all of its classes for {budget:,} iterations, and "
        "one for each of its k classes for a k-th of these: equal compute on both sides. Its "
        "objective is the mean of both sides’ values.",
    }
    early = {
        "none": "No trial is stopped early.",
        "asha": f"ASHA (arXiv 1810.05934) lets about one in {sweep['reduction']} trials go on at "
        "each of its rungs; which one it is depends on who arrives first.",
        "pbt": "Population-based training (arXiv 1711.09846): at each rung the worst quarter takes "
        "over the GANs of the best quarter and changes their settings. The winner is a schedule, "
        "which trains the same GAN from the start to the last bit.",
    }
    rungs = ", ".join(f"{step:,}" for step in steps)
    return [
        sides[sweep["side"]] + f" It is measured after {rungs} iterations.",
        "All trials share one training seed and, where their latent vectors are of one size, one "
        "set of them, so that they differ in their settings alone. Scores compare samples with the "
        "held-out images of the same classes; the test split has no part in any choice, and "
        "networks that were trained here to judge have seen the training split alone.",
        early[sweep["scheduler"]]
        + " A trial that failed is listed with its reason and cannot win; one that was stopped "
        "early cannot either.",
    ]


def _protocols(results: Results) -> Table:
    sides = results.result("objective/0/1").get("sides", {})
    protocols = {side: score["protocol"] for side, score in sides.items()}
    fields: dict[str, Any] = next(iter(protocols.values()), {})
    rows: list[list[str | Strip]] = [
        [name.replace("_", " "), *(field_text(p[name]) for p in protocols.values())]
        for name in fields
    ]
    return Table("How each side is scored", [Column("field"), *map(Column, protocols)], rows)


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


def _count(trials: Sequence[Trial], state: str) -> int:
    return sum(one.state == state for one in trials)


def _evidence(results: Results) -> dict[str, Any] | None:
    return results.result("spec").get("evidence")


def _numbers(evidence: dict[str, Any]) -> str:
    means = "; ".join(
        f"trial {one['trial']}: {number(one['interval']['mean'])} "
        f"{interval(one['interval']['low'], one['interval']['high'])} on "
        f"{one['interval']['n']} seeds, {number(one['value'])} in the sweep"
        for one in evidence["candidates"]
    )
    found = evidence["comparison"]
    if found is None:
        return f"{means}."
    first, second = (one["trial"] for one in evidence["candidates"])
    return (
        f"{means}. Trial {first} less trial {second}: {number(found['difference'])} "
        f"{interval(found['low'], found['high'])}, {found['confidence']:.0%} Welch interval."
    )
