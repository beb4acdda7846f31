"""Ray's REST interface asked without Ray: a stand-in that answers as a dashboard does."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ganray.distributed.jobs.client import NotAnswered, reach
from ganray.errors import RefusedInput

JOB = {"type": "SUBMISSION", "submission_id": "tiny-1", "status": "SUCCEEDED", "entrypoint": "x"}
ANSWERS = {
    "/api/version": {"ray_version": "2.60.0"},
    "/api/jobs/": [JOB, {"type": "DRIVER", "job_id": "01", "status": "RUNNING", "entrypoint": ""}],
    "/api/jobs/tiny-1": JOB | {"driver_exit_code": 3, "unknown to us": 1},
    "/api/jobs/tiny-1/logs": {"logs": "one\ntwo\n"},
    "/api/jobs/a%2Fb": JOB | {"submission_id": "a/b"},
}


class Dashboard(BaseHTTPRequestHandler):
    """Answers who has the token."""

    def do_GET(self) -> None:
        sent = self.headers.get("Authorization")
        if sent != "Bearer right":
            self._say(403 if sent else 401, b"Unauthorized")
        elif self.path in ANSWERS:
            self._say(200, json.dumps(ANSWERS[self.path]).encode())
        else:
            self._say(404, b"Job none does not exist")

    def _say(self, status: int, text: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def dashboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "right")
    monkeypatch.delenv("RAY_AUTH_TOKEN_PATH", raising=False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Dashboard)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_jobs_are_listed_and_looked_at(dashboard):
    jobs = reach(f"{dashboard}/")
    assert [one.submission_id for one in jobs.all()] == ["tiny-1", None]
    found = jobs.info("tiny-1")
    assert (found.status, found.ended, found.driver_exit_code) == ("SUCCEEDED", True, 3)
    assert jobs.log("tiny-1") == "one\ntwo\n"
    assert jobs.info("a/b").submission_id == "a/b"
    with pytest.raises(NotAnswered, match="does not exist"):
        jobs.info("none")


def test_the_token_is_taken_from_where_ray_takes_it(dashboard, monkeypatch, tmp_path):
    monkeypatch.delenv("RAY_AUTH_TOKEN")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(RefusedInput, match="wants a token: set RAY_AUTH_MODE"):
        reach(dashboard)
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray" / "auth_token").write_text("wrong\n")
    with pytest.raises(RefusedInput, match=f"the token for {dashboard} is wrong"):
        reach(dashboard)
    (tmp_path / "token").write_text("right\n")
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(tmp_path / "token"))
    assert reach(dashboard).version() == "2.60.0"
    monkeypatch.delenv("RAY_AUTH_MODE")
    with pytest.raises(RefusedInput, match="wants a token"):
        reach(dashboard)
    monkeypatch.setenv("RAY_JOB_HEADERS", '{"Authorization": "Bearer right"}')
    assert reach(dashboard).version() == "2.60.0"


def test_what_is_no_dashboard_is_said_so(dashboard, monkeypatch):
    monkeypatch.setitem(ANSWERS, "/api/version", {"version": 1})
    with pytest.raises(RefusedInput, match="what answers there is no Ray dashboard"):
        reach(dashboard)


def test_to_look_at_a_job_loads_neither_torch_nor_ray(dashboard):
    words = ["submit", "--follow", "tiny-1", "--no-wait", "--address", dashboard]
    code = (
        "import sys, atexit\nfrom ganray.cli import main\n"
        "atexit.register(lambda: print(sorted({'torch', 'ray'} & set(sys.modules))))\n"
        f"main({words!r})"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == ["tiny-1: SUCCEEDED", "[]"]
