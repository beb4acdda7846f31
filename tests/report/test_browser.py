"""What a real browser makes of a report."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganray.report import write_report
from ganray.studies.marginal_vs_joint import page
from tests.report import chromium
from tests.report.conftest import HOSTILE, MadeUp

pytestmark = pytest.mark.skipif(not chromium.BINARY, reason="chromium is not installed")


@pytest.mark.parametrize("width", [390, 1200])
def test_chromium_shows_it_whole_at_any_width(whole: MadeUp, tmp_path: Path, width: int) -> None:
    report = Path(write_report(whole.store, whole.plan, page))
    seen = chromium.look(report, tmp_path / "profile", width)
    assert seen.complaints == []
    assert seen.requests == []
    assert len(seen.layout["images"]) > 20
    assert [alt for alt, loaded in seen.layout["images"] if not loaded] == []
    assert seen.layout["width"] <= seen.layout["inner"] == width
    assert f"Class {HOSTILE}" in seen.layout["text"]


def test_the_browser_would_notice(tmp_path: Path) -> None:
    """The check itself can fail: a page with every fault that it looks for."""
    bad = tmp_path / "bad.html"
    bad.write_text(
        "<meta name=viewport content='width=device-width'><div style='width:2000px'>wide</div>"
        "<img src='https://example.invalid/a.png' alt=gone><script>throw Error('no')</script>"
    )
    seen = chromium.look(bad, tmp_path / "profile", 390)
    assert seen.complaints
    assert seen.requests == ["https://example.invalid/a.png"]
    assert seen.layout["images"] == [["gone", False]]
    assert seen.layout["width"] > 390
