"""A local Ray of one's own, as `ganray run` starts it: real processes, interrupted, on real S3."""

from __future__ import annotations

import os
import signal
import stat

import pytest

from ganray.distributed.cluster import connect
from ganray.errors import GanrayError
from ganray.runs.records.record import find_run
from ganray.stages import run_whole
from ganray.stages.workspace import Workspace
from ganray.store import Store
from ganray.studies import read_study
from tests.cli.command import CHEAP, SMALL, finish, start
from tests.distributed.processes import descendants, gone, listening
from tests.stages.stores import begun, copied

pytestmark = pytest.mark.ray

JOINT = "train/joint/0+1+2/0"
LOOPBACK = {"0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"}
"""127.0.0.1, ::1 and ::ffff:127.0.0.1 as the kernel writes them."""


@pytest.mark.chaos
def test_ctrl_c_ends_in_checkpoints_and_leaves_no_process(tiny_study, tiny_run, tmp_path):
    """As a terminal sends it: to the driver and to whatever else is in its process group."""
    store = Store(begun(tiny_run, tmp_path / "store"))
    one_worker = ("--set", "resources.num_cpus=2")
    many = (*CHEAP, *SMALL, *one_worker, "--set", "budget.iterations=100000")
    words = ("run", tiny_study, "--store", store.url, *many)
    process = start(*words, environment={"HOME": str(tmp_path)})
    served: set[str] = set()
    for line in process.stderr:
        if line.startswith("joint r0: ") and "images/s" in line:
            served = listening(process.pid)
            below = descendants(process.pid)
            os.killpg(process.pid, signal.SIGINT)
            break
    stopped = finish(process)
    assert stopped.code == 4, stopped
    assert "Traceback" not in stopped.err
    last = stopped.err.splitlines()[-1]
    assert last.startswith("error: stopped on request; ")
    assert "Resume with the same command" in last
    assert gone(lambda: [pid for pid in below if pid in descendants(1)])
    assert served <= LOOPBACK
    assert served

    gan = find_run(store, "tiny").plan.task(JOINT)
    kept = store.latest_checkpoint(gan.trajectory, 100_000)
    assert kept is not None
    shorter = [*many[1::2], f"budget.iterations={kept.step + 5}"]
    gan = read_study(str(tiny_study), shorter).plan().task(JOINT)
    run_whole(Workspace(store, gan))
    fresh = copied(tiny_run, tmp_path / "fresh", "data")
    run_whole(Workspace(fresh, gan))
    assert fresh.manifest(gan.address).digest == store.manifest(gan.address).digest

    token = tmp_path / ".ray" / "auth_token"
    if token.exists():  # Ray's authentication is on: nobody else on the machine may read the token
        assert stat.S_IMODE(token.stat().st_mode) == 0o600


@pytest.mark.s3
@pytest.mark.slow  # the short round of chaos in the default tests does that, too, and more
def test_a_study_on_ray_into_s3(tiny_study, tiny_run, s3_url, tmp_path):
    """The artifacts are those of a folder store without Ray; nothing of the keys is shown."""
    words = ("run", tiny_study, "--store", s3_url, *CHEAP)
    answer = finish(start(*words, environment={"HOME": str(tmp_path)}))
    assert answer.code == 0, answer
    assert answer.last == f"{s3_url}/reports/{answer.last.split('/')[-2]}/index.html"
    store = Store(s3_url)
    plan = find_run(store, "tiny").plan
    shared = set(plan.by_address) & set(tiny_run.plan.by_address)
    assert {plan.by_address[address].kind for address in shared} >= {
        *("data", "train", "encoder", "sample", "embed")
    }
    for address in shared:
        assert store.manifest(address).digest == tiny_run.store.manifest(address).digest
    assert not [p for manifest in store.manifests() for p in store.verify(manifest)]
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        assert os.environ[name] not in answer.out + answer.err


def test_a_local_ray_that_does_not_come_up_is_no_matter_of_an_address(monkeypatch):
    def init(**_: object) -> None:
        raise RuntimeError("The current node timed out during startup.\nMore of it")

    monkeypatch.setattr(connect.ray, "init", init)
    said = "^Ray could not be started here: The current node timed out during startup.$"
    with pytest.raises(GanrayError, match=said):
        connect._start(None, {})
