"""Computes everything anew and writes the results and the page."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import torch
from threadpoolctl import threadpool_limits

from tests.sees import PAGE, RESULTS, outliers, sanity, table
from tests.sees.page import page
from tests.sees.pictures import Source
from tests.sees.ruler import Ruler


def main() -> None:
    """On one thread; says what is done."""
    torch.set_num_threads(1)
    begun = time.process_time()

    def told(what: str) -> None:
        print(f"{time.process_time() - begun:5.0f} s  {what}", flush=True)

    with threadpool_limits(1):
        checks = {}
        for name in sanity.CHECKS:
            checks[name] = sanity.answers(name, list(sanity.KINDS))
            told(f"sanity check {name}")
        source = Source(Path(os.environ["GANRAY_TEST_DATA"]))
        ruler = Ruler(source)
        told(f"classifier, {ruler.accuracy:.1%} right")
        found = table.measured(ruler, source, told)
        found |= {"outliers": outliers.measured(ruler, source, told), "sanity": checks}
    found |= {"accuracy": ruler.accuracy, "seconds": round(time.process_time() - begun)}
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    PAGE.write_text(page(found))


if __name__ == "__main__":
    main()
