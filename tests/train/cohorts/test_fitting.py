"""Which families can be trained together, and that the docs say so."""

from __future__ import annotations

import re
from pathlib import Path

from ganray.studies.families import families
from ganray.train.cohorts import objection

PAGE = Path(__file__).parents[3] / "docs" / "cohorts.md"


def test_the_docs_name_each_family() -> None:
    said = {name: objection(one.model, one.train.once()) for name, one in families().items()}
    text = PAGE.read_text()
    assert dict(re.findall(r"^\| `(\w+)` \| (train.+|model.+) \|$", text, re.M)) == {
        name: why for name, why in said.items() if why
    }
    listed = re.search(r"All others can: ([\w,\s]+)\.", text)
    assert listed is not None
    assert re.split(r",\s+", listed[1]) == [name for name, why in said.items() if not why]
