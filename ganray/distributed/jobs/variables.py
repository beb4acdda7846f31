"""Which environment variables travel with a job, and which a job may lack."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence

from ganray.errors import RefusedInput, quoted
from ganray.text.redaction import SECRET_NAME, redacted
from ganray.text.urls import without_secrets

_OF_BUCKETS = (
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
)
_BUCKET_FAILED = re.compile(r"(?m)^(?:error|failed): .*(?:s3://|AWS_)")


def passed_on(names: Sequence[str]) -> dict[str, str]:
    """The environment variables of these names, to be given to a job.

    Raises:
        RefusedInput: one is not set, or may hold a secret, such as a URL with a password: Ray
            shows a job's environment.
    """
    for name in names:
        value, said = os.environ.get(name, ""), quoted(without_secrets(name).partition("=")[0])
        if _may_be_secret(name, value):
            raise RefusedInput(
                f"--env (={said}) may be a secret, and the dashboard shows a job's environment "
                "to everyone: give the nodes an instance role, or set it on them before `ray start`"
            )
        if name not in os.environ:
            raise RefusedInput(f"--env (={said}) is not set here")
    return {name: os.environ[name] for name in names}


def missed(log: str, given: Mapping[str, str]) -> str | None:
    """What to do where a job failed at a bucket that this machine has settings for; else None.

    Args:
        log: the last of what the job has said.
        given: the variables that it was given.
    """
    here = [name for name in _OF_BUCKETS if os.environ.get(name) and name not in given]
    if not here or not _BUCKET_FAILED.search(log):
        return None
    secret = [name for name in here if _may_be_secret(name, os.environ[name])]
    plain = [name for name in here if name not in secret]
    ways = []
    if plain:
        ways.append(f"submit with {' '.join(f'--env {name}' for name in plain)}")
    if secret:
        ways.append(
            f"set {', '.join(secret)} on the nodes before `ray start`, or give these an instance "
            "role"
        )
    said = f"{', '.join(here)} {'are' if len(here) > 1 else 'is'} set here and not given to the job"
    return f"{said}; where the nodes lack them, {'; '.join(ways)}"


def _may_be_secret(name: str, value: str) -> bool:
    harmless = redacted(value) == value == without_secrets(value)
    return bool(SECRET_NAME.search(name)) or not harmless
