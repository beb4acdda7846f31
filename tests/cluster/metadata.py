"""A cloud's metadata service, as far as it tells of preemption.

    python -m tests.cluster.metadata PORT

serves on loopback one whose notice stands already.
"""

from __future__ import annotations

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

AWS_NOTICE = '{"action": "terminate", "time": "2030-01-01T00:00:00Z"}'


class Metadata(BaseHTTPRequestHandler):
    """Answers as both clouds do: nothing without the right headers, no notice as 404 or FALSE."""

    notice = threading.Event()
    asked: ClassVar[list[str]] = []

    def do_PUT(self) -> None:
        lifetime = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds")
        right = self.path == "/latest/api/token" and lifetime
        self._answer(200 if right else 400, "secret" if right else "")

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path == "/latest/meta-data/spot/instance-action":
            if self.headers.get("X-aws-ec2-metadata-token") != "secret":
                self._answer(401, "")
            else:
                self._answer(*((200, AWS_NOTICE) if self.notice.is_set() else (404, "Not Found")))
        elif self.path == "/computeMetadata/v1/instance/preempted":
            right = self.headers.get("Metadata-Flavor") == "Google"
            self._answer(200 if right else 403, "TRUE" if self.notice.is_set() else "FALSE")
        else:
            self._answer(404, "")

    def _answer(self, status: int, body: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    Metadata.notice.set()
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Metadata).serve_forever()
