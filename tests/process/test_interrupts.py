"""Ctrl-C while a finaliser runs: it is neither lost nor shown, whatever swallowed it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests import HANG_SECONDS

SWALLOWED = """
import gc, signal, time, weakref
from ganray.cli import app, main

class Pool:
    pass

class Finalised:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)

class Circle(Finalised):
    def __init__(self):
        self.other = self

def interrupt(*_):
    signal.raise_signal(signal.SIGINT)

def finalize():
    pool = Pool()
    weakref.finalize(pool, interrupt)

def reference():
    pool = Pool()
    reference.kept = weakref.ref(pool, interrupt)

def circle():
    Circle()
    gc.collect()

def twice():
    Finalised()
    try:
        time.sleep(600)
    except KeyboardInterrupt:
        Finalised()

@app.command()
def linger():
    {way}()
    time.sleep(600)

main(["linger"])
"""


@pytest.mark.parametrize("way", ["finalize", "reference", "Finalised", "circle", "twice"])
def test_an_interrupt_in_a_finaliser_stops_the_command(way):
    script = SWALLOWED.format(way=way)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=HANG_SECONDS
    )
    assert done.stderr == "error: stopped; what was committed is kept\n"
    assert (done.stdout, done.returncode) == ("", 4)


def test_other_errors_of_finalisers_are_shown_as_before():
    script = (
        "from ganray.process.interrupts import keep_interrupts\n"
        "keep_interrupts()\nkeep_interrupts()\n"
        "class Faulty:\n    def __del__(self): raise ValueError('of a finaliser')\n"
        "Faulty()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stderr.count("ValueError: of a finaliser") == 1
