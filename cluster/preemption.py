"""Drain this Ray node as soon as the cloud says that it will take the machine away.

    python preemption.py aws|gcp

runs beside a worker until such a notice comes. `ray drain-node` then keeps new work away and lets
running trainers write a checkpoint, so that a preemption costs no work and counts as no failure.
Without it a preempted machine looks like one that died: work since the last checkpoint is lost.

Needs the standard library and Ray's command line only. The variables by which botocore and
google-auth find the metadata service, AWS_EC2_METADATA_SERVICE_ENDPOINT and GCE_METADATA_HOST,
count here too.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable

POLL_SECONDS = 5.0  # as both clouds advise
NOTICE_SECONDS = {"aws": 120, "gcp": 30}  # from the notice to the end of the machine, as documented


def aws_notice() -> str:
    """The notice of a spot instance, e.g. '{"action": "terminate", "time": …}'; empty when none."""
    service = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://169.254.169.254")
    service = service.rstrip("/")
    lifetime = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
    token = _ask(f"{service}/latest/api/token", lifetime, "PUT")
    return _ask(
        f"{service}/latest/meta-data/spot/instance-action", {"X-aws-ec2-metadata-token": token}
    )


def gcp_notice() -> str:
    """'TRUE' once Compute Engine has begun to preempt this machine; empty before."""
    service = os.environ.get("GCE_METADATA_HOST", "metadata.google.internal")
    answer = _ask(
        f"http://{service}/computeMetadata/v1/instance/preempted", {"Metadata-Flavor": "Google"}
    )
    return answer if answer == "TRUE" else ""


NOTICES: dict[str, Callable[[], str]] = {"aws": aws_notice, "gcp": gcp_notice}


def drain(message: str, seconds: int) -> int:
    """Ask Ray to drain this node, which will be gone in `seconds`; the command's exit code."""
    words = ["ray", "drain-node", "--reason", "DRAIN_NODE_REASON_PREEMPTION"]
    words += ["--reason-message", message, "--deadline-remaining-seconds", str(seconds)]
    return subprocess.run(words, check=False).returncode


def main(cloud: str) -> int:
    """Wait for the notice of a cloud, then drain; 0 when Ray has accepted it."""
    while not (notice := NOTICES[cloud]()):
        time.sleep(POLL_SECONDS)
    print(f"preemption notice: {notice}", flush=True)
    return drain(notice, NOTICE_SECONDS[cloud])


def _ask(url: str, headers: dict[str, str], method: str = "GET") -> str:
    """A metadata value; empty when there is none, or when the service does not answer now."""
    request = urllib.request.Request(url, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=POLL_SECONDS) as answer:
            return answer.read().decode().strip()
    except (urllib.error.URLError, TimeoutError):
        return ""


if __name__ == "__main__":
    if sys.argv[1:] not in (["aws"], ["gcp"]):
        sys.exit(f"preemption.py: the one argument must be aws or gcp, not {sys.argv[1:]}")
    sys.exit(main(sys.argv[1]))
