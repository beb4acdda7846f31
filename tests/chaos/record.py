"""The log of rounds, one JSON object a line, and what it comes to."""

from __future__ import annotations

import json
import statistics
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any


def read(path: Path) -> list[dict[str, Any]]:
    """The rounds logged so far."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def append(path: Path, entry: dict[str, Any]) -> None:
    """Log one round."""
    with path.open("a") as log:
        log.write(json.dumps(entry) + "\n")


def usual_seconds(rounds: list[dict[str, Any]], unknown: float = 45.0) -> float:
    """How long the shortest of the last six rounds took: faults that come later hit nothing."""
    return min((entry["seconds"] for entry in rounds[-6:]), default=unknown)


def summary(rounds: list[dict[str, Any]]) -> str:
    """Counts and median times by kind, and every round that was not right."""
    hits, wrong = Counter[str](), Counter[str]()
    noticed, resumed = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
    for entry in rounds:
        for kind in {hit["kind"] for hit in entry["hits"]}:
            wrong[kind] += not entry["right"]
        for hit in entry["hits"]:
            hits[hit["kind"]] += 1
            for times, name in ((noticed, "noticed_s"), (resumed, "resumed_s")):
                if hit.get(name) is not None:
                    times[hit["kind"]].append(hit[name])
    right = sum(entry["right"] for entry in rounds)
    requests = sum((Counter(entry.get("requests", {})) for entry in rounds), Counter[str]())
    lines = [
        f"{len(rounds)} rounds, {right} right, {sum(hits.values())} faults in "
        f"{sum(bool(entry['hits']) for entry in rounds)} of them; "
        f"median {_median([entry['seconds'] for entry in rounds])} s a round",
        f"{'kind':<14} {'hits':>5} {'wrong rounds':>12} {'noticed s':>10} {'went on s':>10}",
    ]
    for kind, count in sorted(hits.items()):
        times = (_median(noticed[kind]), _median(resumed[kind]))
        lines.append(f"{kind:<14} {count:>5} {wrong[kind]:>12} {times[0]:>10} {times[1]:>10}")
    lines.append("requests hit: " + ", ".join(f"{k} {n}" for k, n in sorted(requests.items())))
    for entry in rounds:
        if not entry["right"]:
            lines.append(f"round {entry['round']}: {'; '.join(entry['wrong'])[:400]}")
    return "\n".join(lines)


def _median(values: list[float]) -> str:
    return f"{statistics.median(values):.1f}" if values else "-"
