"""A headless Chromium, asked over the DevTools protocol what it made of a page."""

from __future__ import annotations

import asyncio
import base64
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

BINARY = shutil.which("chromium") or shutil.which("chromium-browser") or ""
_FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--remote-debugging-port=0",
]
_MEASURE = """({
  images: [...document.images].map(i => [i.alt, i.complete && i.naturalWidth > 0]),
  width: document.documentElement.scrollWidth,
  inner: window.innerWidth,
  height: document.documentElement.scrollHeight,
  title: document.title,
  text: document.body.innerText,
})"""


@dataclass
class Seen:
    """What the browser saw: complaints, requests beyond the file itself, and the layout."""

    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    layout: dict[str, Any] = field(default_factory=dict)
    picture: bytes = b""
    pdf: bytes = b""


def look(page: Path, profile: Path, width: int, pictures: bool = False) -> Seen:
    """Open a file in a window `width` CSS pixels wide; `pictures` takes a screenshot and a PDF."""
    command = [BINARY, *_FLAGS, f"--user-data-dir={profile}", "about:blank"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as browser:
        try:
            return asyncio.run(_look(browser, page.as_uri(), width, pictures))
        finally:
            browser.send_signal(signal.SIGTERM)


async def _look(browser: subprocess.Popen[str], url: str, width: int, pictures: bool) -> Seen:
    assert browser.stderr is not None
    # Chromium announces the free port that it took.
    line = next(text for text in browser.stderr if "DevTools listening on " in text)
    address = line.split("listening on ")[1].strip()
    async with aiohttp.ClientSession() as session, asyncio.timeout(60):
        async with session.put(f"http://{address.split('/')[2]}/json/new?about:blank") as reply:
            target = (await reply.json())["webSocketDebuggerUrl"]
        async with session.ws_connect(target, max_msg_size=0) as socket:
            return await Tab(socket).visit(url, width, pictures)


@dataclass
class Tab:
    """One tab, and what it told so far."""

    socket: aiohttp.ClientWebSocketResponse
    seen: Seen = field(default_factory=Seen)
    loaded: bool = False
    sent: int = 0

    async def visit(self, url: str, width: int, pictures: bool) -> Seen:
        """Open `url` and measure it once it is loaded."""
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.ask(f"{domain}.enable")
        await self._viewport(width, 844)
        await self.ask("Page.navigate", url=url)
        while not self.loaded:
            await self._hear()
        answer = await self.ask("Runtime.evaluate", expression=_MEASURE, returnByValue=True)
        self.seen.layout = answer["result"]["value"]
        self.seen.requests = [
            request
            for request in self.seen.requests
            if request != url and not request.startswith("data:")
        ]
        if pictures:
            await self._take_pictures()
        return self.seen

    async def _viewport(self, width: int, height: int) -> None:
        await self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    async def _take_pictures(self) -> None:
        shot = await self.ask("Page.captureScreenshot", captureBeyondViewport=True)
        self.seen.picture = base64.b64decode(shot["data"])
        printed = await self.ask("Page.printToPDF", printBackground=False, preferCSSPageSize=True)
        self.seen.pdf = base64.b64decode(printed["data"])

    async def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command and return its result."""
        self.sent += 1
        await self.socket.send_json({"id": self.sent, "method": method, "params": parameters})
        while True:
            message = await self._hear()
            if message.get("id") == self.sent:
                assert "error" not in message, message
                return message["result"]

    async def _hear(self) -> dict[str, Any]:
        message: dict[str, Any] = await self.socket.receive_json()
        method, parameters = message.get("method"), message.get("params", {})
        if method == "Page.loadEventFired":
            self.loaded = True
        elif method in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"):
            self.seen.complaints.append(str(parameters))
        elif method == "Network.requestWillBeSent":
            self.seen.requests.append(parameters["request"]["url"])
        return message
