"""Ray's own job client, for what its REST interface leaves to it: files that travel with a job."""

from __future__ import annotations

import logging
import os
from typing import Any

import requests
from ray.exceptions import AuthenticationError
from ray.job_submission import JobSubmissionClient

from ganray.distributed.jobs.client import SECONDS, unreachable, why_unauthorised
from ganray.errors import RefusedInput

_LOGGERS = ("dashboard.modules.dashboard_sdk", "dashboard.modules.job.sdk", "_private.runtime_env")


class Uploads(JobSubmissionClient):
    """Ray's job client, with time-outs and with errors of one line."""

    def _do_request(self, method: str, endpoint: str, **options: Any) -> Any:
        options.setdefault("timeout", SECONDS)
        try:
            return super()._do_request(method, endpoint, **options)
        except AuthenticationError as error:
            wrong = "failed" in str(error).split(":")[0]
            raise RefusedInput(why_unauthorised(self._address, wrong)) from None
        except requests.exceptions.RequestException as error:
            raise unreachable(self._address, error) from None


def uploads_to(address: str) -> Uploads:
    """The client of the dashboard at a URL, which has been reached.

    Raises:
        RefusedInput, Unreachable: it is not reached any more.
    """
    for name in _LOGGERS:
        logging.getLogger(f"ray.{name}").setLevel(logging.WARNING)
    # Ray lets these override the address that it is given.
    hidden = {n: os.environ.pop(n, None) for n in ("RAY_API_SERVER_ADDRESS", "RAY_ADDRESS")}
    try:
        return Uploads(address)
    finally:
        os.environ.update({n: value for n, value in hidden.items() if value is not None})
