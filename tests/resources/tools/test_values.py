"""What functions return, as JSON with stated caps."""

import collections
import datetime
import decimal
import enum
import json
import pathlib
import uuid
from dataclasses import dataclass

import numpy
import pandas
import pytest
from pydantic import BaseModel

from dari_nb.resources.tools.values import MOST_CHARS, MOST_ITEMS, as_json


class Model(BaseModel):
    x: decimal.Decimal


@dataclass
class Data:
    x: set[int]


class Level(enum.IntEnum):
    LOW = 1


Pair = collections.namedtuple("Pair", "a b")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, None),
        (True, True),
        (float("nan"), None),
        (float("-inf"), "-Infinity"),
        (decimal.Decimal("1.10"), "1.10"),
        (datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.UTC), "2026-01-02T03:04:00+00:00"),
        (datetime.timedelta(hours=1), "1:00:00"),
        (pathlib.PurePosixPath("/a/b"), "/a/b"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (1 + 2j, "(1+2j)"),
        (Level.LOW, 1),
        ({3, 1, 2}, [1, 2, 3]),
        ((1, "a"), [1, "a"]),
        (iter([1, 2]), [1, 2]),
        ({1: "a", None: "b", (1, 2): "c"}, {"1": "a", "None": "b", "[1, 2]": "c"}),
        (b"\x00\xff", {"bytes": 2, "hex": "00ff"}),
        (Model(x=decimal.Decimal(1)), {"x": "1"}),
        (Data({2, 1}), {"x": [1, 2]}),
        (numpy.int64(3), 3),
        (numpy.bool_(True), True),
        (numpy.datetime64("2026-01-02"), "2026-01-02"),
        (numpy.array([[1.5, numpy.nan]]), [[1.5, None]]),
        (numpy.array(["2026-01-02"], dtype="datetime64[ns]"), ["2026-01-02T00:00:00.000000000"]),
        (pandas.NaT, None),
        (pandas.NA, None),
        (pandas.Timestamp("2026-01-02"), "2026-01-02T00:00:00"),
        ("a lone \ud800 half", "a lone \\ud800 half"),
        (ValueError, {"type": "type", "text": "<class 'ValueError'>"}),
    ],
)
def test_values_become_json(value, written):
    made = as_json(value)
    assert made.value == written
    assert json.loads(json.dumps(made.value, allow_nan=False)) == written


def test_a_table_has_records_its_index_and_a_note_of_what_is_left_out():
    frame = pandas.DataFrame({"x": range(1000)}, index=pandas.Index(range(1000, 2000), name="day"))
    table = as_json(frame).value
    assert (table["rows"], table["columns"]) == (1000, ["day", "x"])
    assert table["records"][1] == {"day": 1001, "x": 1}
    assert (len(table["records"]), table["left_out"]) == (200, "800 of 1,000 rows")


def test_columns_of_the_same_name_and_of_several_levels_lose_nothing():
    frame = pandas.DataFrame([[1, 2]], columns=["a", "a"])
    assert as_json(frame).value["records"] == [{"a": 1, "a'": 2}]
    levels = pandas.DataFrame([[1]], columns=pandas.MultiIndex.from_tuples([("a", "b")]))
    assert as_json(levels).value["records"] == [{"a b": 1}]


def test_a_series_is_a_table_of_one_column():
    series = pandas.Series([1.0, None], index=["p", "q"], name="v")
    records = as_json(series).value["records"]
    assert records == [{"index": "p", "v": 1.0}, {"index": "q", "v": None}]


def test_what_is_too_long_says_how_much_is_left_out():
    assert as_json(range(MOST_ITEMS + 5)).value[-1] == "… 5 more items are left out"
    assert as_json(iter(range(MOST_ITEMS + 5))).value[-1] == "… more items are left out"
    entries = as_json({str(n): n for n in range(MOST_ITEMS + 5)}).value
    assert entries["…"] == "5 more entries are left out"
    assert as_json("x" * (MOST_CHARS + 5)).value.endswith("… 5 more characters are left out")
    big = as_json(numpy.zeros((100, 100))).value
    assert (big["shape"], big["left_out"]) == ([100, 100], "8,000 of 10,000 numbers")


def test_what_is_too_large_for_json_is_a_file_that_is_named():
    made = as_json([["x" * 1000] * 100] * 5)
    [file] = made.files
    assert file.name == "result.json"
    assert len(json.loads(file.content)) == 5
    assert file.named_in is made.value
    assert made.value["begins"].startswith('[["xxx')


def test_a_loop_and_what_is_nested_too_deeply_end():
    loop: list = [1]
    loop.append(loop)
    assert as_json(loop).value[0] == 1
    deep: list = []
    for _ in range(500):
        deep = [deep]
    json.dumps(as_json(deep).value)


def test_figures_become_pictures():
    from matplotlib.figure import Figure

    figure = Figure()
    axes = figure.subplots()
    axes.plot([1, 2])
    made = as_json({"all": figure, "one": axes})
    assert [file.name for file in made.files] == ["picture.png", "picture-2.png"]
    assert all(file.content.startswith(b"\x89PNG") for file in made.files)
    assert made.value["all"] == {"picture": "png"}


def test_a_picture_that_cannot_be_drawn_is_named():
    class Broken:
        def savefig(self, *_, **__):
            raise OSError("no backend")

    made = as_json(Broken())
    assert made.value == {"picture": "png", "note": "it could not be drawn here"}


def test_an_object_that_nobody_knows_is_told_by_its_text():
    class Odd:
        def __str__(self):
            raise RuntimeError

    assert as_json(Odd()).value == {"type": "Odd", "text": "its text cannot be had: RuntimeError"}
    assert as_json(Pair(1, 2)).value == {"a": 1, "b": 2}
