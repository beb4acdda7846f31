"""`ganray` as it is in large runs, of which a small one would try nothing: workers keep their news
for a second, and what the store holds is known by listings and by what earlier runs wrote down of
it. Every piece of news is told at once, as the harness measures times by its lines."""

from __future__ import annotations

from ganray.cli import main
from ganray.distributed.scheduler import units
from ganray.drivers.showing import display
from ganray.runs.records import remembered
from ganray.store import many

LARGE = (
    (display, "_LINE_SECONDS", 0.0),
    (units, "_LEAST_PAUSE", 1.0),
    (remembered, "MANY", 1),
    (many, "_FEW", 1),
    (many, "_MANY", 1),
)

if __name__ == "__main__":
    for module, name, value in LARGE:
        assert hasattr(module, name)
        setattr(module, name, value)
    main()
