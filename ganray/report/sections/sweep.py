"""A sweep's sections: the confirmation, the trials as pictures and as a table, and the protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from ganray.metrics.score import better
from ganray.pipeline.trials import Trial
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
from ganray.report.results import Results
from ganray.report.sections.protocol import data_line, field_text, versions_table
from ganray.report.trial_figures import Line, parallel_coordinates, trial_curves
from ganray.report.wording import interval, metric_name, number, without_credentials


def sweep_lead(results: Results, trials: Sequence[Trial]) -> str:
    """What was found, in a sentence or two."""
    arrived, failed = _count(trials, "finished"), _count(trials, "failed")
    early = _count(trials, "stopped early")
    parts = [f"{arrived} trained to the end"]
    parts += [f"{early} stopped early"] if early else []
    parts += [f"{failed} failed"] if failed else []
    said = f"Of {len(trials)} trials, {', '.join(parts)}."
    evidence = _evidence(results)
    return f"{said} {_conclusion(evidence)}" if evidence else f"{said} Nothing is confirmed yet."


def confirmation_section(results: Results) -> Section | None:
    """The best two on fresh seeds; None where no trial came so far."""
    evidence = _evidence(results)
    if evidence is None:
        return None
    spec = results.plan.roles["spec"].removesuffix("/whole")
    metric, candidates = evidence["metric"], evidence["candidates"]
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
        metric_name(metric),
        _conclusion(evidence),
        _numbers(evidence),
        Strip(marks),
        f"trial {chosen['trial']}",
    )
    names = {mark.label: mark.tone for mark in marks}
    settings = yaml.safe_dump({name: chosen[name] for name in ("model", "train")}, sort_keys=False)
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
    return Section("Confirmation on fresh seeds", "confirmation", blocks)


def trials_section(results: Results, trials: Sequence[Trial]) -> Section:
    """Every trial: its curve, its settings, and what it failed of."""
    sweep = results.plan.settings["sweep"]
    metric = metric_name(sweep["metric"])
    lines = _lines(trials, sweep["metric"])
    fields = {path: domain.get("log_uniform") is not None for path, domain in sweep["over"].items()}
    direction = better(sweep["metric"])
    curves = trial_curves(lines, metric, f"{metric} of every trial against its iterations")
    settings = parallel_coordinates(
        lines, fields, metric, f"Settings of every trial and their {metric}"
    )
    blocks: list[Block] = [
        Paragraph(
            f"Each trial’s {metric} ({direction} is better) at every rung. In colour the best "
            "that was trained to the end, in black the second; dashed lines were stopped early, "
            "dotted ones failed. Vertical scales are logarithmic where values differ much."
        ),
        Gallery([Figure([curves], "")], "sheet"),
        Gallery([Figure([settings], "")], "sheet", "Settings"),
        _table(trials, list(fields), sweep["metric"], lines),
    ]
    moves = _moves(trials)
    return Section("Trials", "trials", blocks + ([moves] if moves else []))


def sweep_protocol_section(results: Results, steps: Sequence[int]) -> Section:
    """How trials were trained, judged and chosen between."""
    settings = yaml.safe_dump(results.plan.settings, sort_keys=False, allow_unicode=True)
    blocks: list[Block] = [
        Paragraph(data_line(results)),
        *(Paragraph(text) for text in _rules(results.plan.settings, steps)),
        _protocols(results),
        versions_table(results),
        Details("Settings of the sweep", [Code(without_credentials(settings))]),
    ]
    return Section("Protocol and versions", "protocol", blocks)


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


def _table(trials: Sequence[Trial], fields: list[str], metric: str, lines: list[Line]) -> Table:
    order = {line.label: line.rank for line in lines}
    ranked = sorted(
        trials,
        key=lambda one: (order[_label(one)] is None, order[_label(one)] or 0, one.number),
    )
    rows: list[list[str | Strip]] = [
        [
            _label(one),
            *(_value(one.values.get(name)) for name in fields),
            f"{one.points[-1].iterations:,}" if one.points else "0",
            number(one.value),
            one.state + (f": {one.why}" if one.why else ""),
        ]
        for one in ranked
    ]
    columns = [
        Column("trial"),
        *(Column(name, numeric=True) for name in fields),
        Column("iterations", numeric=True),
        Column(metric_name(metric), numeric=True),
        Column("ended"),
    ]
    return Table("All trials, the best first", columns, rows)


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


def _lines(trials: Sequence[Trial], metric: str) -> list[Line]:
    sign = 1.0 if better(metric) == "lower" else -1.0
    arrived = [one for one in trials if one.state == "finished" and one.points]
    arrived.sort(key=lambda one: (sign * one.points[-1].value, one.number))
    ranks = {one.name: rank for rank, one in enumerate(arrived)}
    return [
        Line(
            _label(one),
            ranks.get(one.name),
            [(point.iterations, point.value) for point in one.points],
            one.values,
            one.state,
        )
        for one in trials
    ]


def _label(trial: Trial) -> str:
    return f"trial {trial.number}"


def _value(value: Any) -> str:
    if value is None:
        return "none"
    return number(value) if isinstance(value, float) else str(value)


def _count(trials: Sequence[Trial], state: str) -> int:
    return sum(one.state == state for one in trials)


def _evidence(results: Results) -> dict[str, Any] | None:
    return results.result("spec").get("evidence")


def _conclusion(evidence: dict[str, Any]) -> str:
    candidates, chosen = evidence["candidates"], evidence["chosen"]
    name = f"trial {candidates[chosen]['trial']}"
    if len(candidates) == 1:
        return f"On fresh seeds {name} stands alone: no other was trained to the end."
    rival = f"trial {candidates[1 - chosen]['trial']}"
    sure = evidence["comparison"]["verdict"] in ("lower", "higher")
    turned = " The sweep had them the other way round." if chosen else ""
    if sure:
        return f"On fresh seeds {name} is better than {rival}.{turned}"
    return (
        f"On fresh seeds {name} has the better mean, but its difference from {rival} may be "
        f"chance.{turned}"
    )


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
