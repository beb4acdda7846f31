"""What the doctor says of what it finds."""

from __future__ import annotations

import pytest

pytest.importorskip("ray")

from ganray.cost.spending import Cost
from ganray.distributed.checks.doctor import _costs
from ganray.plan import Resources
from ganray.runs.agenda import Agenda
from ganray.store import Store


def test_a_damaged_record_of_what_was_spent_is_the_stores_failure(tiny_run, tmp_path):
    store = Store(str(tmp_path))
    store.put(f"runs/{tiny_run.plan.run}/spending/x.json", b"{")
    agenda = Agenda.open(tiny_run.plan, store)
    found = _costs(Resources(), Cost(), agenda, may_grow=False)
    assert (found.name, found.state) == ("store", "failed")
    assert "spending/x.json is damaged" in found.said
