"""What the run cost: images seen, FLOPs, seconds, hosts and attempts, and what was expected."""

from __future__ import annotations

from collections.abc import Sequence

from ganray.report.comparing.equality import equality
from ganray.report.page import Block, Column, Details, Paragraph, Section, Table
from ganray.report.reading.results import Results
from ganray.report.sections.provenance.estimated import estimated_blocks
from ganray.report.tables import TableRow, task_rows
from ganray.text.wording import duration, quantity


def compute_section(results: Results) -> Section:
    """A table for each side, for each GAN, where there are any, and for each kind of task."""
    rows = task_rows(results)
    if not results.gans:
        return Section("Compute", "compute", [_by_kind(rows), *estimated_blocks(results)])
    blocks: list[Block] = [
        *([Paragraph(said)] if (said := equality(results)) else []),
        _by_side(results, rows),
        _by_kind(rows),
        *estimated_blocks(results),
        Details("Every GAN", [_by_gan(results, rows)]),
    ]
    blocks.append(Paragraph(_NOTE, note=True))
    return Section("Compute", "compute", blocks)


_NOTE = (
    "FLOPs of training are counted from the networks’ shapes, two for each multiply-add; device "
    "time is wall-clock time spent in training, that of resumed attempts included."
)


def _numbers(rows: Sequence[TableRow]) -> list[str]:
    images, flops, seconds = (
        sum(float(row[name] or 0) for row in rows)
        for name in ("images_seen", "flops", "device_seconds")
    )
    return [f"{int(images):,}", quantity(flops, "FLOP"), duration(seconds)]


_COUNTED = [
    Column("images seen", numeric=True),
    Column("compute", numeric=True),
    Column("device time", numeric=True),
]


def _by_side(results: Results, rows: Sequence[TableRow]) -> Table:
    by_address = {row["address"]: row for row in rows}
    sides: dict[str, dict[str, TableRow]] = {}
    for gan in results.gans:
        sides.setdefault(gan.side, {})[gan.task.address] = by_address[gan.task.address]
    return Table(
        "Training, by side: totals over its GANs and replicates",
        [
            Column("side"),
            Column("GANs", numeric=True),
            Column("iterations", numeric=True),
            *_COUNTED,
        ],
        [
            [
                side,
                str(len(own)),
                f"{sum(_iterations(results, row) for row in own.values()):,}",
                *_numbers(list(own.values())),
            ]
            for side, own in sides.items()
        ],
    )


def _iterations(results: Results, row: TableRow) -> int:
    """Those that were done: none of a GAN that is not there."""
    finished = row["state"] == "finished"
    return (results.plan.by_address[str(row["address"])].horizon or 0) if finished else 0


def _by_gan(results: Results, rows: Sequence[TableRow]) -> Table:
    trained = [row for row in rows if row["kind"] == "train"]
    return Table(
        "Training, by GAN",
        [
            Column("GAN"),
            Column("iterations", numeric=True),
            *_COUNTED,
            Column("host"),
            Column("attempt", numeric=True),
        ],
        [
            [
                str(row["title"]),
                f"{results.plan.by_address[str(row['address'])].horizon:,}",
                *(_numbers([row]) if row["state"] == "finished" else [str(row["state"]), "–", "–"]),
                str(row["host"] or "–"),
                str(row["attempt"] or "–"),
            ]
            for row in trained
        ],
    )


def _by_kind(rows: Sequence[TableRow]) -> Table:
    kinds: dict[str, list[TableRow]] = {}
    for row in rows:
        kinds.setdefault(str(row["kind"]), []).append(row)
    return Table(
        "All work, by kind of task",
        [
            Column("kind"),
            Column("tasks", numeric=True),
            Column("finished", numeric=True),
            Column("chunks", numeric=True),
            Column("time", numeric=True),
        ],
        [
            [
                kind,
                str(len(own)),
                str(sum(row["state"] == "finished" for row in own)),
                f"{sum(int(row['chunks'] or 0) for row in own):,}",
                duration(sum(float(row["seconds"] or 0) for row in own)),
            ]
            for kind, own in kinds.items()
        ],
    )
