"""The report's numbers as tables for programs, in CSV and Parquet: scores, search and tasks, and
what else a study asks of its GANs."""

from __future__ import annotations

import io
from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from ganray.plan import Task
from ganray.report.comparing.certainty import certainty
from ganray.report.comparing.judging import Judged, judge, pairs
from ganray.report.probed_tables import probed_tables
from ganray.report.reading.measured import Undefined
from ganray.report.reading.results import Results
from ganray.report.reading.searched import OWN, searches

TableRow = Mapping[str, Any]

SCORES = pa.schema(
    [
        ("part", pa.string()),  # null: the whole study; else a part of it, such as at/0.25
        ("metric", pa.string()),
        ("encoder", pa.string()),
        ("side", pa.string()),
        ("replicate", pa.int64()),
        ("class", pa.string()),  # null: the score itself; else one class's term of it
        ("value", pa.float64()),
        ("floor", pa.float64()),
        ("standard_deviation", pa.float64()),
        ("n", pa.int64()),
        ("protocol", pa.string()),
        ("undefined", pa.string()),  # why there is no value
    ]
)
DETAILS = pa.schema(
    [
        ("part", pa.string()),  # as of scores
        ("metric", pa.string()),
        ("encoder", pa.string()),
        ("side", pa.string()),
        ("replicate", pa.int64()),
        ("number", pa.string()),  # what it is called
        ("value", pa.float64()),
        ("floor", pa.float64()),  # the same number of held-out real images
    ]
)
COMPARISONS = pa.schema(
    [
        ("part", pa.string()),  # as of scores
        ("metric", pa.string()),
        ("encoder", pa.string()),
        ("first", pa.string()),
        ("second", pa.string()),
        ("difference", pa.float64()),  # of means, first − second
        ("low", pa.float64()),  # Welch's interval; null with one replicate
        ("high", pa.float64()),
        ("confidence", pa.float64()),
        ("paired", pa.bool_()),  # the interval is Student's, of differences of pairs
        ("p_value", pa.float64()),
        ("corrected_p_value", pa.float64()),  # by Holm's rule for all comparisons of the report
        ("hedges_g", pa.float64()),
        ("hedges_g_low", pa.float64()),
        ("hedges_g_high", pa.float64()),
        ("smallest_detectable", pa.float64()),  # true difference, in 80 % of such studies
        ("replicates_needed", pa.int64()),  # of each side, to find this one in 80 %
        ("winner", pa.string()),  # null: neither is better for sure
        ("conclusion", pa.string()),
    ]
)
SEARCH = pa.schema(
    [
        ("gan", pa.string()),
        ("search", pa.string()),  # what the study calls it
        ("kind", pa.string()),  # of target, to this GAN
        ("target", pa.string()),
        ("own_sample", pa.bool_()),
        ("residual", pa.float64()),
        ("median_residual", pa.float64()),
        ("worst_residual", pa.float64()),
        ("restarts", pa.int64()),
        ("best_restart", pa.int64()),
        ("latent_norm", pa.float64()),
        ("latent", pa.int64()),
        ("target_class", pa.string()),
        ("answer_class", pa.string()),
        ("nearest_training_residual", pa.float64()),
    ]
)
TASKS = pa.schema(
    [
        ("kind", pa.string()),
        ("title", pa.string()),
        ("address", pa.string()),
        ("state", pa.string()),
        ("why", pa.string()),
        ("images_seen", pa.int64()),
        ("flops", pa.float64()),
        ("device_seconds", pa.float64()),
        ("seconds", pa.float64()),  # of the task and its chunks, wherever they were worked
        ("chunks", pa.int64()),
        ("host", pa.string()),
        ("attempt", pa.int64()),
        ("created", pa.string()),
    ]
)


def table_files(results: Results) -> dict[str, bytes]:
    """File name → content of every table."""
    tables = all_tables(results)
    files = {f"{name}.csv": _csv(table) for name, table in tables.items()}
    return files | {f"{name}.parquet": _parquet(table) for name, table in tables.items()}


def all_tables(results: Results) -> dict[str, pa.Table]:
    """Every table by its name; of scores the rows of the whole, then those of each part.

    Likelihoods and ways have tables where a study asks for them.
    """
    parts: list[tuple[dict[str, str], Results]] = [({}, results)]
    parts += [({"part": one.rstrip("/")}, results.within(one)) for one in results.plan.parts]
    scores = [of | row for of, inner in parts for row in score_rows(inner)]
    details = [of | row for of, inner in parts for row in detail_rows(inner)]
    comparisons = [of | row for of, inner in parts for row in comparison_rows(inner)]
    return {
        "scores": pa.Table.from_pylist(scores, SCORES),
        "details": pa.Table.from_pylist(details, DETAILS),
        "comparisons": pa.Table.from_pylist(comparisons, COMPARISONS),
        "search": pa.Table.from_pylist(search_rows(results), SEARCH),
        "tasks": pa.Table.from_pylist(task_rows(results), TASKS),
    } | probed_tables(results)


