"""What nothing needs any more, by reachability and age. Finding it changes nothing."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import islice

from ganray.store.catalogue import Catalogue
from ganray.store.files import Entry
from ganray.store.manifest import (
    ATTEMPT_PATH,
    CHECKPOINT_NAME,
    CLAIM_NAME,
    MANIFEST_PATH,
    manifest_path,
)

PROBES = "probes/"
_SPARE = 2  # checkpoints of an unfinished trajectory that are kept
_STEP = re.compile(r"checkpoints/step-(?P<step>\d+)[./]")
LOGS = "logs/"


@dataclass(frozen=True)
class Garbage:
    """One file that may be deleted: path, size in bytes, age in seconds, and why."""

    path: str
    bytes: int
    age: float
    reason: str


def find_garbage(
    catalogue: Catalogue, reachable: set[str], older_than: float, continued: Set[str] = frozenset()
) -> list[Garbage]:
    """See `Store.gc`."""
    entries = list(catalogue.files.entries("artifacts/"))
    current = {manifest.address: manifest for manifest in catalogue.manifests()}
    kept = set()
    for manifest in current.values():
        if manifest.address in reachable:
            kept.add(manifest_path(manifest.address, manifest.generation))
            kept.update(file.path for file in manifest.files)
    kept |= _newest_checkpoints(entries, continued)
    # Unfinished work resumes from its last checkpoints, however old they are.
    unfinished: dict[str, list[range]] = {name: [] for name in _checkpointed(entries)}
    for address in reachable - current.keys():
        if (trajectory := address.rpartition("/")[0]) in unfinished:
            unfinished[trajectory].append(_resumable_steps(catalogue, address))
    judged = _judge(entries, kept, unfinished, reachable)
    wanted = {address.rpartition("/")[0] for address in reachable}
    logs = ((e, "log of work that no plan reaches") for e in _idle_logs(catalogue, wanted))
    leftovers = ((e, "left behind by a crashed writer") for e in catalogue.files.leftovers())
    probes = ((e, "left behind by a probe") for e in catalogue.files.entries(PROBES))
    now, changed = time.time(), _last_change_of_attempts(entries)
    found = [
        Garbage(
            entry.path, entry.size, now - changed.get(_attempt(entry.path), entry.modified), why
        )
        for candidates in (judged, logs, leftovers, probes)
        for entry, why in candidates
    ]
    return [item for item in found if item.age > older_than]


def _judge(
    entries: Iterable[Entry],
    kept: set[str],
    unfinished: Mapping[str, Sequence[range]],
    reachable: set[str],
) -> Iterator[tuple[Entry, str]]:
    for entry in entries:
        manifest = MANIFEST_PATH.fullmatch(entry.path)
        payload = ATTEMPT_PATH.fullmatch(entry.path)
        if entry.path in kept:
            continue
        if manifest and manifest["address"] in reachable:
            yield entry, "superseded or invalid generation"
        elif manifest:
            yield entry, "no plan reaches this artifact"
        # Claims stay for good, so that a number is never given twice.
        elif payload and payload["rest"] != CLAIM_NAME:
            step = _STEP.match(payload["rest"])
            needed = unfinished.get(payload["trajectory"], [])
            if not (step and any(int(step["step"]) in steps for steps in needed)):
                yield entry, "no reachable artifact names this file"


def _idle_logs(catalogue: Catalogue, wanted: Set[str]) -> Iterator[Entry]:
    """Logs of trajectories (`logs/<kind>/<key>/…`) that are not wanted."""
    for entry in catalogue.files.entries(LOGS):
        if "/".join(entry.path.split("/")[1:3]) not in wanted:
            yield entry


def _checkpointed(entries: Iterable[Entry]) -> set[str]:
    """The trajectories that have checkpoints at all: others need not be looked into."""
    paths = (ATTEMPT_PATH.fullmatch(entry.path) for entry in entries)
    return {path["trajectory"] for path in paths if path and _STEP.match(path["rest"])}


def _resumable_steps(catalogue: Catalogue, address: str) -> range:
    """The steps whose checkpoints may still be needed to make `address`: from the second newest
    intact one that does not lie beyond it, in case the newest is damaged later.

    Newer ones are kept whatever they hold: one of them may just be being written.
    """
    trajectory, _, extent = address.rpartition("/")
    number = extent.rpartition("-")[2]
    horizon = int(number) if number.isdecimal() else sys.maxsize - 1
    intact = islice(catalogue.checkpoints(trajectory, horizon), _SPARE)
    oldest = min((checkpoint.step for checkpoint in intact), default=0)
    return range(oldest, horizon + 1)


def _newest_checkpoints(entries: Iterable[Entry], trajectories: Set[str]) -> set[str]:
    """The files of the last checkpoint of each trajectory: where following it further begins."""
    newest: dict[str, tuple[int, int, str]] = {}
    for entry in entries:
        path = ATTEMPT_PATH.fullmatch(entry.path)
        name = path and CHECKPOINT_NAME.fullmatch(path["rest"])
        if path and name and path["trajectory"] in trajectories:
            found = int(name["step"]), int(path["attempt"]), entry.path.removesuffix(".json")
            newest[path["trajectory"]] = max(found, newest.get(path["trajectory"], found))
    starts = tuple(stem + end for _, _, stem in newest.values() for end in ("/", ".json"))
    return {entry.path for entry in entries if entry.path.startswith(starts)}


def _attempt(path: str) -> str:
    match = ATTEMPT_PATH.fullmatch(path)
    return f"{match['trajectory']}/{match['attempt']}" if match else path


def _last_change_of_attempts(entries: Iterable[Entry]) -> dict[str, float]:
    """An attempt is as young as its newest file: one that still writes is alive."""
    changed: dict[str, float] = {}
    for entry in entries:
        attempt = _attempt(entry.path)
        changed[attempt] = max(changed.get(attempt, 0.0), entry.modified)
    return changed
