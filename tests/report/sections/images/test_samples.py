from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from ganray.report.page import Figure, Gallery
from ganray.report.sections import samples_section
from ganray.report.sections.images.samples import _Drawn, _Samples
from tests.report.conftest import (
    CLASSES,
    COUNTS,
    JOINT,
    METRICS,
    SHAPE,
    MadeUp,
    Make,
    sampled_images,
)


def galleries(run: MadeUp) -> dict[str, Gallery]:
    section = samples_section(run.results, ("marginal", "joint"))
    return {block.title: block for block in section.blocks if isinstance(block, Gallery)}


def greys(figure: Figure) -> list[int]:
    """The grey of each tile: made-up sample i is of grey i."""
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(figure.pictures[0].uri[22:]))))
    scale = round(56 / SHAPE[2])
    rows, columns = (SHAPE[1] + 1) * scale, (SHAPE[2] + 1) * scale
    return [int(value) for value in picture[::rows, ::columns].ravel() if value != 255]


def test_a_gan_of_one_class_shows_its_first_samples_unselected(whole: MadeUp) -> None:
    marginal, _, _ = galleries(whole)[f"Class {CLASSES[0]}"].figures
    assert greys(marginal) == [0, 1, 2, 3]
    assert marginal.lines == ["4 samples"]


def test_a_gan_of_several_classes_shows_what_the_encoder_assigns(whole: MadeUp) -> None:
    # The made-up encoder calls sample i class i mod 3.
    for label, name in enumerate(CLASSES):
        joint = galleries(whole)[f"Class {name}"].figures[1]
        assert greys(joint) == list(range(label, 12, 3))
        assert joint.lines == ["4 of 12 samples"]
    group = galleries(whole)[f"Class {CLASSES[2]}"].figures[0]
    assert greys(group) == [2, 5]


def test_real_images_are_of_the_class_and_of_the_test_split(whole: MadeUp) -> None:
    real = galleries(whole)[f"Class {CLASSES[1]}"].figures[2]
    assert greys(real) == [120] * COUNTS["test"]
    assert real.lines == ["5 test images"]


def test_the_joint_gans_first_samples_stand_as_they_come(whole: MadeUp) -> None:
    plain = galleries(whole)["The first samples of joint r0 as they come"].figures[0]
    assert greys(plain) == list(range(12))


def test_what_is_missing_is_said_in_its_place(make_up: Make) -> None:
    run = make_up(failed={"train/joint/" + "+".join(CLASSES) + "/0": "diverged"}, replicates=1)
    figures = galleries(run)[f"Class {CLASSES[0]}"].figures
    assert [figure.lines for figure in figures] == [
        ["4 samples"],
        ["not sampled"],
        ["5 test images"],
    ]
    assert figures[1].pictures == []


SOME = {"replicates": 1, "search": {"on": []}, "evaluate": {"samples": 8, "metrics": METRICS}}


def test_a_class_that_no_gan_knows_takes_no_room(make_up: Make) -> None:
    run = make_up(**SOME, marginals=[CLASSES[:1], CLASSES[2:]])
    found = galleries(run)
    assert f"Class {CLASSES[1]}" not in found
    _, _, real = found["The first of each class"].figures
    assert greys(real) == [40, 200]  # those of the first and of the last class
    # The made-up encoder calls sample i class i mod 3: of the middle one, the joint GAN has none.
    joint = found[f"Class {CLASSES[2]}"].figures[1]
    assert greys(joint) == [2, 5]


def test_a_gan_of_a_group_shows_its_first_samples_as_they_come(
    whole: MadeUp, make_up: Make
) -> None:
    title = "The first samples of each marginal GAN of several classes as they come"
    (group,) = galleries(whole)[title].figures
    assert (group.title, greys(group)) == ("+".join(CLASSES[1:]), list(range(8)))
    assert group.lines == ["8 of 8 samples"]
    assert title not in galleries(make_up(replicates=1, marginals="per_class"))
    role = f"embed/classifier/marginal/{'+'.join(CLASSES[1:])}/0"
    unclassified = make_up(failed={role: "no"}, replicates=1)
    assert greys(galleries(unclassified)[title].figures[0]) == list(range(8))


def test_samples_that_lie_in_the_store_are_never_said_to_be_missing(make_up: Make) -> None:
    """Those of a bad GAN may all be assigned to classes that it does not know."""
    run = make_up(**SOME, marginals=[CLASSES[1:]])
    every = run.results
    samples = _Samples.read(every)
    lost = _Drawn(sampled_images(8), np.zeros(8, dtype=np.int64))
    for title in samples.drawn:
        samples.drawn[title] = lost
    marginal, joint, _ = samples.glance(("marginal", "joint")).figures
    for figure in (marginal, joint):
        assert figure.lines == [
            "none that the encoder assigns to these classes; shown below as they come"
        ]
    assert samples.triptych(1, ("marginal",)).figures[0].lines == ["none of 8 samples"]


def test_unclassified_samples_are_not_passed_off_as_a_class(make_up: Make) -> None:
    run = make_up(failed={f"embed/classifier/{JOINT}": "out of memory"}, replicates=1)
    assert galleries(run)[f"Class {CLASSES[0]}"].figures[1].lines == ["not classified"]
