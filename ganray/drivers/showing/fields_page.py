"""`docs/fields.md`, the page of every field: `ganray explain --markdown`."""

from __future__ import annotations

import re

from ganray.drivers.explain import explained_fields, where

_OF_A_SIDE = re.compile(r"\w+\[\]\.(model|train)\.")


def as_markdown() -> str:
    """`docs/fields.md`."""
    parts = [
        "# Every field of study and sweep files\n",
        "Made by `ganray explain --markdown`; `ganray explain FIELD` shows one. A field without a\n"
        "default must be there where its group is; all others may be left out. A group `model` or\n"
        "`train` of a side, as in `rivals`, has the fields of [`model`](#model) or of\n"
        "[`train`](#train).\n",
    ]
    top = ""
    for one in explained_fields():
        if _OF_A_SIDE.match(one.path):  # they are told once
            continue
        first = one.path.partition(".")[0].partition("[")[0]
        if first != top:
            top = first
            parts.append(f"\n## {top}\n")
            parts.append("| field | in | value | default | meaning |\n|---|---|---|---|---|")
        cells = [f"`{one.path}`", where(one), one.kind + (f", {one.bounds}" if one.bounds else ""),
                 f"`{one.default}`" if one.default else "", one.meaning]  # fmt: skip
        parts.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(parts).replace("\n\n\n", "\n\n") + "\n"
