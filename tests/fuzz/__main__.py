"""Feeds damaged sources of one format to `ganray data show` until a time is over.

    pip install 'ganray[fuzz]'
    python -m tests.fuzz FORMAT --seconds 600 --corpus DIR

Atheris (libFuzzer) damages what `seeds` has and keeps in DIR/FORMAT what leads to new branches of
`ganray.data` and of the readers that it calls, from which the next call goes on. Anything but an
answer or a refusal in one line is a fault: its input lies in DIR/found then, and the exit code is
1. `--once FILE` reads one such input again and says what comes of it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import re
import resource
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.fuzz.readers import PACKAGES, others

_MEMORY = 2 << 30  # bytes of addresses beyond what is used before the first input
_HANGS = 60  # seconds, after which libFuzzer ends the process
_LONGEST = 1 << 15  # bytes of an input
_NAME_OR_NUMBER = re.compile(r"'[^']*'|[0-9]+|\\x[0-9a-f]{2}")


class Harness:
    """Reads inputs of one format, and keeps what goes wrong."""

    def __init__(self, name: str, corpus: Path) -> None:
        from tests.fuzz import choice, seeds, watched  # late: Atheris is to see their imports

        self.name, self.found = name, corpus / "found"
        self.choices = seeds.FORMATS[name]()
        self._seeds, self._watched = seeds, watched
        self.room = Path(tempfile.mkdtemp(prefix="ganray-fuzz-"))
        self._outside = self.room / choice.OUTSIDE
        self.counts: Counter[str] = Counter()
        self.faults: dict[str, str] = {}

    def undamaged(self) -> Iterator[bytes]:
        """The inputs to begin with."""
        return self._seeds.undamaged(self.choices)

    def __call__(self, data: bytes) -> str:
        """What came of an input: "read", the refusal, or a fault."""
        if not data:
            return ""
        case, temporary = self.room / "case", self.room / "temporary"
        for folder in (case, temporary, self._outside):
            folder.mkdir(parents=True, exist_ok=True)
        try:
            source = self._seeds.write(data, self.choices, case)
            with self._watched.watched(source, temporary):
                refusal = self._watched.answer(source)
            said = refusal.replace(str(source), "SRC") if refusal else "read"
            self.counts["refused" if refusal else "read"] += 1
        except Exception as error:
            said = f"{type(error).__name__} {error}"[:1000]
            self.counts["faults"] += 1
            self._keep(_kind(error), said, data)
        shutil.rmtree(case)
        return said

    def _keep(self, kind: str, said: str, data: bytes) -> None:
        """The shortest input of each kind of fault."""
        file = self.found / f"{self.name}-{hashlib.sha256(kind.encode()).hexdigest()[:12]}"
        if not file.exists() or len(data) < file.stat().st_size:
            file.write_bytes(data)
            file.with_suffix(".txt").write_text(f"{kind}\n{said}\n")
        self.faults[kind] = str(file)


def _kind(error: Exception) -> str:
    """Of a fault: what it is, and where; of what is told no names and numbers."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    where = " < ".join(f"{Path(one.filename).name}:{one.lineno}" for one in reversed(frames))
    told = f"{type(error).__name__} {error}"[:200] if isinstance(error, AssertionError) else ""
    return f"{_NAME_OR_NUMBER.sub('#', told) or type(error).__name__} @ {where}"


def changed(data: bytes, drawn: random.Random) -> bytes:
    """With some bytes changed in place, which libFuzzer does seldom, or its end cut off."""
    made = bytearray(data)
    if len(made) < 2:
        return data
    for _ in range(drawn.choice((1, 1, 1, 2, 4))):
        place = drawn.randrange(1, len(made) if drawn.random() < 0.5 else min(len(made), 200))
        place = len(made) - place if drawn.random() < 0.2 else place
        made[place] = drawn.choice(
            (0, 1, 127, 128, 255, made[place] ^ (1 << drawn.randrange(8)), drawn.randrange(256))
        )
    return bytes(made[: drawn.randrange(2, len(made) + 1)] if drawn.random() < 0.1 else made)


def _addresses() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _fuzz(name: str, seconds: float, corpus: Path, report: Path) -> None:
    """Of a child process: does not return."""
    import atheris

    with atheris.instrument_imports(include=PACKAGES, exclude=others()):
        harness = Harness(name, corpus)
    kept, until, begun = corpus / name, time.monotonic() + seconds, time.monotonic()
    for data in harness.undamaged():
        (kept / hashlib.sha1(data).hexdigest()).write_bytes(data)
        harness(data)  # what is imported late is imported before memory is bounded
    resource.setrlimit(resource.RLIMIT_AS, (_addresses() + _MEMORY,) * 2)

    def one(data: bytes) -> None:
        is_over = time.monotonic() > until
        if is_over or sum(harness.counts.values()) % 500 == 0:
            told = {**harness.counts, "seconds": round(time.monotonic() - begun)}
            report.write_text(json.dumps({"counts": told, "faults": harness.faults}))
        if is_over:
            shutil.rmtree(harness.room)
            os._exit(0)
        harness(data)

    options = [f"-timeout={_HANGS}", f"-max_len={_LONGEST}", "-rss_limit_mb=0", "-verbosity=0",
               f"-artifact_prefix={corpus}/found/{name}-", "-reload=0",
               "-mutate_depth=2", "-reduce_inputs=0"]  # fmt: skip

    def damaged(data: bytes, longest: int, seed: int) -> bytes:
        drawn = random.Random(seed)
        if drawn.random() < 0.75:
            return changed(data, drawn)
        # The choice stays, as another one's bytes are none of this one's.
        return data[:1] + bytes(atheris.Mutate(data[1:], longest - 1))

    atheris.Setup([sys.argv[0], str(kept), *options], one, custom_mutator=damaged)
    atheris.Fuzz()


def fuzz(name: str, seconds: float, corpus: Path) -> dict[str, Any]:
    """Counts and faults; a process that ends is a fault, and another one goes on."""
    for folder in (corpus / name, corpus / "found"):
        folder.mkdir(parents=True, exist_ok=True)
    until, counts, faults = time.monotonic() + seconds, Counter[str](), dict[str, str]()
    report = corpus / f"{name}.json"
    while (left := until - time.monotonic()) > 5:
        report.unlink(missing_ok=True)
        child = os.fork()
        if not child:
            try:
                _fuzz(name, left, corpus, report)
            finally:
                traceback.print_exc()
                os._exit(3)
        _, status = os.waitpid(child, 0)
        if report.exists():
            told = json.loads(report.read_text())
            counts += Counter(told["counts"])
            faults |= told["faults"]
        if status:
            faults[f"a process ended with {status}"] = f"{corpus}/found/{name}-*"
            if not report.exists():
                break
    return {"format": name, "counts": dict(counts), "faults": faults}


def main() -> int:
    """What the words ask for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("format", help="one of tests/fuzz/seeds.py")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--corpus", type=Path, default=Path("fuzz"))
    parser.add_argument("--once", type=Path, metavar="FILE", help="one input, read again")
    told = parser.parse_args()
    if told.once:
        (told.corpus / "found").mkdir(parents=True, exist_ok=True)
        harness = Harness(told.format, told.corpus)
        print(harness(told.once.read_bytes()))
        return int(bool(harness.faults))
    found = fuzz(told.format, told.seconds, told.corpus.absolute())
    print(json.dumps(found))
    return int(bool(found["faults"]))


if __name__ == "__main__":
    sys.exit(main())
