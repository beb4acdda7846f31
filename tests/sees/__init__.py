"""What each metric sees: every metric on real images with one thing wrong with them.

    python -m tests.sees

computes it all anew (minutes on one core, with `GANRAY_TEST_DATA`), and writes
`tests/sees/results.json` and, of it, `docs/what-each-metric-sees.md`: after a new metric, a new
situation, or a change of what a metric answers.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results.json"
PAGE = Path(__file__).parents[2] / "docs" / "what-each-metric-sees.md"


def results() -> Any:
    """What was found when the page was made."""
    return json.loads(RESULTS.read_text())
