"""A study as a Ray job: one job at a time for one run, however often it is submitted."""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ganray
from ganray.distributed.jobs.client import Job, Jobs, NotAnswered
from ganray.errors import GanrayError, RefusedInput, quoted
from ganray.spec import content_hash

_AGENT_SECONDS = 60.0  # a node's agent comes up some seconds after the dashboard
_STOP_SECONDS = 150  # for checkpoints, before Ray kills a stopped job; its own 3 are too few
_EXCLUDES = ["__pycache__", "*.pyc"]


@dataclass(frozen=True)
class Purpose:
    """What a job is for: its study's name, the hash of its plan, the store, and the part."""

    study: str
    plan: str
    store: str
    part: str = ""

    @property
    def base(self) -> str:
        """The submission id of the first attempt: equal for equal marks."""
        return f"{self.study}-{self.plan[:12]}-{content_hash([self.store, self.part])[:4]}"

    @property
    def label(self) -> str:
        """How messages name it."""
        part = f"{self.part} of " if self.part else ""
        return f"{part}study {self.study!r} (plan {self.plan[:12]}, store {self.store})"

    @property
    def metadata(self) -> dict[str, str]:
        """How the cluster keeps it beside the job."""
        return {f"ganray.{name}": value for name, value in vars(self).items()}

    @classmethod
    def of(cls, job: Job) -> Purpose | None:
        """That of a job; None if `ganray submit` did not make it."""
        kept = job.metadata or {}
        values = [kept.get(f"ganray.{name}") for name in ("study", "plan", "store", "part")]
        return None if None in values else cls(*map(str, values))


def find(jobs: Jobs, mark: Purpose, base: str) -> tuple[str, bool]:
    """Where a run belongs: (the job that runs it, True), or (the id of its next attempt, False).

    Raises:
        RefusedInput: the id, or the study's name with this store, runs something else now.
    """
    known = {j.submission_id: j for j in jobs.all() if j.type == "SUBMISSION" and j.submission_id}
    for name, job in known.items():
        ours, other = _is_attempt(name, base), Purpose.of(job)
        related = other is not None and (other.study, other.store) == (mark.study, mark.store)
        if job.ended or not (ours or related):
            continue
        if other == mark:
            return name, True
        raise RefusedInput(
            f"job {name!r} is running {other.label if other else 'something else'}, and this is "
            f"{mark.label}; let it end, stop it (ganray submit --stop {name}), or give this study "
            "another name"
        )
    attempts = [_attempt(name, base) for name in known if _is_attempt(name, base)]
    number = max(attempts, default=0) + 1
    return (base if number == 1 else f"{base}-{number}"), False


def _is_attempt(name: str | None, base: str) -> bool:
    return re.fullmatch(rf"{re.escape(base)}(-\d+)?", name or "") is not None


def _attempt(name: str | None, base: str) -> int:
    return int((name or "").removeprefix(base).removeprefix("-") or 1)


@dataclass(frozen=True)
class Parcel:
    """What goes to the cluster with a job: a folder with the study, and this `ganray`.

    The nodes run the package that the study was planned with, whatever their image has of it; Ray
    keeps uploads by their content, so that it travels once. Torch and the other dependencies must
    be installed there.
    """

    folder: Path
    installed: bool = False  # use the nodes' own ganray instead

    @property
    def bytes(self) -> int:
        """What an upload to a cluster that has none of it yet carries, before compression."""
        roots = [self.folder] if self.installed else [self.folder, _package()]
        files = (file for root in roots for file in root.rglob("*") if file.is_file())
        return sum(file.stat().st_size for file in files if file.suffix != ".pyc")

    def runtime_env(self, variables: dict[str, str]) -> dict[str, Any]:
        """Ray's description of it."""
        modules = {} if self.installed else {"py_modules": [str(_package())]}
        stop = {"RAY_JOB_STOP_WAIT_TIME_S": str(_STOP_SECONDS)}
        return modules | {
            "working_dir": str(self.folder),
            "excludes": _EXCLUDES,
            "env_vars": stop | variables,
        }


def _package() -> Path:
    return Path(ganray.__file__).parent


def submit(
    jobs: Jobs, name: str, command: Sequence[str], parcel: Parcel, variables: dict[str, str],
    metadata: dict[str, str],
) -> None:  # fmt: skip
    """Start a job under the id `name`.

    Raises:
        Taken: somebody else has just taken the id.
        GanrayError: the cluster refuses it.
    """
    from ganray.distributed.jobs.upload import uploads_to  # Ray, which nobody else here needs

    deadline, client = time.monotonic() + _AGENT_SECONDS, uploads_to(jobs.address)
    while True:
        try:
            client.submit_job(
                entrypoint=shlex.join(command),
                submission_id=name,
                runtime_env=parcel.runtime_env(variables),
                metadata=metadata,
            )
        except RuntimeError as error:
            said = " ".join(str(error).split())
            if "already exists" in said:
                raise Taken(name) from None
            if "No available agent" not in said or time.monotonic() > deadline:
                raise GanrayError(f"the cluster refused job {name!r}: {said[:300]}") from None
            time.sleep(1)
        else:
            return


class Taken(GanrayError):
    """A submission id is in use."""


def job_info(jobs: Jobs, name: str) -> Job:
    """What the cluster knows of a job.

    Raises:
        RefusedInput: there is none of that id; names those that there are.
    """
    try:
        return jobs.info(name)
    except NotAnswered:
        known = [job.submission_id for job in jobs.all() if job.submission_id]
        raise RefusedInput(
            f"job (={quoted(name)}) is not known to the cluster; jobs: {', '.join(known) or 'none'}"
        ) from None


def exit_code(job: Job) -> int:
    """What a finished job's `ganray` exited with; 4 if it was stopped, 1 if it never got so far."""
    if job.status == "STOPPED":
        return 4
    code = 1 if job.driver_exit_code is None else job.driver_exit_code
    return code if code in range(5) else 1
