"""Imported by Python itself when it starts, where this folder is on its path."""

import os
import time

import wrapt

_UNTIL = os.environ.get("GANRAY_TEST_SLOW_UNTIL")
_SECONDS = 0.2  # for each iteration: a report, which comes once a second, tells of five


def _slowed(module):
    advance = module.GanTrainer.advance
    told = []

    def slowly(trainer):
        losses = advance(trainer)
        if not told:
            told.append(True)
            with open(f"{_UNTIL}.begun", "a") as file:  # noqa: PTH123 (no imports: see below)
                file.write(f"{os.getpid()}\n")
        if not os.path.exists(_UNTIL):  # noqa: PTH110 (this runs before anything else: no imports)
            time.sleep(_SECONDS)
        return losses

    module.GanTrainer.advance = slowly


if _UNTIL:
    wrapt.register_post_import_hook(_slowed, "ganray.train.gan")
