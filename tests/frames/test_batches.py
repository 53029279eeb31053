"""One row a cell: fields, scores, notes, costs; and the pivots."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from dari_nb.errors import InvalidRequestError
from dari_nb.frames import (
    BATCH_CELLS,
    COSTS,
    BatchCell,
    batch_frame,
    costs_frame,
    matrix_cells,
    pivot,
)
from dari_nb.models import CostSummary
from dari_nb.render.matrix.matrix import Matrix, MatrixCell, MatrixColumn, MatrixRow

FULL = BatchCell(
    run_id="run_1",
    batch_id="batch_1",
    task_index=0,
    task="Find a flight",
    llm_id="small",
    version_id="ver_1",
    repeat=0,
    session_id="sess_1",
    message_id="msg_1",
    status="completed",
    text="Two.",
    latency_s=1.5,
    cost_usd="0.0421",
    input_tokens=20,
    tool_calls=2,
    attempts=1,
    created_at="2026-05-18T12:00:00Z",
    completed_at="2026-05-18T12:00:01.5Z",
    metadata={"topic": "travel"},
    scores={"correct": True},
    notes={"correct": "hm"},
)


def grid(**fields: object) -> list[BatchCell]:
    """Two tasks, two LLMs that do not come in alphabetical order, two repeats."""
    return [
        replace(
            BatchCell(task_index=t, task=f"task {t}", llm_id=llm, repeat=r, text=f"{t} {llm} {r}"),
            **fields,
        )
        for t in range(2)
        for llm in ("small", "large")
        for r in range(2)
    ]


def dtypes(frame: pd.DataFrame) -> dict[str, str]:
    return {str(column): str(dtype) for column, dtype in frame.dtypes.items()}


@pytest.mark.parametrize("cells", [[], [BatchCell()], [FULL], [BatchCell(), FULL]])
def test_the_fields_have_the_same_dtypes_whatever_is_in_them(cells: list[BatchCell]) -> None:
    frame = batch_frame(cells)
    assert dtypes(frame[list(BATCH_CELLS.columns)]) == BATCH_CELLS.dtypes
    assert BATCH_CELLS.dtypes["cost_usd"] == "float64"
    assert BATCH_CELLS.dtypes["created_at"] == "datetime64[us, UTC]"


def test_a_cell_is_a_row_with_its_metadata_scores_and_notes() -> None:
    [row] = batch_frame([FULL]).to_dict("records")
    assert row["task"] == "Find a flight"
    assert (row["cost_usd"], row["cost_exact"]) == (0.0421, "0.0421")
    assert (row["input_tokens"], pd.isna(row["output_tokens"])) == (20, True)
    assert row["metadata.topic"] == "travel"
    assert (row["score.correct"], row["note.correct"]) == (True, "hm")
    assert (row["completed_at"] - row["created_at"]).total_seconds() == 1.5


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([True, 2], "string"),
        ([2**70, 1], "string"),
        ([None, None], "float64"),
    ],
)
def test_scores_have_the_dtype_that_holds_all_of_them(values: list[object], dtype: str) -> None:
    cells = [BatchCell(scores={"s": value}) for value in values]
    frame = batch_frame([*cells, BatchCell()])
    assert str(frame["score.s"].dtype) == dtype
    assert frame["score.s"].isna().tolist() == [value is None for value in values] + [True]


def test_a_dict_of_scores_has_a_column_for_each() -> None:
    cells = [BatchCell(scores={"judge": {"style": 2, "ok": True}}), BatchCell()]
    frame = batch_frame(cells)
    assert dtypes(frame[["score.judge.style", "score.judge.ok"]]) == {
        "score.judge.style": "Int64",
        "score.judge.ok": "boolean",
    }


def test_named_scores_and_metadata_have_columns_that_nobody_filled_yet() -> None:
    frame = batch_frame([], scores=["correct"], metadata=["topic"])
    assert str(frame["score.correct"].dtype) == "float64"
    assert str(frame["metadata.topic"].dtype) == "string"


def test_one_name_of_metadata_or_scores_is_one_column() -> None:
    frame = batch_frame([FULL], metadata="topic", scores="tone")
    assert [name for name in frame if name.startswith("metadata.")] == ["metadata.topic"]
    assert "score.tone" in frame


def test_statuses_sort_as_a_cell_goes_through_them() -> None:
    frame = batch_frame([BatchCell(status=s) for s in ("failed", "running", "planned")])
    assert frame.sort_values("status")["status"].tolist() == ["planned", "running", "failed"]


def test_a_pivot_has_tasks_down_and_llms_across_in_their_own_order() -> None:
    made = pivot(batch_frame([c for c in grid() if c.repeat == 0]), "text")
    assert made.columns.tolist() == ["small", "large"]
    assert made.index.tolist() == [(0, "task 0"), (1, "task 1")]
    assert made.loc[(1, "task 1"), "large"] == "1 large 0"


def test_a_pivot_of_repeats_has_them_below_the_llms() -> None:
    made = pivot(batch_frame(grid()), "text")
    assert made.columns.names == ["llm_id", "repeat"]
    assert made["large"].to_numpy().tolist() == [
        ["0 large 0", "0 large 1"],
        ["1 large 0", "1 large 1"],
    ]


def test_versions_of_one_llm_do_not_fall_together() -> None:
    cells = [BatchCell(llm_id="small", version_id=v, text=v) for v in ("ver_2", "ver_1")]
    made = pivot(batch_frame(cells), "text")
    assert made.columns.tolist() == [("small", "ver_2"), ("small", "ver_1")]
    assert made.to_numpy().tolist() == [["ver_2", "ver_1"]]


def test_the_default_llm_which_has_no_id_is_a_column_like_any_other() -> None:
    cells = [BatchCell(llm_id=llm, text=str(llm)) for llm in (None, "small")]
    made = pivot(batch_frame(cells), "text")
    assert made.columns.isna().tolist() == [True, False]
    assert made.to_numpy().tolist() == [["None", "small"]]


@pytest.mark.parametrize(
    ("what", "column", "dtype"),
    [
        ("cost_usd", "cost_usd", "float64"),
        ("score.correct", "score.correct", "boolean"),
        ("tool_calls", "tool_calls", "Int64"),
    ],
)
def test_a_pivot_can_be_had_of_any_column_and_keeps_its_dtype(what, column, dtype) -> None:
    cells = grid(scores={"correct": True}, cost_usd="0.1", latency_s=2.0, output_tokens=5)
    frame = batch_frame(cells)
    made = pivot(frame, what)
    assert set(map(str, made.dtypes)) == {dtype}
    assert made.to_numpy().ravel().tolist() == frame[column].tolist()


def test_missing_cells_are_missing_and_an_empty_batch_has_an_empty_pivot() -> None:
    made = pivot(batch_frame(grid()[:-3]), "text")
    assert made.isna().to_numpy().sum() == 3
    assert pivot(batch_frame([]), "text").shape == (0, 0)


def test_a_pivot_of_nothing_known_names_what_there_is() -> None:
    frame = batch_frame([BatchCell(scores={"correct": 1})])
    with pytest.raises(InvalidRequestError):
        pivot(frame, "corect")


def test_a_matrix_gives_its_cells() -> None:
    matrix = Matrix(
        title="tour",
        run_id="run_1",
        rows=[MatrixRow("0", "Hi", {"topic": "x"}), MatrixRow("4", "Ho")],
        columns=[MatrixColumn("small", "small", "small"), MatrixColumn("v", "v", "large", "ver_2")],
        cells=[
            MatrixCell(
                "a", "0", "small", state="completed", text="Hello", usage={"input_tokens": 2}
            ),
            MatrixCell("b", "4", "v", repeat=1, scores={"ok": True}, notes={"ok": "n"}),
        ],
    )
    frame = batch_frame(matrix_cells(matrix))
    assert frame["task_index"].tolist() == [0, 4]
    assert frame["llm_id"].tolist() == ["small", "large"]
    assert frame["text"].tolist() == ["Hello", pd.NA]
    assert frame["input_tokens"].tolist() == [2, pd.NA]
    assert frame["version_id"].tolist() == [pd.NA, "ver_2"]
    assert frame["metadata.topic"].tolist() == ["x", pd.NA]
    assert frame["note.ok"].tolist() == [pd.NA, "n"]


@pytest.mark.parametrize(
    ("text", "dollars"),
    [
        ("0.0421", 0.0421),
        ("1E-7", 1e-7),
        ("Infinity", None),
        ("x", None),
    ],
)
def test_costs_are_numbers_for_arithmetic_and_kept_exactly(text: str, dollars: float) -> None:
    frame = costs_frame([CostSummary(scope_id="sess_1", total_cost_usd=text, event_count=3)])
    [row] = frame.to_dict("records")
    assert row["cost_exact"] == text
    assert row["cost_usd"] == dollars or (dollars is None and pd.isna(row["cost_usd"]))
    assert row["cost_events"] == 3


def test_a_cost_of_which_nothing_has_come_is_missing_and_not_0() -> None:
    free = CostSummary(scope_id="s", total_cost_usd="0", event_count=1)
    unknown = CostSummary(scope_id="s", total_cost_usd="0", event_count=0)
    frame = costs_frame([free, unknown])
    assert frame["cost_usd"].isna().tolist() == frame["cost_exact"].isna().tolist() == [False, True]
    assert frame["cost_events"].tolist() == [1, 0]


def test_costs_have_the_same_dtypes_when_there_are_none() -> None:
    assert dtypes(costs_frame([])) == COSTS.dtypes == dtypes(costs_frame([CostSummary()]))


def test_what_one_reads_comes_first_and_ids_come_last() -> None:
    columns = list(batch_frame([FULL]).columns)
    read = ["task_index", "task", "llm_id", "repeat", "text", "score.correct", "note.correct"]
    assert columns[: len(read)] == read
    ids = ["version_id", "session_id", "message_id", "run_id", "batch_id"]
    assert columns[-6:] == [*ids, "metadata.topic"]
