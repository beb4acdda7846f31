"""A proxy before a real S3 server that misbehaves as told: seeded and counted.

    with running_proxy(server.endpoint) as proxy:
        proxy.switch(Faults(kinds=("503", "reset"), share=0.2, seed=1))
        …
        proxy.switch(None)
        proxy.counts                     # what was done to whom

    python -m tests.s3_proxy LISTEN UPSTREAM FAULTS.json LOG.jsonl

runs it in a process of its own; FAULTS.json holds the fields of `Faults` or null, and is read anew
whenever it changes. A request is passed on byte by byte: its signature covers the `Host` header.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import socket
import struct
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests import HANG_SECONDS

REFUSED = {
    "500": (500, "Internal Server Error", "InternalError"),
    "503": (503, "Slow Down", "SlowDown"),
}
KINDS = {
    "500": "an answer of 500 InternalError, and nothing done",
    "503": "an answer of 503 SlowDown, and nothing done",
    "silence": "no answer at all, and a closed connection after some seconds",
    "timeout": "no answer for longer than any client waits",
    "cut_upload": "a reset while the request's body is read, and nothing done",
    "reset": "a reset in the middle of the answer, when the work is done",
    "truncated": "a connection that ends in the middle of the answer, when the work is done",
    "slow": "an answer that comes piece by piece",
    "lost_reply": "a reset instead of the answer, when the work is done",
    "late_write": "a reset, and the work done a while after it",
}
_HEAD_BYTES = 2**16


@dataclass(frozen=True)
class Faults:
    """Which faults, for which requests.

    Args:
        share: of the requests, in [0, 1].
        methods: those of HTTP that are meant; all when empty.
        limit: how many faults of one kind at most.
        seconds: how long a silence, a slow answer or a delay of a write lasts.
    """

    kinds: tuple[str, ...]
    share: float = 1.0
    seed: int = 0
    methods: tuple[str, ...] = ()
    limit: int = 1_000_000
    seconds: float = 3.0

    def __post_init__(self) -> None:
        if unknown := set(self.kinds) - KINDS.keys():
            raise ValueError(f"kinds (={sorted(unknown)}) must be of {sorted(KINDS)}")


@dataclass
class S3Proxy:
    """The state of one proxy. `switch` may be called from any thread."""

    upstream: tuple[str, int]
    log: Callable[[dict[str, Any]], None] = lambda _: None
    counts: Counter[str] = field(default_factory=Counter)
    endpoint: str = ""
    _faults: Faults | None = None
    _random: random.Random = field(default_factory=random.Random)
    _done: Counter[str] = field(default_factory=Counter)
    _late: set[asyncio.Task[Any]] = field(default_factory=set)
    _serving: set[asyncio.Task[Any] | None] = field(default_factory=set)

    def switch(self, faults: Faults | None) -> None:
        """From now on misbehave so; None is not at all."""
        self._random = random.Random(faults.seed if faults else 0)
        self._done = Counter()
        self._faults = faults

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one client's requests, one after another."""
        own = asyncio.current_task()
        self._serving.add(own)  # else nobody holds it, and it may be collected as it waits
        try:
            while (request := await _Request.read(reader, writer)) is not None:
                kind = self._draw(request)
                if kind:
                    self.counts[kind] += 1
                    self.log({"fault": kind, "method": request.method, "path": request.path})
                if not await self._answer(request, kind, writer):
                    return
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # either side has gone, or the proxy ends: so does this connection
        finally:
            self._serving.discard(own)
            writer.close()

    def _draw(self, request: _Request) -> str:
        """The fault for this request, or an empty word."""
        faults = self._faults
        if faults is None or (faults.methods and request.method not in faults.methods):
            return ""
        if self._random.random() >= faults.share:
            return ""
        possible = [
            kind
            for kind in faults.kinds
            if self._done[kind] < faults.limit and (kind != "cut_upload" or request.body)
        ]
        kind = self._random.choice(possible) if possible else ""
        self._done[kind] += 1
        return kind

    async def _answer(self, request: _Request, kind: str, writer: asyncio.StreamWriter) -> bool:
        """Answer, rightly or wrongly; whether the connection can go on."""
        seconds = self._faults.seconds if self._faults else 0.0
        if kind in REFUSED:
            writer.write(_refusal(*REFUSED[kind], head=request.method == "HEAD"))
            await writer.drain()
            return True
        if kind in ("silence", "timeout"):
            await asyncio.sleep(3600 if kind == "timeout" else seconds)
            return False
        if kind in ("cut_upload", "late_write"):
            if kind == "late_write":
                late = asyncio.create_task(self._do_late(request, seconds))
                self._late.add(late)
                late.add_done_callback(self._late.discard)
            _reset(writer)
            return False
        reply, lasting = await self._ask(request)
        if kind == "lost_reply":
            _reset(writer)
        elif kind in ("reset", "truncated"):
            writer.write(reply[: max(1, len(reply) // 2)])
            await writer.drain()
            await asyncio.sleep(0.05)  # else a reset overtakes what was written
            if kind == "reset":
                _reset(writer)
        elif kind == "slow":
            await _trickle(reply, seconds, writer)
            return lasting
        else:
            writer.write(reply)
            await writer.drain()
            return lasting
        return False

    async def _do_late(self, request: _Request, seconds: float) -> None:
        await asyncio.sleep(seconds)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await self._ask(request)

    async def _ask(self, request: _Request) -> tuple[bytes, bool]:
        """The server's whole answer, and whether it leaves a connection open."""
        reader, writer = await asyncio.open_connection(*self.upstream)
        try:
            writer.write(request.head + request.body)
            await writer.drain()
            head = await reader.readuntil(b"\r\n\r\n")
            status, fields = int(head.split(b" ", 2)[1]), _fields(head)
            if request.method == "HEAD" or status in (204, 304):
                return head, True
            if "chunked" in fields.get("transfer-encoding", ""):
                return head + await _chunks(reader), True
            if "content-length" in fields:
                return head + await reader.readexactly(int(fields["content-length"])), True
            return head + await reader.read(), False
        finally:
            writer.close()


@dataclass(frozen=True)
class _Request:
    """A request as the client sent it."""

    method: str
    path: str
    head: bytes
    body: bytes

    @classmethod
    async def read(
        cls, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> _Request | None:
        """The next request, or None where the client has finished."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        method, path = head.decode("latin-1").split(" ", 2)[:2]
        fields = _fields(head)
        if "100-continue" in fields.get("expect", ""):
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if "chunked" in fields.get("transfer-encoding", ""):
            return cls(method, path, head, await _chunks(reader))
        length = int(fields.get("content-length", 0))
        return cls(method, path, head, await reader.readexactly(length))


def _fields(head: bytes) -> dict[str, str]:
    lines = (line.partition(":") for line in head.decode("latin-1").split("\r\n")[1:])
    return {name.strip().lower(): value.strip() for name, _, value in lines if name}


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    """A chunked body as it stands, its last chunk included."""
    found = b""
    while True:
        line = await reader.readuntil(b"\r\n")
        size = int(line.split(b";")[0], 16)
        found += line + await reader.readexactly(size + 2)
        if size == 0:
            return found


async def _trickle(reply: bytes, seconds: float, writer: asyncio.StreamWriter) -> None:
    pieces = 10
    size = max(1, -(-len(reply) // pieces))
    for at in range(0, len(reply), size):
        writer.write(reply[at : at + size])
        await writer.drain()
        await asyncio.sleep(seconds / pieces)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST instead of FIN."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def _refusal(status: int, reason: str, code: str, *, head: bool) -> bytes:
    body = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>fault</Message></Error>'
    lines = (
        f"HTTP/1.1 {status} {reason}",
        "Content-Type: application/xml",
        f"Content-Length: {0 if head else len(body)}",
    )
    return ("\r\n".join([*lines, "", ""]) + ("" if head else body)).encode()


@contextlib.contextmanager
def running_proxy(endpoint: str) -> Iterator[S3Proxy]:
    """A proxy before `endpoint`, on a free loopback port, in a thread of this process."""
    parts = urlsplit(endpoint)
    proxy = S3Proxy((parts.hostname or "", parts.port or 80))
    loop, ready = asyncio.new_event_loop(), threading.Event()

    async def body() -> None:
        server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0, limit=_HEAD_BYTES)
        proxy.endpoint = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ready.set()
        await stopped.wait()
        server.close()

    stopped = asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(body()), daemon=True)
    thread.start()
    ready.wait(HANG_SECONDS)
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join(10)
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


async def _serve(listen: str, upstream: str, faults: Path, log: Path) -> None:
    host, _, port = listen.rpartition(":")
    there, _, its_port = upstream.rpartition(":")

    def note(entry: dict[str, Any]) -> None:
        with log.open("a") as lines:
            lines.write(json.dumps({"time": time.time(), **entry}) + "\n")

    proxy = S3Proxy((there, int(its_port)), note)
    await asyncio.start_server(proxy.serve, host, int(port), limit=_HEAD_BYTES)
    seen = ""
    while True:
        text = faults.read_text() if faults.exists() else "null"
        if text != seen:
            seen, fields = text, json.loads(text)
            proxy.switch(Faults(**{**fields, "kinds": tuple(fields["kinds"])}) if fields else None)
        await asyncio.sleep(0.1)


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4])))
