"""An outline knows every item by its row, and renders only what is asked for."""

import pytest

from dari_nb.models import AssistantMessageItem, ToolCallItem
from dari_nb.widgets.packing import packed
from dari_nb.widgets.reader.outline import Outline


@pytest.fixture
def rendered():
    return []


@pytest.fixture
def outline(rendered):
    def render(item):
        rendered.append(item.id)
        return f"<p>{item.id}</p>"

    return Outline(render)


def call(item_id, status="completed", **fields):
    return ToolCallItem(id=item_id, message_id="m1", tool_name="search", status=status, **fields)


def test_rows_tell_kind_tool_and_flag(outline, make):
    failed = AssistantMessageItem(id="e", message_id="m1", status="failed", error_message="Why.")
    items = [make.user("u"), call("c"), call("r", "running"), call("x", is_error=True), failed]
    outline.update(items)
    rows = [(row["kind"], row["tool"], row["flag"]) for row in outline.rows()]
    assert rows == [
        ("user", "", ""),
        ("tool", "search", ""),
        ("tool", "search", "pending"),
        ("tool", "search", "error"),
        ("assistant", "", "error"),
    ]


def test_only_what_changed_is_told(outline, make):
    first, second = make.user("u"), make.answer("a")
    assert outline.update([first]) == 0
    assert outline.update([first]) is None
    assert outline.update([first, second]) == 1
    assert outline.update([first, make.answer("a", "More.")]) == 1
    assert [row["rev"] for row in outline.rows()] == [1, 2]


def test_a_shorter_timeline_is_told_from_its_end(outline, make):
    items = [make.user("u"), make.answer("a")]
    outline.update(items)
    assert outline.update(items[:1]) == 1
    assert len(outline) == 1
    assert outline.item("a") is None


def test_an_item_that_moves_keeps_its_version(outline, make):
    first, second, third = make.user("u"), call("c"), make.answer("a")
    outline.update([first, third])
    outline.update([first, second, third])
    assert {row["id"]: row["rev"] for row in outline.rows()} == {"u": 1, "c": 1, "a": 1}


def test_items_with_the_same_id_are_all_there(outline, make):
    outline.update([make.user("same", "one"), make.user("same", "two")])
    assert [row["id"] for row in outline.rows()] == ["same", "same'"]
    assert outline.item("same'").text == "two"


def test_nothing_is_rendered_before_it_is_asked_for(outline, rendered, make):
    outline.update([make.user(f"u{n}") for n in range(1000)])
    assert rendered == []
    pieces = list(outline.pieces(["u7", "gone", "u8"], most_chars=1000))
    assert [piece["id"] for piece in pieces] == ["u7", "u8"]
    list(outline.pieces(["u7"], most_chars=1000))
    assert rendered == ["u7", "u8"]


def test_a_new_version_is_rendered_anew(outline, make):
    outline.update([make.answer("a", "One.")])
    list(outline.pieces(["a"], 100))
    outline.update([make.answer("a", "Two.")])
    assert [piece["rev"] for piece in outline.pieces(["a"], 100)] == [2]


def test_an_answer_has_a_bounded_size_and_never_none(outline, make):
    outline.update([make.user(f"u{n}") for n in range(9)])
    assert len(list(outline.pieces([f"u{n}" for n in range(9)], most_chars=20))) == 3
    assert len(list(outline.pieces(["u0", "u1"], most_chars=1))) == 1


def test_rendered_items_are_forgotten_when_they_are_many(outline, rendered, make, monkeypatch):
    monkeypatch.setattr("dari_nb.widgets.reader.outline.KEPT_CHARS", 30)
    outline.update([make.user(f"u{n}") for n in range(9)])
    for n in (0, 1, 2, 3, 0):
        list(outline.pieces([f"u{n}"], 100))
    assert rendered == ["u0", "u1", "u2", "u3", "u0"]


def test_find_counts_in_everything_that_an_item_says(outline, make):
    items = [
        make.user("u", "Zürich, ZÜRICH"),
        call("c", arguments={"city": "Zürich"}, result=["zürich", {"in": "Zürich"}]),
        AssistantMessageItem(id="e", message_id="m1", status="failed", error_message="No Zürich."),
        make.answer("a", "Bern"),
    ]
    outline.update(items)
    assert outline.find("zürich") == ["u", "c", "e"]
    assert outline.find("") == []
    assert outline.find("search") == ["c"]


def test_find_sees_the_newest_version(outline, make):
    outline.update([make.answer("a", "old")])
    assert outline.find("new") == []
    outline.update([make.answer("a", "new")])
    assert outline.find("new") == ["a"]
    assert outline.find("old") == []


def test_lone_surrogates_reach_the_page_as_question_marks(outline, make):
    outline.update([make.user("\ud800")])
    assert b'"id":"?"' in packed(outline.rows())
