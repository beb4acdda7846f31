"""How soon `ganray run` and `ganray status` say that the store is away, by kind of fault.

    python -m tests.benchmarks.store_faults [--end] [RUNNER/FAULT …]

For each runner (local, ray) and fault (frozen, full, closed, slow): the tiny study runs into a real
S3 server of its own behind a proxy; when it trains, the server is stopped (SIGSTOP), killed, its
writes answered by HTTP 500, or each of its answers drawn out to 20 s. Told are the seconds until
the run says so and, of a `status` begun five seconds after the fault, until it ends; with `--end`
also until the run ends, each with what was said.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import queue
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.cli.command import CHEAP, SMALL, start
from tests.s3_proxy import Faults, S3Proxy, running_proxy
from tests.s3_server import BUCKET, S3Server, running_s3_server
from tests.tiny import STUDY, write_digits

RUNNERS, FAULTS = ("local", "ray"), ("frozen", "full", "closed", "slow")
LONG = ("--set", "budget.iterations=1000000", "--set", "resources.checkpoint_seconds=2")
_BEGIN_SECONDS, _TOLD_SECONDS, _END_SECONDS = 180.0, 120.0, 300.0


def inflict(fault: str, server: S3Server, proxy: S3Proxy) -> None:
    """Let the store fail from now on."""
    if fault == "frozen":
        os.kill(server.process, signal.SIGSTOP)
    elif fault == "closed":
        os.kill(server.process, signal.SIGKILL)
        proxy.upstream = ("127.0.0.1", 1)  # nobody listens there
    elif fault == "full":
        proxy.switch(Faults(("500",), methods=("PUT", "POST")))
    else:
        proxy.switch(Faults(("slow",), seconds=20.0))


class Lines:
    """What a process says on its error stream, by the time of each line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._stream = process.stderr
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._stream is not None
        for line in self._stream:
            self._lines.put(line.rstrip())
        self._lines.put(None)

    def until(self, fits: Callable[[str], bool], seconds: float) -> str:
        """The first line that fits; the empty one if there is none in time."""
        deadline = time.monotonic() + seconds
        with contextlib.suppress(queue.Empty):
            while (
                line := self._lines.get(timeout=max(0, deadline - time.monotonic()))
            ) is not None:
                if fits(line):
                    return line
        return ""


@dataclass(frozen=True)
class Row:
    """One line of the table: seconds, and what was said."""

    case: str
    told: float
    said: str
    status: float
    status_said: str
    end: float | None = None
    end_said: str = ""


def measured(runner: str, fault: str, study: Path, to_the_end: bool) -> Row:
    """Run the study, inflict the fault, and listen."""
    folder = Path(tempfile.mkdtemp(prefix="ganray-faults-"))
    with running_s3_server(folder / "s3") as server, running_proxy(server.endpoint) as proxy:
        environment = server.environment() | {"AWS_ENDPOINT_URL": proxy.endpoint}
        place = ("--store", f"s3://{BUCKET}/{secrets.token_hex(4)}")
        words = ("run", study, *place, "--runner", runner, *CHEAP, *SMALL, *LONG)
        run = start(*words, environment=environment, stdin=subprocess.DEVNULL)
        lines = Lines(run)
        try:
            if not lines.until(lambda line: "images/s" in line, _BEGIN_SECONDS):
                raise RuntimeError(f"{runner}/{fault}: it did not begin to train")
            time.sleep(5)  # a checkpoint or two
            inflict(fault, server, proxy)
            at = time.monotonic()
            status: list[tuple[float, str]] = []
            asking = threading.Thread(target=lambda: status.append(asked(place, environment)))
            asking.start()
            said = lines.until(lambda line: "store" in line, _TOLD_SECONDS)
            told = time.monotonic() - at
            asking.join()
            row = Row(f"{runner}/{fault}", told, said, *status[0])
            if to_the_end:
                last = lines.until(lambda line: line.startswith("error:"), _END_SECONDS)
                row = Row(*list(vars(row).values())[:5], time.monotonic() - at, last)
            return row
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(run.pid, signal.SIGKILL)
            run.wait()


def asked(place: tuple[str, ...], environment: dict[str, str]) -> tuple[float, str]:
    """Seconds that `status` took, and the line that matters."""
    time.sleep(5)
    at = time.monotonic()
    process = start("status", "tiny", *place, environment=environment, stdin=subprocess.DEVNULL)
    out, error = process.communicate(timeout=600)
    lines = [line for line in (out + error).splitlines() if "store" in line or "driver" in line]
    return time.monotonic() - at, lines[-1] if lines else "(nothing)"


def main(words: list[str]) -> None:
    """Measure, and print one table."""
    to_the_end = "--end" in words
    chosen = [word for word in words if word != "--end"]
    folder = Path(tempfile.mkdtemp(prefix="ganray-faults-"))
    write_digits(folder / "digits.parquet")
    (folder / "tiny.yaml").write_text(STUDY)
    print("runner/fault     run tells   status ends   run ends")
    for runner, fault in itertools.product(RUNNERS, FAULTS):
        if chosen and f"{runner}/{fault}" not in chosen:
            continue
        row = measured(runner, fault, folder / "tiny.yaml", to_the_end)
        end = "" if row.end is None else f"{row.end:9.1f} s"
        print(f"{row.case:<15} {row.told:9.1f} s {row.status:11.1f} s {end}")
        for said in filter(None, (row.said, row.status_said, row.end_said)):
            print(f"                {said}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
