from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from ganray.report.tables import COMPARISONS, SCORES, SEARCH, TASKS, table_files
from tests.report.conftest import CLASSES, HOSTILE, MadeUp, Make

SCHEMAS = {"scores": SCORES, "comparisons": COMPARISONS, "search": SEARCH, "tasks": TASKS}


def parquet(files: dict[str, bytes], name: str) -> pa.Table:
    return pq.read_table(io.BytesIO(files[f"{name}.parquet"]))


def read_csv(files: dict[str, bytes], name: str, schema: pa.Schema) -> pa.Table:
    options = pyarrow.csv.ConvertOptions(
        column_types=schema, strings_can_be_null=True, quoted_strings_can_be_null=False
    )
    return pyarrow.csv.read_csv(io.BytesIO(files[f"{name}.csv"]), convert_options=options)


@pytest.mark.parametrize("name", list(SCHEMAS))
def test_csv_and_parquet_hold_the_same_rows(whole: MadeUp, name: str) -> None:
    files = table_files(whole.results)
    table = parquet(files, name)
    assert table.schema == SCHEMAS[name]
    assert table.num_rows > 0
    assert read_csv(files, name, SCHEMAS[name]).to_pylist() == table.to_pylist()


def test_scores_have_a_row_for_each_class_term_with_its_floor(whole: MadeUp) -> None:
    rows = parquet(table_files(whole.results), "scores").to_pylist()
    joint = [r for r in rows if (r["metric"], r["side"], r["replicate"]) == ("cafd", "joint", 1)]
    assert [(r["class"], r["value"], r["floor"]) for r in joint] == [
        (None, 76.0, 20.0),
        (CLASSES[0], 71.0, 15.0),
        (CLASSES[1], 76.0, 20.0),
        (CLASSES[2], 81.0, 25.0),
    ]


def test_search_rows_name_classes_and_tell_own_samples_apart(whole: MadeUp) -> None:
    rows = parquet(table_files(whole.results), "search").to_pylist()
    assert {row["gan"] for row in rows} == {"joint r0", f"class {HOSTILE} r0"}
    real = next(row for row in rows if row["target"] == f"real {HOSTILE}")
    own = next(row for row in rows if row["target"] == "own sample 0")
    assert (real["target_class"], real["answer_class"]) == (CLASSES[1], CLASSES[2])
    assert (real["own_sample"], own["own_sample"]) == (False, True)
    assert real["residual"] == pytest.approx(0.08)
    assert real["worst_residual"] == pytest.approx(0.16)
    assert own["nearest_training_residual"] is None


def test_tasks_add_the_seconds_of_their_chunks(whole: MadeUp) -> None:
    rows = {r["title"]: r for r in parquet(table_files(whole.results), "tasks").to_pylist()}
    search, train = rows["search joint r0"], rows["joint r0"]
    assert search["chunks"] > 1
    assert search["seconds"] == pytest.approx(0.5 * search["chunks"], abs=0.4)
    assert (train["images_seen"], train["flops"], train["device_seconds"]) == (1000, 2e6, 30.0)
    assert (train["state"], train["attempt"], train["why"]) == ("finished", 1, None)


def test_tasks_say_what_failed_and_why(make_up: Make) -> None:
    run = make_up(failed={"encoder": "no space left"}, replicates=1)
    rows = {r["title"]: r for r in parquet(table_files(run.results), "tasks").to_pylist()}
    assert (rows["encoder"]["state"], rows["encoder"]["why"]) == ("failed", "no space left")
    assert rows["joint r0"]["state"] == "finished"


def test_tables_of_a_run_without_results_are_empty_but_typed(make_up: Make) -> None:
    run = make_up(failed={"data": "no network"})
    files = table_files(run.results)
    assert parquet(files, "scores").num_rows == parquet(files, "search").num_rows == 0
    assert parquet(files, "scores").schema == SCORES
