"""What waits to be begun, and what is given up before it is."""

from __future__ import annotations

from ganray.distributed.scheduler.supervisor import Supervisor
from ganray.errors import GanrayError
from tests.distributed.scheduler import test_launching
from tests.distributed.scheduler.test_launching import TASKS

run = test_launching.run


def test_what_is_given_up_with_one_that_fails_is_not_queued(run: Supervisor, monkeypatch) -> None:
    """Both were ready at once; of one the store holds something damaged."""

    def asked(task) -> bool:
        if task is TASKS["train"]:
            raise GanrayError("damaged")
        return False

    monkeypatch.setattr(run.agenda, "settled", asked)
    run.tell = lambda event: "failed" in event.details and run.agenda.fail(TASKS["sample"], "why")
    assert not run.backlog.enlist(1)
    assert run.agenda.failed.keys() == {task.address for task in TASKS.values()}
