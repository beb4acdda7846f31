"""What was expected of a run before it began, beside what it took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ganray.cost.spending import Cost, spent
from ganray.errors import GanrayError
from ganray.plan import Resources, Task
from ganray.report.page import Block, Column, Paragraph, Table
from ganray.report.reading.results import Results
from ganray.runs.forecasts.foretold import foretold
from ganray.spec import parse
from ganray.text.wording import duration

_HOUR = 3600.0
_CENT = 0.01
_CAPTION = "Estimated before the run began, and actual"
_NOTE = (
    "Estimated is the time of one worker for each task that was to be done then and is finished, "
    "by operations and a timing of this plan’s networks; actual is that of the workers that did "
    "it, shards and resumed attempts included. Ratio: actual ÷ estimated."
)


@dataclass(frozen=True)
class _Rates:
    """What an hour of a worker costs."""

    cost: Cost
    resources: Resources

    @classmethod
    def of(cls, results: Results) -> _Rates:
        """By the prices and resources of the study, as its run was first given."""
        settings = results.plan.settings
        return cls(
            parse(Cost, settings.get("cost", {}), "cost"),
            parse(Resources, settings.get("resources", {}), "resources"),
        )

    @property
    def named(self) -> bool:
        return bool(self.cost.prices.cpu_hour or self.cost.prices.gpu_hour)

    def price(self, task: Task, seconds: float) -> float:
        hours, own = seconds / _HOUR, self.resources
        cpus, gpus = (own.num_cpus, own.num_gpus) if task.trains else (1.0, 0.0)
        return self.cost.of(hours * cpus, hours * gpus)


def estimated_blocks(results: Results) -> list[Block]:
    """A table with a row for each kind of task, and what workers held; nothing where no estimate
    was kept."""
    try:
        told, rates = foretold(results.store, results.plan), _Rates.of(results)
        held = spent(results.store, results.plan.run)
    except GanrayError as error:
        return [Paragraph(f"What was estimated before the run cannot be read: {error}", note=True)]
    tasks = [t for t in results.plan.tasks if t.address in told and t.address in results.seconds]
    if not tasks:
        return []
    blocks: list[Block] = [_table(tasks, told, results.seconds, rates), Paragraph(_NOTE, note=True)]
    if held.cpu_seconds or held.gpu_seconds:
        said = (
            f"Workers with a task held {held.cpu_seconds / _HOUR:.3g} CPU-hours and "
            f"{held.gpu_seconds / _HOUR:.3g} GPU-hours in all"
        )
        price = f", {held.price(rates.cost):.3g} {rates.cost.currency}" if rates.named else ""
        blocks.append(Paragraph(f"{said}{price}."))
    return blocks


def _table(
    tasks: Sequence[Task], told: dict[str, float], took: dict[str, float], rates: _Rates
) -> Table:
    kinds: dict[str, list[Task]] = {}
    for task in tasks:
        kinds.setdefault(task.kind, []).append(task)
    columns = ["tasks", "estimated", "actual", "ratio"]
    if rates.named:
        columns += [f"estimated, {rates.cost.currency}", f"actual, {rates.cost.currency}"]

    def row(name: str, own: Sequence[Task]) -> list[str]:
        before, after = (sum(times[task.address] for task in own) for times in (told, took))
        ratio = f"{after / before:.2f}" if before else "–"
        cells = [name, str(len(own)), duration(before), duration(after), ratio]
        if rates.named:
            for times in (told, took):
                price = sum(rates.price(task, times[task.address]) for task in own)
                cells.append(f"{price:,.2f}" if price >= _CENT or not price else "under 0.01")
        return cells

    rows = [row(kind, own) for kind, own in kinds.items()]
    heads = [Column("kind"), *(Column(name, numeric=True) for name in columns)]
    return Table(_CAPTION, heads, [list(one) for one in (*rows, row("all", tasks))])