def comparison_rows(results: Results) -> list[dict[str, Any]]:
    """One row for each score and each two sides that it compares."""
    rows = []
    for name, (first, second) in product(results.measured, pairs(results.sides)):
        judged = judge(results, name, first, second)
        row: dict[str, Any] = {
            **name._asdict(),
            "first": first,
            "second": second,
            "winner": judged.winner,
        }
        if (found := judged.comparison) is not None:
            told = ("difference", "low", "high", "confidence", "paired", "p_value")
            row |= {name: getattr(found, name) for name in told} | _certainty(results, judged)
        rows.append(row | {"conclusion": judged.conclusion})
    return rows


def _certainty(results: Results, judged: Judged) -> dict[str, Any]:
    found = certainty(results, judged)
    effect = found.effect
    return {
        "corrected_p_value": judged.corrected,
        "hedges_g": effect.g if effect else None,
        "hedges_g_low": effect.low if effect else None,
        "hedges_g_high": effect.high if effect else None,
        "smallest_detectable": found.detectable,
        "replicates_needed": found.needed,
    }


def score_rows(results: Results) -> list[dict[str, Any]]:
    """One row a score, and one for each class's term of it."""
    rows = []
    for measured in results.scores:
        score = measured.score
        common = {
            **measured.name._asdict(),
            "side": measured.side,
            "replicate": measured.replicate,
            "n": score.n,
            "protocol": score.fingerprint,
        }
        rows.append(
            common
            | {
                "value": score.value,
                "floor": score.floor,
                "standard_deviation": score.standard_deviation,
            }
        )
        floor = results.floor(measured.name)
        floors: list[Any] = [None] * len(score.per_class or [])
        if floor and floor.per_class:
            floors = list(floor.per_class)
        called = results.names(results.classes_of(measured.name))
        terms = zip(called, score.per_class or [], floors, strict=False)
        rows += [common | {"class": c, "value": v, "floor": f} for c, v, f in terms]
    return rows + [_gap_row(gap) for gap in results.undefined]


def detail_rows(results: Results) -> list[dict[str, Any]]:
    """One row for each further number of each score."""
    rows = []
    for measured in results.scores:
        floor = results.floor(measured.name)
        where = {"side": measured.side, "replicate": measured.replicate}
        draws = measured.draws if len(measured.draws) > 1 else ()
        seeds = {f"sampling seed {index}": value for index, value in enumerate(draws)}
        for number, value in (measured.score.details | seeds).items():
            known = floor.details.get(number) if floor else None
            rows.append(
                {**measured.name._asdict(), **where, "number": number, "value": value}
                | {"floor": known}
            )
    return rows


def _gap_row(gap: Undefined) -> dict[str, Any]:
    where = {"side": gap.side, "replicate": gap.replicate, "undefined": gap.why}
    return {**gap.name._asdict(), **where}


def search_rows(results: Results) -> list[dict[str, Any]]:
    """One row for each target of each searched GAN."""
    names = results.class_names
    return [
        row
        | {
            "gan": searched.name,
            "search": searched.role.removeprefix("search/"),
            "kind": (*searched.kinds, OWN)[min(index, len(searched.kinds))],
            "own_sample": index >= searched.probes,
            "restarts": searched.restarts,
            "latent": searched.latent,
            "median_residual": float(np.median(searched.arrays["residuals"][index])),
            "worst_residual": float(searched.arrays["residuals"][index].max()),
            "target_class": names[row["target_class"]],
            "answer_class": names[row["answer_class"]],
        }
        for searched in searches(results)
        for index, row in enumerate(searched.rows)
    ]


def task_rows(results: Results) -> list[dict[str, Any]]:
    """One row for each task of the plan; its chunks' seconds are added to its own."""
    return [_task_row(results, task) for task in results.plan.tasks]


def _task_row(results: Results, task: Task) -> dict[str, Any]:
    row: dict[str, Any] = {"kind": task.kind, "title": task.title, "address": task.address}
    row |= {"chunks": task.chunks}
    manifest = results.manifests.get(task.address)
    if manifest is None:
        why = results.outcome.get("failed", {}).get(task.address)
        return row | _NOTHING | {"state": "failed" if why else "not finished", "why": why}
    record = manifest.record
    return (
        row
        | _NOTHING
        | {name: record.get(name) for name in ("device_seconds", "host", "created")}
        | {name: manifest.result.get(name) for name in ("images_seen", "flops")}
        | {"state": "finished", "attempt": manifest.attempt}
        | {"seconds": results.seconds[task.address]}
    )


_NOTHING: dict[str, Any] = dict.fromkeys(TASKS.names[4:9] + TASKS.names[10:])


def _csv(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pyarrow.csv.write_csv(table, sink)
    return sink.getvalue()


def _parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()
