"""How each GAN's losses went."""

from __future__ import annotations

from ganray.report.figures import ACCENT, INK, curves
from ganray.report.page import Block, Figure, Gallery, Paragraph, Section
from ganray.report.results import Results
from ganray.roles import Gan

_COLOURS = {"generator_loss": INK, "critic_loss": ACCENT}


def losses_section(results: Results) -> Section:
    """One panel for each partition of the classes, its replicates on top of each other."""
    panels: dict[tuple[str, str], list[Gan]] = {}
    for gan in results.gans:
        panels.setdefault((gan.side, gan.label), []).append(gan)
    blocks: list[Block] = [
        Paragraph(
            "Critic loss (in colour, gradient penalty included) and generator loss (grey) of "
            "every replicate; each point is a mean over an equal span of iterations. Scales "
            "differ from panel to panel."
        ),
        Gallery([_panel(results, gans) for gans in panels.values()], "panels"),
    ]
    return Section("Losses", "losses", blocks)


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
    picture = curves(histories, _COLOURS, f"Losses of {title}; at the end: {ends}")
    missing = len(gans) - len(histories)
    lines = [f"{missing} of {len(gans)} replicates not trained"] if missing else []
    return Figure([picture], title, lines)
