"""A thread that has no processor still tries; one that sleeps does not."""

from __future__ import annotations

import threading
import time

from ganray.distributed.worker.usage import effort
from tests import HANG_SECONDS


def test_a_thread_that_wants_the_processor_tries_and_a_sleeping_one_does_not():
    ending, worked, may_wake = (threading.Event() for _ in range(3))

    def work() -> None:
        while not ending.is_set():
            sum(range(10_000))
            if time.thread_time() > 0.3:
                worked.set()

    worker = threading.Thread(target=work)
    asleep = threading.Thread(target=may_wake.wait)
    worker.start()
    asleep.start()
    assert worked.wait(HANG_SECONDS)
    tried = effort(worker.native_id)
    ending.set()
    worker.join()
    assert tried >= 0.3
    before = effort(asleep.native_id)
    time.sleep(0.5)
    assert effort(asleep.native_id) - before < 0.3
    may_wake.set()
    asleep.join()


def test_a_thread_that_is_unknown_counts_for_nothing():
    before = time.process_time()
    assert before <= effort(0) <= time.process_time()
