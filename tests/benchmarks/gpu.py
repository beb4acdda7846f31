r"""What trains on a GPU trains as on a CPU, and how fast: all that a card is needed for, in one go.

    python -m tests.benchmarks.gpu --to gpu.json [--budget 450] [--part speed …] [--go-on]
    python -m tests.benchmarks.gpu --merge gpu.json

Plain PyTorch: no Ray, no data set, no store and no network. It runs from a checkout with torch,
numpy, scipy, pyarrow and the small packages that `NEEDED` names. Where they are missing, this
brings them into a folder:

    pip install --no-deps --target gpu-packages annotated-types fsspec jaxtyping jinja2 markupsafe \
        packaging pillow platformdirs pooch psutil pydantic pydantic-core ruamel.yaml safetensors \
        threadpoolctl typing-extensions typing-inspection
    PYTHONPATH=gpu-packages:. python -m tests.benchmarks.gpu --to gpu.json

Its parts, in this order, each in a process of its own that is ended when its time is over; what one
leaves of its time the next ones have (`gpu_parts.PARTS`):

- speed: eleven GANs of width 64 in bfloat16, one alone, together by each kernel; the study's time.
- correct: members of cohorts against themselves alone, by each kernel, with settings of their own.
- sizes: the same speeds at other sizes and precisions.
- processes: as many processes of one GAN each on one card, without and with an MPS server.
- measuring: metrics and searches there and on the CPU.
- trials: what members' own settings cost.
- families: every family beside the CPU.

The JSON is written after each part, and beside it that of the part under way after each work, so
that whatever ends the command loses nothing; with `--go-on` another does what these have not got.
`--merge` puts a run into `results/<device>.json`: a part that found anything takes the place of the
part of that name, with the run's date, versions and command; all others stay. It ends with 1 where
something differs, fails or is killed, and with 2 where it cannot run. `--device cpu` tries
everything, small.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks.gpu_parts import PARTS, Clock, trouble, worked, write

NEEDED = {
    "torch": "torch",
    "numpy": "numpy",
    "scipy": "scipy",
    "pyarrow": "pyarrow",
    "pydantic": "pydantic",
    "jaxtyping": "jaxtyping",
    "fsspec": "fsspec",
    "PIL": "pillow",
    "jinja2": "jinja2",
    "pooch": "pooch",
    "platformdirs": "platformdirs",
    "psutil": "psutil",
    "safetensors": "safetensors",
    "threadpoolctl": "threadpoolctl",
    "ruamel.yaml": "ruamel.yaml",
}
"""Modules that are imported, and the packages that have them."""
GRACE, FAREWELL = 20.0, 10.0
"""Seconds that a part may take beyond its time to finish a work, and to end what it began."""
ABOUT = ("device", "torch", "cuda", "cudnn", "cpu", "threads", "created")
RESULTS = Path(__file__).parent / "results"


def missing() -> list[str]:
    """Packages that are needed and not here."""

    def here(module: str) -> bool:
        try:
            return importlib.util.find_spec(module) is not None
        except ModuleNotFoundError:  # of `ruamel.yaml`: there is no `ruamel`
            return False

    return [package for module, package in NEEDED.items() if not here(module)]


def main(words: Sequence[str] | None = None) -> int:
    """Measure, write and say what was found; 1 where something differs or fails."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--to", type=Path, help="the JSON file; none: it is printed")
    parser.add_argument("--budget", type=float, default=450.0, help="seconds in all")
    parser.add_argument("--part", nargs="*", default=[], choices=list(PARTS), help="none: all")
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--merge", type=Path, help="a run's file, to be put into results/")
    parser.add_argument("--go-on", action="store_true", help="what --to holds is not done again")
    parser.add_argument("--here", action="store_true", help="parts in this process, unbounded")
    wanted = parser.parse_args(words)
    try:
        if wanted.merge:
            print(merged(read(wanted.merge)))
            return 0
        before = read(wanted.to) if wanted.go_on and wanted.to and wanted.to.exists() else {}
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    if lacking := missing():
        print(f"needs {', '.join(lacking)}; see the top of {__file__}", file=sys.stderr)
        return 2
    import torch

    if wanted.device == "cuda" and not torch.cuda.is_available():
        print("torch finds no CUDA device here; --device cpu tries the script", file=sys.stderr)
        return 2
    return _measured(wanted, before)


def read(path: Path) -> dict[str, Any]:
    """What a run has written.

    Raises:
        ValueError: nothing of the kind lies there.
        OSError: it cannot be read.
    """
    try:
        run = json.loads(path.read_text())
    except ValueError as error:
        raise ValueError(f"{path} is no JSON: {error}") from None
    parts = run.get("parts") if isinstance(run, dict) else None
    if not isinstance(parts, dict) or not all("found" in one for one in parts.values()):
        raise ValueError(f"{path} is no run: it has no parts that say what they found")
    whole: dict[str, Any] = run
    return whole


