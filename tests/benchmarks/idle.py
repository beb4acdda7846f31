"""What a run's workers do while they do not work, by the records of what they made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from pathlib import Path

from ganray.store import Store

CAUSES = {
    "loading": "before it is there",
    "ending": "from an artifact's commit until its worker has told of it: log, memory given back",
    "telling": "until its driver knows",
    "nothing ready": "until there is something to do",
    "driver": "until its driver gives it away",
    "asking": "until the worker begins it",
    "opening": "until its code begins: log, inputs' manifests",
    "nothing left": "until the last GAN's end",
}


@dataclass(frozen=True)
class Done:
    """One artifact: what made it, from when to when by its file's clock, and in which unit."""

    kind: str
    begun: float
    ended: float
    worker: int = 0
    handed: Mapping[str, float] = field(default_factory=dict)


def artifacts(store: Store) -> list[Done]:
    """All of them, shards among them."""
    found = []
    for manifest in store.manifests():
        files = Path(store.url, "artifacts", manifest.address).glob("manifest-*.json")
        ended, record = next(iter(files)).stat().st_mtime, manifest.record
        begun, kind = ended - float(record["seconds"]), manifest.address.partition("/")[0]
        handed = {name: float(at) for name, at in record.get("handed", {}).items()}
        found.append(Done(kind, begun, ended, int(record["process"]), handed))
    return found


def idle(done: Iterable[Done], since: float, until: float) -> dict[int, dict[str, float]]:
    """Seconds by cause of each worker, in the order in which they came, between two moments."""
    own: dict[int, list[Done]] = defaultdict(list)
    for one in sorted(done, key=lambda one: one.ended):
        own[one.worker].append(one)
    found = {}
    for worker in sorted(own, key=lambda worker: own[worker][0].begun):
        seconds = dict.fromkeys(CAUSES, 0.0)
        for cause, begun, ended in _spans(own[worker], until):
            seconds[cause] += max(0.0, min(ended, until) - max(begun, since))
        found[worker] = seconds
    return found


def _spans(done: Sequence[Done], until: float) -> Iterator[tuple[str, float, float]]:
    """What one worker does between its units: cause, from when, until when."""
    units = [list(unit) for _, unit in groupby(done, lambda one: one.handed.get("begun"))]
    yield "loading", 0.0, units[0][0].handed.get("free", units[0][0].begun)
    free_since = units[0][0].handed.get("free", units[0][0].begun)
    for unit in units:
        at, told = free_since, unit[0].handed
        begun = min(one.begun for one in unit)
        steps = [
            ("ending", told.get("before", at) if unit is not units[0] else at),
            ("telling", told.get("free", at)),
            ("nothing ready", min(told.get("ready", at), told.get("given", at))),
            ("driver", told.get("given", at)),
            ("asking", told.get("begun", at)),
            ("opening", begun),
        ]
        for cause, ended in steps:
            ended = min(max(ended, at), begun)  # another machine's clock, or what was given ahead
            yield cause, at, ended
            at = ended
        for one, following in pairwise(unit):
            yield "opening", one.ended, max(one.ended, following.begun)
        free_since = unit[-1].ended
    yield "nothing left", free_since, max(free_since, until)


def table(found: Mapping[int, Mapping[str, float]], seconds: float) -> Iterator[str]:
    """Lines for people: of each cause its seconds of each worker, and its share of all their time.

    Args:
        seconds: of the clock, between the two moments.
    """
    workers = len(found)
    head = "".join(f"worker {number}".rjust(10) for number in range(1, workers + 1))
    yield f"{'idle, s':<14}{head}     share"
    rows = {cause: [of[cause] for of in found.values()] for cause in CAUSES}
    for cause, each in (rows | {"in all": [sum(of.values()) for of in found.values()]}).items():
        told = "".join(f"{one:10.2f}" for one in each)
        share = sum(each) / max(seconds * workers, 1e-9)
        yield f"{cause:<14}{told}{share:9.2%}  {CAUSES.get(cause, '')}".rstrip()
