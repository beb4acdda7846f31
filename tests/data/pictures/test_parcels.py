"""Pictures on their way to several processes, and back in order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from ganray.data.pictures import parcels
from ganray.data.pictures.parcels import in_order


@pytest.mark.parametrize(("most", "right"), [(10**9, 5), (2500, 3), (100, 1)])
def test_what_is_under_way_is_bounded_by_its_bytes(monkeypatch, most, right):
    """However many workers there are: a parcel of one large picture is sent alone."""
    monkeypatch.setattr(parcels, "_BYTES_UNDER_WAY", most)
    monkeypatch.setattr(
        parcels, "ProcessPoolExecutor", lambda workers, mp_context: ThreadPoolExecutor(workers)
    )
    taken = []

    def source():
        for number in range(9):
            taken.append(number)
            yield [(str(number), bytes(900))]

    answers = in_order(lambda parcel: parcel[0][0], source(), workers=2, answer=100)
    assert next(answers) == "0"
    assert len(taken) == right
    assert list(answers) == [str(number) for number in range(1, 9)]
