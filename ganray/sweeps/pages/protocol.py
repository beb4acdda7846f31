"""A sweep's last section: how trials were trained, judged and chosen between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ganray.plan.classes import class_index
from ganray.report.page import Block, Code, Column, Details, Paragraph, Section, Strip, Table
from ganray.report.reading.results import Results
from ganray.report.sections.provenance.protocol import data_line, field_text, versions_table
from ganray.text.study_yaml import dump
from ganray.text.urls import text_without_secrets
from ganray.text.wording import listed


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
        "each of its rungs: each is compared with those that were judged there before it, in the "
        "order of their coming, or of their numbers where trials share cohorts.",
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
