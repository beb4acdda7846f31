"""What a study asks of an S3 store: requests and bytes, by the kind of task that asks.

    python -m tests.benchmarks.store_requests [study.yaml] [path=value …]

runs it in one process against a real S3 server, without a study the demo with two iterations of
each GAN: how long GANs train changes their checkpoints' requests alone.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiobotocore.httpsession import AIOHTTPSession

from ganray.cli import study as commands
from ganray.local import LocalRunner
from ganray.runs.agenda import Agenda
from ganray.runs.progress.events import Event
from ganray.store import Store
from ganray.studies import read_study
from tests.s3_server import BUCKET, running_s3_server

DEMO = Path(commands.__file__).parents[1] / "studies" / "marginal_vs_joint.yaml"
SHORT = (
    "name=demo",
    "budget.iterations=2",
    "search.steps=2",
    "encoder.epochs=1",
    "resources.device=cpu",
)


class Counted:
    """Requests and bytes of the kind of task that is being done."""

    def __init__(self) -> None:
        self.kind = "opening"
        self.requests: Counter[str] = Counter()
        self.sent: Counter[str] = Counter()
        self.received: Counter[str] = Counter()

    def around(self, send: Callable[..., Any]) -> Callable[..., Any]:
        async def counted(session: Any, request: Any) -> Any:
            answer = await send(session, request)
            self.requests[self.kind] += 1
            self.sent[self.kind] += int(request.headers.get("Content-Length") or 0)
            if request.method == "GET":
                self.received[self.kind] += int(answer.headers.get("Content-Length") or 0)
            return answer

        return counted

    def hear(self, event: Event) -> None:
        self.kind = event.kind


def main(words: list[str]) -> None:
    counted = Counted()
    AIOHTTPSession.send = counted.around(AIOHTTPSession.send)  # type: ignore[method-assign]
    file, changes = (words[0], words[1:]) if words else (str(DEMO), list(SHORT))
    with tempfile.TemporaryDirectory() as folder, running_s3_server(Path(folder)) as server:
        os.environ |= server.environment()
        store = Store(f"s3://{BUCKET}/requests")
        study = read_study(file, changes)
        agenda = Agenda.open(study.plan(store), store)
        LocalRunner(study.resources, counted.hear).run(agenda)
        assert agenda.complete, agenda.failed
    tasks = Counter(task.kind for task in agenda.plan.tasks)
    for kind in (*counted.requests, None):
        requests, sent, received = (
            one.total() if kind is None else one[kind]
            for one in (counted.requests, counted.sent, counted.received)
        )
        count = tasks.total() if kind is None else tasks[kind]
        print(f"{kind or 'all':10} {count:4} tasks  {requests:6} requests  "
              f"{sent / 1e6:8.2f} MB sent  {received / 1e6:8.2f} MB read")  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])
