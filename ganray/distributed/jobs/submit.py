"""A study as a Ray job: one job at a time for one run, however often it is submitted."""

from __future__ import annotations

import logging
import os
import re
import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from ray.exceptions import AuthenticationError
from ray.job_submission import JobDetails, JobStatus, JobSubmissionClient, JobType

import ganray
from ganray.errors import GanrayError, RefusedInput, quoted
from ganray.spec import content_hash
from ganray.urls import address_without_secrets, is_url, without_secrets

_SECONDS = (10.0, 60.0)  # to connect, to answer
_AGENT_SECONDS = 60.0  # a node's agent comes up some seconds after the dashboard
_STOP_SECONDS = 150  # for checkpoints, before Ray kills a stopped job; its own 3 are too few
_EXCLUDES = ["__pycache__", "*.pyc"]
_LOGGERS = ("dashboard.modules.dashboard_sdk", "dashboard.modules.job.sdk", "_private.runtime_env")


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
    def of(cls, job: JobDetails) -> Purpose | None:
        """That of a job; None if `ganray submit` did not make it."""
        kept = job.metadata or {}
        values = [kept.get(f"ganray.{name}") for name in ("study", "plan", "store", "part")]
        return None if None in values else cls(*map(str, values))


class Jobs(JobSubmissionClient):
    """Ray's job client, with time-outs and with errors of one line."""

    def _do_request(self, method: str, endpoint: str, **options: Any) -> Any:
        options.setdefault("timeout", _SECONDS)
        try:
            return super()._do_request(method, endpoint, **options)
        except AuthenticationError as error:
            raise RefusedInput(_why_unauthorised(self._address, str(error))) from None
        except requests.exceptions.RequestException as error:
            raise Unreachable(
                f"address (={self._address!r}): no Ray dashboard answers there "
                f"({_cause(error)}); it is usually http://<head>:8265, through a tunnel "
                "(`ray dashboard CLUSTER.yaml`) where its port is closed"
            ) from None


class Unreachable(GanrayError):
    """Nobody answers, now at least."""


def reach(address: str | None) -> Jobs:
    """The jobs of the cluster whose dashboard is at `address`.

    Raises:
        RefusedInput: it is no dashboard's URL, nobody answers there within seconds, or the token
            is missing or wrong.
    """
    url = _dashboard_url(address)
    for name in _LOGGERS:
        logging.getLogger(f"ray.{name}").setLevel(logging.WARNING)
    # Ray lets these override the address that it is given.
    hidden = {n: os.environ.pop(n, None) for n in ("RAY_API_SERVER_ADDRESS", "RAY_ADDRESS")}
    try:
        return Jobs(url)
    except AuthenticationError as error:  # a token is wanted by this side, and there is none
        raise RefusedInput(_why_unauthorised(url, str(error))) from None
    except Unreachable as error:
        raise RefusedInput(str(error)) from None
    except (RuntimeError, ValueError, KeyError) as error:
        if isinstance(error, GanrayError):
            raise
        raise RefusedInput(
            f"address (={url!r}): what answers there is no Ray dashboard; "
            "it is usually at http://<head>:8265"
        ) from None
    finally:
        os.environ.update({n: value for n, value in hidden.items() if value is not None})


def _dashboard_url(address: str | None) -> str:
    if not address:
        raise RefusedInput(
            "--address is needed: the URL of the cluster's dashboard, usually "
            "http://<head>:8265 (or RAY_API_SERVER_ADDRESS)"
        )
    url = address if is_url(address) else f"http://{address}"
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and parts.hostname and parts.port
    except ValueError:
        sound = False
    if not sound or address == "auto" or without_secrets(url) != url:
        raise RefusedInput(
            f"--address (={address_without_secrets(address)!r}) must be the URL of the cluster's "
            "dashboard, such as http://127.0.0.1:8265, without user, password and query"
        )
    return url


def _why_unauthorised(address: str, said: str) -> str:
    if "failed" in said.split(":")[0]:
        return (
            f"the token for {address} is wrong; it is in RAY_AUTH_TOKEN, the file that "
            "RAY_AUTH_TOKEN_PATH names, or ~/.ray/auth_token"
        )
    return (
        f"{address} wants a token: set RAY_AUTH_MODE=token, and the token in RAY_AUTH_TOKEN, in "
        "the file that RAY_AUTH_TOKEN_PATH names, or in ~/.ray/auth_token"
    )


def _cause(error: Exception) -> str:
    if isinstance(error, requests.exceptions.Timeout):
        return "no answer in time"
    if "refused" in str(error):
        return "connection refused"
    if "resolve" in str(error) or "Name or service" in str(error):
        return "the name is not known"
    return type(error).__name__


def find(jobs: Jobs, mark: Purpose, base: str) -> tuple[str, bool]:
    """Where a run belongs: (the job that runs it, True), or (the id of its next attempt, False).

    Raises:
        RefusedInput: the id, or the study's name with this store, runs something else now.
    """
    known = {job.submission_id: job for job in jobs.list_jobs() if job.type == JobType.SUBMISSION}
    for name, job in known.items():
        ours, other = _is_attempt(name, base), Purpose.of(job)
        related = other is not None and (other.study, other.store) == (mark.study, mark.store)
        if job.status.is_terminal() or not (ours or related):
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
    deadline = time.monotonic() + _AGENT_SECONDS
    while True:
        try:
            jobs.submit_job(
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


def job_info(jobs: Jobs, name: str) -> JobDetails:
    """What the cluster knows of a job.

    Raises:
        RefusedInput: there is none of that id; names those that there are.
    """
    try:
        return jobs.get_job_info(name)
    except RuntimeError:
        known = [job.submission_id for job in jobs.list_jobs() if job.submission_id]
        raise RefusedInput(
            f"job (={quoted(name)}) is not known to the cluster; jobs: {', '.join(known) or 'none'}"
        ) from None


def exit_code(job: JobDetails) -> int:
    """What a finished job's `ganray` exited with; 4 if it was stopped, 1 if it never got so far."""
    if job.status == JobStatus.STOPPED:
        return 4
    code = 1 if job.driver_exit_code is None else job.driver_exit_code
    return code if code in range(5) else 1
