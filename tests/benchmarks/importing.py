"""How fast images are imported, beside the bare decoder, and in how much memory.

    python -m tests.benchmarks.importing speed FOLDER [--images 10000] [--rounds 3]

writes sets of 64 × 64 colour images to FOLDER (PNG in class folders, JPEG in Parquet, in a zip, a
tar and a WebDataset, arrays in IDX of 28 × 28), and times a look at them, reading them to their
end, and their whole import, alternating with Pillow alone on the same bytes in the same process, in
archives at places that are known before. Prints medians. `--sets` names some alone.

    python -m tests.benchmarks.importing memory FOLDER [--images 1000000] [--classes 10] [--plan]

writes a Parquet file of so many JPEG images of so many classes, and prints the seconds and the peak
memory of a look at it, a plan of one GAN for each class (where `--plan` asks for it) and its
import, each a command of its own, with its workers.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from ganray.data import DatasetSpec, import_dataset, new_dataset_folder, open_source
from tests.benchmarks.image_sets import SETS, source_of, write_parquet

Answer = TypeVar("Answer")


def speed(folder: Path, count: int, rounds: int, sets: list[str]) -> None:
    """A row for each kind of set."""
    print("| set | Pillow alone, images/s | look | read | import | read ÷ Pillow |")
    print("|---|---|---|---|---|---|")
    for name in sets:
        write, bare = SETS[name]
        root = folder / name.replace(" ", "-")
        if not root.exists():
            write(root, count)
        took: dict[str, list[float]] = {kind: [] for kind in ("bare", "look", "read", "import")}
        for _ in range(rounds):
            _time(took["bare"], lambda bare=bare, root=root: bare(root))
            spec = DatasetSpec(source=source_of(root))
            source = _time(took["look"], lambda spec=spec: open_source(spec))
            _time(took["read"], lambda source=source: sum(len(b.images) for b in source.batches()))
            to = folder / "imported"
            shutil.rmtree(to, ignore_errors=True)
            write_to = new_dataset_folder(str(to))
            _time(took["import"], lambda s=source, p=spec, w=write_to: import_dataset(s, p, w))
        paired = zip(took["bare"], took["read"], strict=True)
        ratio = statistics.median(own / other for own, other in paired)
        rates = {kind: count / statistics.median(each) for kind, each in took.items()}
        print(f"| {name} | {rates['bare']:,.0f} | {rates['look']:,.0f} | {rates['read']:,.0f} | "
              f"{rates['import']:,.0f} | {ratio:.2f} |", flush=True)  # fmt: skip


def _time(into: list[float], work: Callable[[], Answer]) -> Answer:
    begun = time.process_time()
    found = work()
    into.append(time.process_time() - begun)
    return found


def memory(folder: Path, count: int, classes: int, workers: int, plans: bool) -> None:
    """Commands on one set."""
    root, to = folder / f"set-{count}-{classes}", folder / "to"
    if not root.exists():
        write_parquet(root, count, classes)
    shutil.rmtree(to, ignore_errors=True)
    study = folder / "study.yaml"
    data = f"data: {{source: {root}}}\ntrain: {{batch: 4}}\n"  # of ten images seven are trained on
    study.write_text(f"name: many\nstudy: marginal_vs_joint\n{data}")
    print(f"{count:,} images of {classes:,} classes")
    _command("look", count, "data", "show", str(root), "--no-duplicates")
    if plans:
        _command("plan", count, "plan", str(study))
    _command(f"import, {workers} workers", count,
             "data", "import", str(root), "--to", str(to), "--workers", str(workers))  # fmt: skip


def _command(what: str, count: int, *words: str) -> None:
    """One by `ganray`, in a process of its own: its seconds and peak."""
    begun = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "ganray", *words], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    spent, processor = time.perf_counter() - begun, used.ru_utime + used.ru_stime
    print(f"{what}: {spent:.0f} s ({processor:.0f} s of processors), {count / spent:,.0f} images/s,"
          f" peak of the largest process {used.ru_maxrss * 1024 / 1e9:.2f} GB, status {status}",
          flush=True)  # fmt: skip


def main() -> None:
    """What the words ask for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=["speed", "memory"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sets", nargs="*", choices=SETS, default=list(SETS))
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--plan", action="store_true")
    told = parser.parse_args()
    if told.what == "speed":
        speed(told.folder, told.images or 10_000, told.rounds, told.sets)
    else:
        folder, count = told.folder.absolute(), told.images or 1_000_000
        memory(folder, count, told.classes, told.workers, told.plan)


if __name__ == "__main__":
    main()
