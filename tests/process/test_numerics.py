"""Work side by side: in order, no more at a time than there are threads, to the first error."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest

from ganray.process.numerics import side_by_side, threads


@pytest.mark.parametrize("granted", [1, 2, 3])
def test_answers_come_in_order_from_no_more_threads_than_granted(granted):
    workers = set()

    def work(index: int) -> int:
        workers.add(threading.get_ident())
        time.sleep(0.001 * (index % 3))
        return index**2

    with threads(granted):
        assert list(side_by_side(work, 9)) == [index**2 for index in range(9)]
        assert list(side_by_side(work, 0)) == []
    assert len(workers) <= granted


@pytest.mark.parametrize("granted", [1, 2])
def test_the_first_error_is_raised_and_nothing_is_begun_after_it(granted):
    begun = []

    def work(index: int) -> int:
        begun.append(index)
        if index == 2:
            raise ValueError(index)
        return index

    with threads(granted), pytest.raises(ValueError, match="2"):
        list(side_by_side(work, 50))
    assert len(begun) <= 2 + granted + 1


def test_no_more_are_begun_than_are_asked_for():
    """Whoever takes one at a time holds as many answers as there are threads."""
    begun = []
    with threads(2):
        answers = side_by_side(begun.append, 50)
        next(answers)
        assert len(begun) <= 2
        answers.close()


_SAYS = """
import threadpoolctl
from ganray.process.numerics import threads
with threads(1):
    import scipy.linalg.lapack
    print(sorted(one["num_threads"] for one in threadpoolctl.threadpool_info()))
"""


def test_every_blas_is_held_to_threads_also_one_that_is_loaded_later():
    told = subprocess.run(
        [sys.executable, "-c", _SAYS],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(told.stdout.strip("[]\n").split(", ")) == {"1"}
