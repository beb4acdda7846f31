"""A sweep's first section: the best two trials on fresh seeds; and the sentence above all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ganray.report.comparing.cautions import weak_ruler
from ganray.report.page import (
    Block,
    Code,
    Details,
    Finding,
    Key,
    Mark,
    Paragraph,
    Section,
    Strip,
)
from ganray.report.reading.results import Results
from ganray.sweeps.confirmation import confirmed, winner
from ganray.sweeps.settings import judged_by
from ganray.sweeps.trials import Trial
from ganray.text.study_yaml import dump
from ganray.text.wording import interval, number


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
