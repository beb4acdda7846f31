"""Rounds of faults on three Ray hosts and an S3 server, all on this machine. Needs root.

    python -m tests.chaos --rounds 100 --seed 1 --folder FOLDER [--kinds trainer,head,…]
    python -m tests.chaos --summary FOLDER/rounds.jsonl

With `--own-ray` each driver starts a local Ray of its own instead, which needs no root. A run that
was ended goes on with the next round of its folder's log. A round that did not end right keeps its
store's prefix and its drivers' lines in FOLDER.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from tests.chaos import own_ray, record
from tests.chaos.cluster import REPOSITORY, on_hosts
from tests.chaos.faults import KINDS, plan
from tests.chaos.round import Round
from tests.chaos.study import write_study
from tests.hosts import wait_until_gone

_TOGETHER_EVERY = 3


def main() -> int:
    """Play the rounds that are missing; 0 when all of them are right."""
    options = _options()
    if options.summary:
        print(record.summary(record.read(options.summary)))
        return 0
    folder, log = options.folder.absolute(), options.folder.absolute() / "rounds.jsonl"
    folder.mkdir(parents=True, exist_ok=True)
    study = write_study(folder / "study")
    expected = _undisturbed(folder, study)
    running = folder / "running"
    shutil.rmtree(running, ignore_errors=True)
    up: AbstractContextManager[Any] = (own_ray.behind_proxy if options.own_ray else on_hosts)(
        running
    )
    kinds: Sequence[str] = options.kinds or (own_ray.KINDS if options.own_ray else list(KINDS))
    with up as cluster:
        for number in range(len(record.read(log)), options.rounds):
            horizon = options.horizon or record.usual_seconds(record.read(log))
            faults = plan(options.seed, number, kinds, horizon)
            told = cluster, number, faults, study, expected
            together = number % _TOGETHER_EVERY == 1
            try:
                entry = _play(Round(*told, together=together), folder)
            except RuntimeError as error:  # a host or Ray did not come up: no finding of this suite
                print(f"round {number} is played once more: {error}"[:2000], flush=True)
                cluster.restart_ray()
                entry = _play(Round(*told, "-again", together=together), folder)
            record.append(log, {"seed": options.seed, "commit": _commit(), **entry})
        processes = cluster.processes()
    rounds = record.read(log)
    print(record.summary(rounds))
    if left := wait_until_gone(processes, 20.0):
        print(f"left over: {left}")
    return 0 if not left and all(entry["right"] for entry in rounds) else 1


def _play(round: Round, folder: Path) -> dict[str, Any]:
    cluster = round.cluster
    before = cluster.requests_hit()
    entry = round.play()
    entry["requests"] = dict(cluster.requests_hit() - before)
    said = "\n".join(f"{moment:.2f} {line}" for moment, line in round.drivers.said)
    if entry["right"]:
        cluster.inspect(remove=round.url)
    else:
        (folder / f"round-{round.number}.log").write_text(said)
        cluster.restart_ray()
    _say(entry)
    return {"time": time.time(), **entry}


def _say(entry: dict[str, Any]) -> None:
    hits = ", ".join(
        f"{hit['kind']}({hit.get('noticed_s', '-')}/{hit.get('resumed_s', '-')})"
        for hit in entry["hits"]
    )
    verdict = "right" if entry["right"] else f"WRONG: {'; '.join(entry['wrong'])}"
    where = f"{time.strftime('%H:%M:%S')} round {entry['round']}"
    where += " in cohorts" if entry["together"] else ""
    print(f"{where}: {entry['seconds']} s, {hits or 'nothing hit'}: {verdict}")
    sys.stdout.flush()


def _undisturbed(folder: Path, study: Path) -> dict[str, str]:
    """What every artifact holds when nothing happens, by address; made once for a folder."""
    path = folder / "undisturbed.json"
    if not path.exists():
        words = (sys.executable, "-m", "tests.chaos.study", study, folder / "undisturbed")
        env = os.environ | {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
        made = subprocess.run(words, stdout=subprocess.PIPE, check=True, text=True, env=env)
        path.write_text(made.stdout)
    expected: dict[str, str] = json.loads(path.read_text())
    return expected


def _commit() -> str:
    words = ("git", "-C", REPOSITORY, "rev-parse", "--short", "HEAD")
    return subprocess.run(words, capture_output=True, text=True).stdout.strip()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    told = "all if not given: " + ", ".join(KINDS)
    parser.add_argument("--kinds", type=_kinds, help=told)
    told = "seconds in which faults begin; as long as rounds have lately taken, if not given"
    parser.add_argument("--horizon", type=float, help=told)
    told = f"a local Ray of each driver, and of faults {', '.join(own_ray.KINDS)}"
    parser.add_argument("--own-ray", action="store_true", help=told)
    parser.add_argument("--folder", type=Path, default=Path("chaos"))
    parser.add_argument("--summary", type=Path, help="show what a log comes to")
    return parser.parse_args()


def _kinds(text: str) -> list[str]:
    chosen = text.split(",")
    if unknown := set(chosen) - KINDS.keys():
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}")
    return chosen


if __name__ == "__main__":
    sys.exit(main())
