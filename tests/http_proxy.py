"""A real forward proxy on loopback: what is asked of it, and what it answers."""

from __future__ import annotations

import contextlib
import http.client
import select
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

NAMES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")


@contextlib.contextmanager
def forward_proxy(refuse: int | None = None) -> Iterator[tuple[str, list[str]]]:
    """The proxy's URL, and the "METHOD target credentials" of each request that it got.

    Args:
        refuse: the status that it answers to every request, going nowhere.
    """
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def noted(self) -> bool:
            """Whether it may go on."""
            known = self.headers.get("Proxy-Authorization", "-")
            asked.append(f"{self.command} {self.path} {known}")
            if refuse is not None:
                self.send_response(refuse)
                self.send_header("Content-Length", "0")
                self.end_headers()
            return refuse is None

        def do_CONNECT(self) -> None:
            if not self.noted():
                return
            host, _, port = self.path.rpartition(":")
            with socket.create_connection((host, int(port))) as there:
                self.send_response(200)
                self.end_headers()
                _carry(self.connection, there)
            self.close_connection = True

        def forward(self) -> None:
            if not self.noted():
                return
            parts = urlsplit(self.path)
            there = http.client.HTTPConnection(parts.netloc)
            there.request(self.command, parts.path or "/", headers={"Accept-Encoding": "identity"})
            answer = there.getresponse()
            data = answer.read()
            self.send_response(answer.status)
            self.send_header("Content-Length", answer.headers.get("Content-Length", "0"))
            self.end_headers()
            self.wfile.write(data)
            there.close()

        do_GET = do_HEAD = forward

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", asked
        finally:
            server.shutdown()
            serving.join()


def _carry(one: socket.socket, other: socket.socket) -> None:
    ends = {one: other, other: one}
    while True:
        for end in select.select(list(ends), [], [])[0]:
            if not (data := end.recv(1 << 16)):
                return
            ends[end].sendall(data)