def _measured(wanted: argparse.Namespace, before: dict[str, Any]) -> int:
    clock = Clock(wanted.budget)
    command = ["python", "-m", "tests.benchmarks.gpu", "--budget", f"{wanted.budget:g}"]
    command += ["--part", *wanted.part] if wanted.part else []
    found: dict[str, Any] = {"parts": {}} | before | {"command": " ".join(command)}
    # Else the device is left to the parts: what holds it would be beside them.
    found |= about(wanted.device) if wanted.here else {}
    with tempfile.TemporaryDirectory() as folder:
        to = wanted.to or Path(folder, "gpu.json")
        left = [one for one in wanted.part or PARTS if not whole(found["parts"].get(one))]

        def keep(name: str, part: dict[str, Any]) -> None:
            found["parts"][name] = part
            found["seconds"] = round(clock.spent, 1)
            write(to, found)

        while left:
            name, weights = left[0], [PARTS[one].weight for one in left]
            spare = 0.0 if wanted.here else GRACE  # of the last part, too
            limit = max(0.0, clock.left - spare) * weights[0] / sum(weights)
            known = found["parts"].get(name, {"found": {}})["found"]
            if wanted.here:
                write(to, found)
                worked(name, wanted.device, limit, partial(keep, name), known)
            else:
                # Beside the whole, where it is left if this process is ended.
                own = to.with_name(f"{to.stem}-{name}.json")
                if not (wanted.go_on and own.exists()):
                    write(own, {"parts": {name: {"found": known, "skipped": []}}})
                words = ["--part", name, "--device", wanted.device, "--budget", f"{limit:.1f}"]
                part, told = apart(name, words, min(clock.left, limit + GRACE), own)
                found.update(told)
                keep(name, part)
                own.unlink()
            left = left[1:]
        if not wanted.to:
            print(to.read_text())
    for line in trouble(found["parts"]):
        print(line)
    print(f"{clock.spent:.0f} s; skipped: {_skipped(found['parts']) or 'nothing'}")
    return 1 if trouble(found["parts"]) else 0


def whole(part: dict[str, Any] | None) -> bool:
    """Whether an earlier run did all of a part, and nothing went wrong."""
    return bool(part and part["found"]) and not (part["skipped"] or trouble({"": part}))


def _skipped(parts: dict[str, Any]) -> str:
    return ", ".join(f"{name}/{one}" for name, part in parts.items() for one in part["skipped"])


def apart(
    name: str, words: Sequence[str], limit: float, to: Path
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a part finds in a process of its own, and what it was measured on.

    A fault of the device, which leaves a process nothing more to ask of it, is that part's alone.

    Args:
        limit: seconds after which the process is ended; what it has written counts.
    """
    own = [sys.executable, "-m", "tests.benchmarks.gpu", "--here", "--go-on", "--to", str(to)]
    begun, killed = time.monotonic(), ""
    child = subprocess.Popen([*own, *words], start_new_session=True)  # with what it starts, a group
    try:
        child.wait(limit)
    except subprocess.TimeoutExpired:
        killed = f"ended after {limit:.0f} s"
    finally:  # also where this process is to end: nothing else ends a group of its own
        _end(child)
    told = read(to) if to.exists() else {}
    part: dict[str, Any] = told.get("parts", {}).get(name, {"found": {}, "skipped": []})
    part["seconds"] = round(time.monotonic() - begun, 1)
    if killed or (child.returncode and not trouble({name: part})):
        part["ended"] = killed or f"ended with {child.returncode}"
    return part, {key: told[key] for key in ABOUT if key in told}


def _end(child: subprocess.Popen[bytes]) -> None:
    """A process and what it started, which is given time to end what would outlive it."""
    if child.poll() is not None:
        return
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(child.pid, sign)
            child.wait(FAREWELL)
        if child.poll() is not None:
            return


def about(device: str) -> dict[str, Any]:
    """What it was measured on."""
    import torch

    cuda = device == "cuda"
    return {
        "device": torch.cuda.get_device_name() if cuda else "cpu",
        "torch": torch.__version__,
        "cuda": torch.version.cuda if cuda else None,
        "cudnn": torch.backends.cudnn.version() if cuda else None,
        "cpu": platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def merged(run: dict[str, Any], results: Path = RESULTS) -> Path:
    """Put a run's parts that found anything into the file of its device; that file."""
    if "device" not in run:
        raise ValueError("this run says of no device: no part of it began")
    name = re.sub(r"[^a-z0-9]+", "-", run["device"].lower()).strip("-")
    path = results / f"{name}.json"
    whole = json.loads(path.read_text()) if path.exists() else {"device": run["device"]}
    said = {key: value for key, value in run.items() if key not in ("parts", "seconds", "device")}
    for part, own in run["parts"].items():
        if any("failed" not in one for one in own["found"].values()):
            whole[part] = said | own
    write(path, whole)
    return path


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what is to be ended is, on the way
    sys.exit(main())
