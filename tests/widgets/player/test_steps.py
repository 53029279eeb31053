"""The steps of long drafts: how many there are, and that each shows what was written by then."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import pytest

from dari_nb.render.markup import growing
from dari_nb.tapes import parsed
from dari_nb.widgets.player.score import Score

from .test_scenes import played

MARK = {"mark": "Half of it.", "ask": "And then?"}
PARAGRAPH, TABLE = "word **x** ", "| cell | **x** | `y` |\n"


def piece(text: str, after: float | None = 0.02, **more: Any) -> dict[str, Any]:
    return {**({} if after is None else {"after": after}), "draft": "text", "text": text, **more}


def drafted(lines: Sequence[dict[str, Any]], *, times: bool = True) -> Score:
    """A turn that writes these lines, and then has said something else."""
    after = {"after": 0.1} if times else {}
    status = {**after, "event": "message.status_changed"}
    turn = {"turn": "msg_1", "session": "sess_1", "key": "k1", "agent": "tour", "asked": "Why?"}
    told = [
        *({"dari_tape": 1, "times": times}, {"agent": "tour"}, turn),
        {**status, "data": {"status": "running"}},
        *lines,
        {**after, "event": "assistant.message_completed", "data": {"content": "So."}},
        {**status, "data": {"status": "completed"}},
        {"scrubbed": {}},
    ]
    return Score.of(parsed("".join(json.dumps(line) + "\n" for line in told).encode(), "a.tape"))


def answered(score: Score) -> dict[str, str]:
    return dict.fromkeys(score.questions, "x")


def drafts(score: Score) -> list[tuple[float, str]]:
    """When something of the draft is seen, and what that is."""
    steps = score.steps(0, answered(score))
    seen = [" ".join(place.values()) for place in played(steps)]
    return [(step["at"], text) for step, text in zip(steps, seen, strict=True)][2:-2]


def test_pieces_within_a_frame_are_one_step_at_the_time_of_the_last() -> None:
    waits = [1, 0.02, 0.02, 0.02, 0.5]
    pieces = [piece(word, after) for word, after in zip("abcde", waits, strict=True)]
    steps = [(at, text.rpartition("<p>")[2]) for at, text in drafts(drafted(pieces))]
    assert steps == [(1.14, "abc</p></div>"), (1.16, "abcd</p></div>"), (1.66, "abcde</p></div>")]


@pytest.mark.parametrize("after", [0.004, 0.05, None])
def test_at_each_step_of_a_long_draft_all_that_was_written_by_then_is_seen(after) -> None:
    ends = [" "] * 9 + ["\n\n"]
    pieces = [piece(f"w{n}.{ends[n % 10]}", after) for n in range(1000)]
    score = drafted(pieces, times=after is not None)
    gap = 0.4 if after is None else after
    begin = 0.4 if after is None else 0.1
    written = list(accumulate([begin + gap, *[gap] * 999]))
    steps = drafts(score)
    assert len(steps) <= 150
    assert len(steps) == 150 or after in (0.0, 0.004)
    assert [round(at, 3) for at in written][-1] == steps[-1][0]
    for at, text in steps:
        count = bisect_right(written, at + 0.0006)
        assert f"w{count - 1}." in text
        assert f"w{count}." not in text


@pytest.mark.parametrize("after", [0.02])
def test_a_mark_between_two_pieces_stays_between_two_steps(after: float) -> None:
    pieces = [piece(f"w{n}. ", after) for n in range(700)]
    score = drafted([*pieces[:333], MARK, *pieces[333:]])
    *_, last = played(score.steps(0, {}))
    assert "w332." in repr(last)
    assert "w333." not in repr((last, score.parts({}), score.outline({})))
    [chapter] = score.outline({})[1]
    assert chapter["steps"] == len(score.steps(0, {})) == chapter["marks"][0]["steps"]
    assert chapter["marks"][0]["at"] == score.steps(0, {})[-1]["at"]


@pytest.mark.parametrize("times", [True, False])
def test_all_that_counts_steps_counts_alike(times: bool) -> None:
    call = {"event": "tool.call_requested", "data": {"tool_call_id": "c", "tool_name": "t"}}
    failed = {"event": "tool.call_failed", "data": {"tool_call_id": "c", "error": "no"}}
    pieces = [piece("word ", 0.01 if times else None) for _ in range(500)]
    after = {"after": 0.3} if times else {}
    lines = [*pieces[:100], after | call, *pieces[100:], MARK, *pieces, after | failed]
    score = drafted(lines, times=times)
    _, [chapter] = score.outline(answered(score))
    steps = score.steps(0, answered(score))
    times_of = {
        name: [step["at"] for step in steps if name in repr(step["changes"])]
        for name in ("dari-call", "dari-failed")
    }
    assert chapter["steps"] == len(steps) <= 160
    assert chapter["seconds"] == steps[-1]["at"]
    assert chapter["items"][0] == times_of["dari-call"][0]
    assert chapter["errors"] == [steps[-3]["at"]]
    assert chapter["marks"][0]["at"] == steps[chapter["marks"][0]["steps"] - 1]["at"]


def converted(pieces: Sequence[dict[str, Any]]) -> int:
    """Characters that are converted for all steps of a draft."""
    score, counted = drafted(pieces), 0
    real = growing.part_html

    def counting(source: str, *given: Any, **named: Any) -> str:
        nonlocal counted
        counted += len(source)
        return real(source, *given, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(growing, "part_html", counting)
        score.steps(0, {})
    return counted


@pytest.mark.parametrize("text", [PARAGRAPH, TABLE])
def test_what_is_converted_of_a_draft_does_not_grow_with_the_square_of_it(text: str) -> None:
    head = piece("| a | b | c |\n|---|---|---|\n" if text is TABLE else "")
    few, many = (converted([head, *[piece(text, 0.1)] * count]) for count in (400, 1000))
    assert many < 3 * few
    assert many < 400_000


def test_what_is_written_anew_takes_the_place_of_what_was_there() -> None:
    pieces = [piece(f"Line {n}. " * 50, 0.1, anew=True) for n in range(300)]
    steps = drafts(drafted(pieces))
    assert len(steps) == 150
    for number, (_, text) in enumerate(steps):
        assert f"Line {2 * number + 1}." in text
        assert f"Line {2 * number}." not in text
