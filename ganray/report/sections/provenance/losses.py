"""How each GAN's losses went."""

from __future__ import annotations

from ganray.plan.parameters import TrainParameters
from ganray.plan.roles import Gan
from ganray.report.drawing.figures import ACCENT, FAINT, INK, curves
from ganray.report.page import Block, Figure, Gallery, Paragraph, Section
from ganray.report.reading.results import Results
from ganray.train.spec import TrainSpec

_INKS = (("in colour", ACCENT), ("grey", INK), ("faint", FAINT))
"""The lines of an algorithm's steps, in their order."""


def losses_section(results: Results) -> Section:
    """One panel for each partition of the classes, its replicates on top of each other."""
    panels: dict[tuple[str, str], list[Gan]] = {}
    for gan in results.gans:
        panels.setdefault((gan.side, gan.label), []).append(gan)
    blocks: list[Block] = [
        Paragraph(
            f"{_key(results)} of every replicate; each point is a mean over an equal span of "
            "iterations. Scales differ from panel to panel."
        ),
        Gallery([_panel(results, gans) for gans in panels.values()], "panels"),
    ]
    return Section("Losses", "losses", blocks)


def _key(results: Results) -> str:
    """Which loss is drawn how."""
    drawn = zip(_training(results.gans[0]).steps() if results.gans else (), _INKS, strict=False)
    parts = [
        f"{step.name} loss ({ink}{f', {step.note}' if step.note else ''})"
        for step, (ink, _) in drawn
    ]
    text = " and ".join(parts)
    return text[:1].upper() + text[1:]


def _training(gan: Gan) -> TrainSpec:
    return TrainParameters.of(gan.task).train


def _panel(results: Results, gans: list[Gan]) -> Figure:
    histories = [history for gan in gans if (history := results.history(gan.role)) is not None]
    title = gans[0].name
    if not histories:
        return Figure([], title, ["not trained"])
    ends = ", ".join(
        f"{name.replace('_', ' ')} {float(values[-1]):.3g}"
        for name, values in histories[0].items()
        if name != "iteration" and len(values)
    )
    drawn = zip(_training(gans[0]).losses, _INKS, strict=False)
    colours = {name: colour for name, (_, colour) in drawn}
    picture = curves(histories, colours, f"Losses of {title}; at the end: {ends}")
    missing = len(gans) - len(histories)
    lines = [f"{missing} of {len(gans)} replicates not trained"] if missing else []
    return Figure([picture], title, lines)
