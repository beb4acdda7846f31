from __future__ import annotations

import base64

from ganray.report.drawing.figures import ACCENT
from ganray.report.page import Gallery
from ganray.report.sections import losses_section
from tests.report.conftest import CLASSES, HOSTILE, MadeUp, Make


def panels(run: MadeUp) -> Gallery:
    gallery = losses_section(run.results).blocks[1]
    assert isinstance(gallery, Gallery)
    return gallery


def test_each_partition_has_a_panel_with_all_its_replicates(whole: MadeUp) -> None:
    figures = panels(whole).figures
    assert [f.title for f in figures] == [
        "joint",
        f"marginal {CLASSES[0]}",
        "marginal T-shirt/top+cats & 'dogs'",
    ]
    svg = base64.b64decode(figures[0].pictures[0].uri.partition("base64,")[2]).decode()
    assert svg.count(f"stroke: {ACCENT}") == 3


def test_a_replicate_that_was_not_trained_is_counted(make_up: Make) -> None:
    run = make_up(failed={f"train/marginal/{HOSTILE}/2": "diverged"})
    assert panels(run).figures[1].lines == ["1 of 3 replicates not trained"]


def test_a_gan_that_was_not_trained_has_an_empty_panel(make_up: Make) -> None:
    run = make_up(failed={f"train/marginal/{HOSTILE}/0": "diverged"}, replicates=1)
    assert panels(run).figures[1].lines == ["not trained"]
    assert panels(run).figures[1].pictures == []
