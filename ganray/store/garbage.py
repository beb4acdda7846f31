"""What nothing needs any more, by reachability and age. Finding it changes nothing."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import islice

from ganray.store.catalogue import Catalogue
from ganray.store.files import PART, Entry, Files
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
# Whatever has another name was put there by somebody else, and is left alone.
_PAYLOAD = re.compile(rf"(?:{PART}/)*(?:[A-Za-z0-9_=+-]+|{PART}\.(?:safetensors|parquet|json|md))")
_PROBE = re.compile(r"probes/(?:[0-9a-f]{16}|shared-[0-9a-f]{8})")
_LOG = re.compile(rf"logs/(?P<trajectory>{PART}/[0-9a-f]+)/\w+-\d+-[0-9a-f]{{8}}\.log")
_SIGNS = {
    "artifacts/": re.compile(rf"{MANIFEST_PATH.pattern}|artifacts/.+/attempts/\d+/{CLAIM_NAME}"),
    "runs/": re.compile(r"runs/.+-[0-9a-f]{12}/plan\.json"),
    "sweeps/": re.compile(r"sweeps/.+-[0-9a-f]{12}/(?:needs|trials)/.+\.json"),
    "speeds/": re.compile(r"speeds/[0-9a-f]{32}\.json"),
}


@dataclass(frozen=True)
class Garbage:
    """One file that may be deleted: path, size in bytes, age in seconds, and why."""

    path: str
    bytes: int
    age: float
    reason: str

    @classmethod
    def of(cls, entry: Entry, now: float, reason: str) -> Garbage:
        """A file, as old as its last change."""
        return cls(entry.path, entry.size, now - entry.modified, reason)


def is_store(files: Files) -> bool:
    """Whether anything lies there that ganray wrote, and that makes a folder a store."""
    return any(
        sign.fullmatch(entry.path)
        for folder, sign in _SIGNS.items()
        for entry in files.entries(folder)
    )


def find_garbage(
    catalogue: Catalogue,
    reachable: Set[str] | None,
    older_than: float,
    continued: Set[str] = frozenset(),
) -> list[Garbage]:
    """See `Store.gc`."""
    if not is_store(catalogue.files):
        return []
    found = [] if reachable is None else list(_unreachable(catalogue, reachable, continued))
    files, now = catalogue.files, time.time()
    for entry in files.leftovers():
        found.append(Garbage.of(entry, now, "left behind by a crashed writer"))
    for entry in files.entries(PROBES):
        if _PROBE.fullmatch(entry.path):
            found.append(Garbage.of(entry, now, "left behind by a probe"))
    return [item for item in found if item.age > older_than]


def _unreachable(
    catalogue: Catalogue, reachable: Set[str], continued: Set[str]
) -> Iterator[Garbage]:
    """Artifacts and logs that no plan reaches; an attempt is as old as its newest file."""
    entries = list(catalogue.files.entries("artifacts/"))
    current = {manifest.address: manifest for manifest in catalogue.manifests()}
    kept, begun = set(), _begun_shards(reachable - current.keys())
    for manifest in current.values():
        if manifest.address in reachable or _shard_start(manifest.address) in begun:
            kept.add(manifest_path(manifest.address, manifest.generation))
            kept.update(file.path for file in manifest.files)
    kept |= _newest_checkpoints(entries, continued)
    # Unfinished work resumes from its last checkpoints, however old they are.
    unfinished: dict[str, list[range]] = {name: [] for name in _checkpointed(entries)}
    for address in reachable - current.keys():
        if (trajectory := address.rpartition("/")[0]) in unfinished:
            unfinished[trajectory].append(_resumable_steps(catalogue, address))
    now, changed = time.time(), _last_change_of_attempts(entries)
    for entry, why in _judge(entries, kept, unfinished, reachable, current.keys()):
        newest = changed.get(_attempt(entry.path), entry.modified)
        yield Garbage(entry.path, entry.size, now - newest, why)
    wanted = {address.rpartition("/")[0] for address in reachable}
    for entry in catalogue.files.entries("logs/"):
        log = _LOG.fullmatch(entry.path)
        if log and log["trajectory"] not in wanted:
            yield Garbage.of(entry, now, "log of work that no plan reaches")


def _begun_shards(missing: Iterable[str]) -> set[str]:
    """How the addresses of shards begin that are still to be made; what an interrupted one has is
    kept under such an address, too."""
    return {start for address in missing if (start := _shard_start(address))}


def _shard_start(address: str) -> str:
    """`<trajectory>/chunks-<first>` of a shard's address; empty for all others."""
    start, dash, _ = address.rpartition("-")
    return start if dash and "/chunks-" in start else ""


def _judge(
    entries: Sequence[Entry],
    kept: set[str],
    unfinished: Mapping[str, Sequence[range]],
    reachable: Set[str],
    current: Set[str],
) -> Iterator[tuple[Entry, str]]:
    claimed = {_attempt(entry.path) for entry in entries if entry.path.endswith(f"/{CLAIM_NAME}")}
    for entry in entries:
        manifest = MANIFEST_PATH.fullmatch(entry.path)
        payload = ATTEMPT_PATH.fullmatch(entry.path)
        if entry.path in kept:
            continue
        if manifest and manifest["address"] in reachable:
            yield entry, "superseded or invalid generation"
        elif manifest and manifest["address"] in current:  # else it may be somebody else's
            yield entry, "no plan reaches this artifact"
        # Claims stay for good, so that a number is never given twice.
        elif payload and payload["rest"] != CLAIM_NAME and _is_own(entry, payload, claimed):
            step = _STEP.match(payload["rest"])
            needed = unfinished.get(payload["trajectory"], [])
            if not (step and any(int(step["step"]) in steps for steps in needed)):
                yield entry, "no reachable artifact names this file"


def _is_own(entry: Entry, payload: re.Match[str], claimed: Set[str]) -> bool:
    """Whether a file of an attempt is one that an attempt writes."""
    return _attempt(entry.path) in claimed and _PAYLOAD.fullmatch(payload["rest"]) is not None


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
