"""A look at raw pixels before they stream: all that differs is said at once."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ganray.data import DatasetSpec, open_source
from ganray.data.formats.columnar.pixel_shapes import PixelShapes
from ganray.errors import RefusedInput

RNG = np.random.default_rng(2)


def pixels(*size):
    return RNG.integers(0, 256, size).tolist()


def looked_at(*columns, rows=7):
    found = PixelShapes()
    for column in columns:
        for start in range(0, len(column), rows):
            found.add(column.slice(start, rows), start, "a")
    return found


def refusal(*columns):
    with pytest.raises(RefusedInput) as refused:
        looked_at(*columns).refuse_differing()
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize(
    ("column", "shape"),
    [
        (pa.array([pixels(64) for _ in range(20)]), (1, 8, 8)),
        (pa.array([pixels(192) for _ in range(20)], pa.large_list(pa.uint8())), (3, 8, 8)),
        (pa.array([pixels(8, 9) for _ in range(20)]), (1, 8, 9)),
        (pa.array([pixels(8, 9, 3) for _ in range(20)]), (3, 8, 9)),
        (pa.array([pixels(3, 8, 9) for _ in range(20)]), (3, 8, 9)),
        (pa.array([bytes(64)] * 20, pa.binary(64)), (1, 8, 8)),
        (pa.array([pixels(64) for _ in range(20)], pa.list_(pa.int16(), 64)), (1, 8, 8)),
        (pa.FixedShapeTensorArray.from_numpy_ndarray(np.zeros((20, 8, 9, 3), "u1")), (3, 8, 9)),
        (pa.array([pixels(10) for _ in range(20)]), (10,)),  # no image, which its reader says
    ],
    ids=lambda value: str(value.type)[:40] if isinstance(value, pa.Array) else "",
)
def test_images_that_are_alike_are_counted(column, shape):
    found = looked_at(column)
    found.refuse_differing()
    assert dict(found.shapes) == {shape: 20}


def test_layouts_may_differ_where_images_are_alike():
    found = looked_at(pa.array([pixels(8, 8)]), pa.array([pixels(64)]), pa.array([pixels(1, 8, 8)]))
    found.refuse_differing()
    assert dict(found.shapes) == {(1, 8, 8): 3}


def test_all_that_differs_is_counted_and_the_first_named():
    images = [pixels(8, 9) for _ in range(30)]
    images[4], images[11], images[20] = pixels(9, 8), pixels(9, 8), pixels(9, 9)
    images[5], images[6] = None, [[1, 2], None]
    images[12] = [*pixels(7, 9), [1, 2]]
    images[21], images[22], images[13] = [[256] * 9] * 8, [[-1] * 9] * 8, [[None] * 9] * 8
    said = refusal(pa.array(images))
    for part in (
        "3 of 30 images have no image, or lack pixels (null), such as a, row 5",
        "1 of 30 images have lines of differing lengths, such as a, row 12",
        "2 of 30 images have values beyond 0 … 255, such as a, row 21",
        "3 of 30 images differ from 1×8×9, as the others are: 2 of 1×9×8, 1 of 1×9×9, such as a, "
        "row 4",
    ):
        assert part in said


def test_images_without_a_pixel_are_none():
    for empty in ([], [[]], [[], []]):
        said = refusal(pa.array([pixels(8, 8), empty]))
        assert said.startswith("1 of 2 images have no image, or lack pixels (null), such as a, row")
    flat = pa.array([pixels(9), pixels(10), None])
    assert "1 of 3 images differ from 1×3×3, as the others are: 1 of 10, such as" in refusal(flat)


@pytest.mark.parametrize("way", ["files", "rows"])
def test_what_differs_is_found_when_a_study_is_planned(tmp_path, way):
    """Also where the numbers of values are the same."""
    images = [pixels(8, 10) for _ in range(20)], [pixels(10, 8) for _ in range(20)]
    if way == "rows":
        images = images[0], images[0][:10] + images[1][:10]
    for name, some in zip(("train-0", "train-1"), images, strict=True):
        table = pa.table({"image": pa.array(some), "label": pa.array([0, 1] * 10)})
        pq.write_table(table, tmp_path / f"{name}.parquet", row_group_size=7)
    with pytest.raises(RefusedInput) as refused:
        open_source(DatasetSpec(source=str(tmp_path)))
    differing, first = (20, 0) if way == "files" else (10, 10)
    assert f"{differing} of 40 images differ from 1×8×10" in str(refused.value)
    assert f"train-1.parquet, row {first}" in str(refused.value)


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (pa.array([[0.5] * 64] * 20), "(=list<element: double>), whose range is not said; valid:"),
        (pa.array(["a"] * 20).cast(pa.string()), "only the path 'a'"),
        (pa.array([3] * 20), "column image (=int64); valid: picture files"),
        (pa.array([[["a"]]] * 20), "valid: picture files"),
    ],
)
def test_other_values_are_refused_by_their_type(tmp_path, image, said):
    table = pa.table({"image": image, "label": pa.array([0, 1] * 10)})
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(RefusedInput) as refused:
        open_source(DatasetSpec(source=str(tmp_path)))
    assert said in str(refused.value)
