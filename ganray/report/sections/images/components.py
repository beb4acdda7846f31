"""AdaGAN's components: what the mixture lacked before each, and which images it was to learn."""

from __future__ import annotations

from collections.abc import Sequence

from ganray.plan import Task
from ganray.plan.parameters import ReweightParameters
from ganray.report.drawing.figures import image_grid
from ganray.report.page import Block, Column, Figure, Gallery, Paragraph, Section, Strip, Table
from ganray.report.reading.results import Results
from ganray.text.wording import number

_CLASSES = 20  # in a column each, at most
_SURE = 0.99  # of images told apart, beyond which weights say little
_COLUMNS = 8  # images in a row of those that weigh most and least


def components_section(results: Results) -> Section | None:
    """How each component of the first replicate was weighted; None where none is."""
    tasks = weighings(results)
    if not tasks:
        return None
    blocks: list[Block] = [Paragraph(_INTRO), _table(results, tasks)]
    names = results.names(results.covered)[:_CLASSES]
    if len(names) > 1:
        blocks.append(_by_class(results, tasks, names))
    if any(results.result(task).get("told_apart", 0.0) > _SURE for task in tasks.values()):
        blocks.append(Paragraph(_TOO_SURE))
    for component, task in tasks.items():
        blocks += _pictures(results, component, task)
    return Section("Components", "components", blocks)


_INTRO = (
    "Each component after the first is trained on images drawn by weights: a classifier that has "
    "learnt to tell real training images from images of the mixture so far says how much the "
    "mixture lacks each of them. Shown is the first replicate."
)


_TOO_SURE = (
    "The classifier tells nearly all images apart: to it the mixture lacks every training image "
    "alike, so that their weights are equal and the components hardly differ from GANs of all "
    "images. Components that are trained for longer, or a classifier that learns less "
    "(discriminator.learning_rate), would let weights differ."
)


def weighings(results: Results) -> dict[str, Task]:
    """The tasks that weigh the images of the first replicate, by their components' names."""
    gans = [gan for gan in results.gans if gan.replicate == 0 and "weights" in gan.task.inputs]
    by_address = results.plan.by_address
    return {gan.label: by_address[gan.task.inputs["weights"]] for gan in gans}


def _table(results: Results, tasks: dict[str, Task]) -> Table:
    rows: list[list[str | Strip]] = []
    for component, task in tasks.items():
        found = results.result(task)
        cells = ["not there yet", *["–"] * 4]
        if found:
            cells = [
                f"{found['kept']:,} of {found['images']:,}",
                f"{found['effective']:,.0f}",
                f"{100 * found['told_apart']:.1f}%",
                f"{100 * found['held_out_real']:.1f}%",
            ]
        rows.append([component, number(ReweightParameters.of(task).beta), *cells[:4]])
    columns = ["share on joining", "images with a weight", "effective number of images"]
    columns += ["told apart from the mixture", "held-out images taken for real"]
    return Table(
        "Weights of training images",
        [Column("component"), *(Column(name, numeric=True) for name in columns)],
        rows,
    )


def _by_class(results: Results, tasks: dict[str, Task], names: Sequence[str]) -> Table:
    rows: list[list[str | Strip]] = []
    for component, task in tasks.items():
        told = results.result(task).get("by_class", {})
        rows.append([component, *(number(told[n]) if n in told else "–" for n in names)])
    return Table(
        "Mean weight of each class’s images; 1: as in the data",
        [Column("component"), *(Column(name, numeric=True) for name in names)],
        rows,
    )


def _pictures(results: Results, component: str, task: Task) -> list[Block]:
    stored = results.arrays(task, "weights.safetensors")
    if stored is None:
        return []
    figures = [
        Figure([image_grid(stored[name], _COLUMNS, f"images that weigh {name}")], title)
        for name, title in (("most", "the most"), ("least", "the least"))
    ]
    return [Gallery(figures, "triptych", f"Training images that weigh most and least: {component}")]
