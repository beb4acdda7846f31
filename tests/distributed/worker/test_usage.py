"""A thread that has no processor still tries; one that sleeps does not."""

from __future__ import annotations

import threading
import time

from ganray.distributed.worker.usage import effort


def test_a_thread_that_wants_the_processor_tries_and_a_sleeping_one_does_not():
    ending = threading.Event()

    def work() -> None:
        while not ending.is_set():
            sum(range(10_000))

    worker = threading.Thread(target=work)
    asleep = threading.Thread(target=ending.wait)
    worker.start()
    asleep.start()
    try:
        before = effort(worker.native_id)
        time.sleep(1.0)
        tried = effort(worker.native_id) - before
    finally:
        ending.set()
        worker.join()
        asleep.join()
    assert tried > 0.3
    before = effort(threading.get_native_id())
    time.sleep(1.0)
    assert effort(threading.get_native_id()) - before < 0.3


def test_a_thread_that_is_unknown_counts_for_nothing():
    before = time.process_time()
    assert before <= effort(0) <= time.process_time()
