"""A cluster's jobs by Ray's REST interface: to look at one needs no Ray, which takes a second.

https://docs.ray.io/en/latest/cluster/running-applications/job-submission/rest.html
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp
import requests
from pydantic import BaseModel, ValidationError

from ganray.errors import GanrayError, RefusedInput
from ganray.text.proxies import requests_proxy_for, through_proxy
from ganray.text.urls import address_without_secrets, is_url, without_secrets

SECONDS = (10.0, 60.0)
"""To connect, and to answer."""
_ENDED = ("STOPPED", "SUCCEEDED", "FAILED")


class Job(BaseModel):
    """What a cluster knows of a job; `status` is PENDING, RUNNING or how it ended."""

    type: str = "SUBMISSION"
    submission_id: str | None = None
    status: str
    message: str | None = None
    metadata: dict[str, str] | None = None
    runtime_env: dict[str, Any] | None = None
    driver_exit_code: int | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more is to come of it."""
        return self.status in _ENDED


class Unreachable(GanrayError):
    """Nobody answers, now at least."""


class NotAnswered(GanrayError):
    """The dashboard answers that it cannot do what was asked, with its own words."""


class Jobs:
    """The jobs of one cluster.

    Every method raises `Unreachable` where nobody answers within seconds, `RefusedInput` where the
    token is missing or wrong, and `NotAnswered` for whatever else the dashboard says.
    """

    def __init__(self, address: str) -> None:
        self._address, self._headers = address.rstrip("/"), _headers(address)

    @property
    def address(self) -> str:
        """The URL of the dashboard."""
        return self._address

    def version(self) -> str:
        """Ray's version there."""
        return str(self._ask("GET", "/api/version")["ray_version"])

    def all(self) -> list[Job]:
        """Every job that the cluster remembers, also those that nobody submitted."""
        return [Job.model_validate(one) for one in self._ask("GET", "/api/jobs/")]

    def info(self, name: str) -> Job:
        """One job."""
        return Job.model_validate(self._ask("GET", f"/api/jobs/{quote(name, safe='')}"))

    def log(self, name: str) -> str:
        """The whole log of a job."""
        return str(self._ask("GET", f"/api/jobs/{quote(name, safe='')}/logs")["logs"])

    def stop(self, name: str) -> None:
        """Ask a job to stop."""
        self._ask("POST", f"/api/jobs/{quote(name, safe='')}/stop")

    async def tail(self, name: str) -> AsyncIterator[str]:
        """What a job has written and writes, until the connection ends."""
        url = f"{self._address}/api/jobs/{quote(name, safe='')}/logs/tail"
        async with (
            aiohttp.ClientSession(headers=self._headers, trust_env=True) as session,
            session.ws_connect(url, headers=self._headers) as connection,
        ):
            async for message in connection:
                if message.type == aiohttp.WSMsgType.TEXT:
                    yield message.data

    def _ask(self, method: str, path: str) -> Any:
        try:
            answer = requests.request(
                method, self._address + path, headers=self._headers, timeout=SECONDS
            )
        except requests.exceptions.RequestException as error:
            raise unreachable(self._address, error) from None
        if answer.status_code in (401, 403):
            raise RefusedInput(why_unauthorised(self._address, answer.status_code == 403))
        if answer.status_code != 200:
            raise NotAnswered(" ".join(answer.text.split())[:300])
        try:
            return answer.json()
        except ValueError:
            raise NotAnswered("its answer is no JSON") from None


def reach(address: str | None) -> Jobs:
    """The jobs of the cluster whose dashboard is at `address`.

    Raises:
        RefusedInput: it is no dashboard's URL, nobody answers there within seconds, or the token
            is missing or wrong.
    """
    jobs = Jobs(_dashboard_url(address))
    try:
        jobs.version()
    except Unreachable as error:
        raise RefusedInput(str(error)) from None
    except (NotAnswered, KeyError, TypeError, ValidationError):
        raise RefusedInput(
            f"address (={jobs.address!r}): what answers there is no Ray dashboard"
            f"{_by_proxy(jobs.address)}; it is usually at http://<head>:8265"
        ) from None
    return jobs


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


def _headers(address: str) -> dict[str, str]:
    """What goes with every request: the user's own headers, and the token where Ray has one sent.

    Raises:
        RefusedInput: a token is wanted by this side, and there is none.
    """
    own = os.environ.get("RAY_JOB_HEADERS")
    headers: dict[str, str] = json.loads(own) if own else {}
    named = any(name.lower() == "authorization" for name in headers)
    if named or os.environ.get("RAY_AUTH_MODE", "").lower() != "token":
        return headers
    token = _token()
    if not token:
        raise RefusedInput(why_unauthorised(address, wrong=False))
    return headers | {"Authorization": f"Bearer {token}"}


def _token() -> str:
    """From where Ray takes it, in Ray's order."""
    if token := os.environ.get("RAY_AUTH_TOKEN"):
        return token.strip()
    path = Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or Path.home() / ".ray" / "auth_token")
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def unreachable(address: str, error: Exception) -> Unreachable:
    """That nobody answers at an address, and why."""
    return Unreachable(
        f"address (={address!r}): no Ray dashboard answers there ({_cause(error)})"
        f"{_by_proxy(address)}; it is usually http://<head>:8265, through a tunnel (`ray dashboard "
        "CLUSTER.yaml`) where its port is closed"
    )


def why_unauthorised(address: str, wrong: bool) -> str:
    """What is said where the token is missing, or wrong."""
    if wrong:
        return (
            f"the token for {address} is wrong{_by_proxy(address)}; it is in RAY_AUTH_TOKEN, the "
            "file that RAY_AUTH_TOKEN_PATH names, or ~/.ray/auth_token"
        )
    return (
        f"{address} wants a token: set RAY_AUTH_MODE=token, and the token in RAY_AUTH_TOKEN, in "
        "the file that RAY_AUTH_TOKEN_PATH names, or in ~/.ray/auth_token"
    )


def _by_proxy(address: str) -> str:
    return through_proxy(address, requests_proxy_for)


def _cause(error: Exception) -> str:
    if isinstance(error, requests.exceptions.Timeout):
        return "no answer in time"
    if "refused" in str(error):
        return "connection refused"
    if "resolve" in str(error) or "Name or service" in str(error):
        return "the name is not known"
    return type(error).__name__
