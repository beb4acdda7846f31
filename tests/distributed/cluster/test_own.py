"""A local Ray has the cores of its process, and starts whatever the length of TMPDIR."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from ganray.distributed.cluster import connect, own
from ganray.errors import RefusedInput
from tests import HANG_SECONDS

pytestmark = pytest.mark.ray


@pytest.mark.slow
def test_a_local_ray_starts_in_a_long_tmpdir_with_the_cores_of_its_process(tmp_path):
    """In a child of one core, whose TMPDIR has 120 characters."""
    folder = tmp_path / ("x" * max(1, 119 - len(str(tmp_path))))
    folder.mkdir(exist_ok=True)
    code = f"""
        import json, os
        os.sched_setaffinity(0, {{{min(os.sched_getaffinity(0))}}})
        from ganray.distributed.cluster.connect import connected, told_of_own
        from ganray.distributed.ray_internals import session_folder
        import ray
        told = told_of_own(None)
        with connected(None):
            where = ray.get(ray.remote(lambda: os.environ["TMPDIR"]).remote())
            session, cores = session_folder(), ray.cluster_resources()["CPU"]
            lies, again = os.path.realpath(session), told_of_own(None)
        left = session.parent.parent.exists()
        print(json.dumps([told, again, where, str(session), lies, cores, left]))
        """
    words = [sys.executable, "-c", textwrap.dedent(code)]
    environment = {"TMPDIR": str(folder), "HOME": str(tmp_path)}
    run = subprocess.run(words, capture_output=True, text=True, timeout=HANG_SECONDS,
                         env=os.environ | environment)  # fmt: skip
    assert run.returncode == 0, run.stderr[-3000:]
    told, again, where, session, lies, cores, left = json.loads(run.stdout.splitlines()[-1])
    assert told.startswith("a local Ray on ")
    assert again == ""
    assert cores == 1
    assert where == str(folder)
    assert len(session) < 80
    assert lies.startswith(f"{os.path.realpath(folder)}/ray/session_")
    assert not left


def test_the_limit_is_told_where_no_short_path_can_be_made(monkeypatch, tmp_path):
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path / ("x" * 120)))
    monkeypatch.setattr(own, "_SHORT", (str(tmp_path / "nothing"), "/" + "x" * 60))
    with pytest.raises(RefusedInput, match=r"too long for Ray.* at most 107 bytes.*RAY_TMPDIR"):
        own.own_options().__enter__()


def test_a_long_folder_that_cannot_be_written_is_told_so(monkeypatch, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path / "file" / ("x" * 120)))
    with pytest.raises(RefusedInput, match="cannot be written: Not a directory"):
        own.own_options().__enter__()


def test_a_short_folder_is_left_to_ray(monkeypatch):
    monkeypatch.setenv("RAY_TMPDIR", "/tmp")
    with own.own_options() as options:
        assert set(options) == {"num_cpus"}


def test_what_is_there_already_is_not_told_as_an_own_one(ray_session):
    assert connect.told_of_own(None) == ""
    assert connect.told_of_own("auto") == ""


def test_workers_load_the_ganray_that_their_driver_has(monkeypatch, tmp_path):
    """That of a checkout in which `python -m ganray` is called, and not an installed one."""
    root = Path(own.__file__).parents[3]
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "script.py")])
    for place, expected in ((tmp_path, "/elsewhere"), (root, f"{root}{os.pathsep}/elsewhere")):
        monkeypatch.chdir(place)
        with own.preloading():
            assert os.environ["PYTHONPATH"] == expected
        assert os.environ["PYTHONPATH"] == "/elsewhere"
