"""`ganray`, with every piece of news told at once: the harness measures times by its lines."""

from __future__ import annotations

from ganray.cli import main
from ganray.drivers.showing import display

if __name__ == "__main__":
    assert hasattr(display, "_LINE_SECONDS")
    display._LINE_SECONDS = 0.0
    main()
