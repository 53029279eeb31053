"""What a player shows at each place: what the fold makes of the events so far, and no more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from dari_nb.local import LocalDari
from dari_nb.models import AssistantMessageItem, Event, TimelineItem
from dari_nb.render import GrowingItems
from dari_nb.tapes import AgentLine, Scrubber, Turn, parsed, turns_of
from dari_nb.transcript import fold
from dari_nb.widgets.live.outbox import Outbox
from dari_nb.widgets.player.score import Score
from dari_nb.widgets.player.wire import Step

from ...recorded import FILES

DRAFTED = """{"dari_tape":1,"times":true}
{"agent":"tour"}
{"agent":"other"}
{"turn":"msg_1","session":"sess_1","key":"k1","agent":"tour","asked":"What is 6 * 7?","cost":"0.5"}
{"after":0.1,"event":"message.status_changed","data":{"status":"running"}}
{"after":1,"event":"tool.call_requested","data":{"tool_call_id":"call_1","tool_name":"times"}}
{"mark":"The tool is called.","ask":"What comes back?"}
{"after":2.5,"event":"tool.call_completed","data":{"tool_call_id":"call_1","result":"canary"}}
{"after":0.1,"draft":"reasoning","text":"So it is "}
{"after":0.1,"draft":"text","text":"Forty-"}
{"after":0.1,"draft":"text","text":"two"}
{"after":0.1,"draft":"text","text":"42","anew":true}
{"after":0.1,"event":"assistant.message_completed","data":{"content":"It is 42."}}
{"after":0.1,"event":"message.status_changed","data":{"status":"completed"}}
{"mark":"Now another session."}
{"turn":"msg_1","session":"sess_2","key":"k2","agent":"other","asked":"And 6 + 7?","cost":"unknown"}
{"mark":"Asked.","ask":"Does it fail?"}
{"after":0.3,"event":"message.status_changed","data":{"status":"failed","error":"canary two"}}
{"scrubbed":{}}
"""


def tape(text: str = DRAFTED) -> Score:
    return Score.of(parsed(text.encode(), "test.tape"))


def played(steps: Sequence[Step]) -> Iterator[dict[str, str]]:
    """What a page has of each item after each step, from what changes alone."""
    items: dict[str, dict[str, Any]] = {}
    for step in steps:
        for change in step["changes"]:
            if "edits" in change:
                before = next(one for one in items.values() if one["rev"] == change["base"])
                units = before["html"].encode("utf-16-le")
                made, at = b"", 0
                for start, end, text in change["edits"]:
                    made += units[2 * at : 2 * start] + text.encode("utf-16-le")
                    at = end
                html = (made + units[2 * at :]).decode("utf-16-le")
                del items[before["id"]]
                name = change["id"] or before["id"]
                items[name] = {"id": name, "rev": change["rev"], "html": html}
            elif change["html"] is None:
                del items[change["id"]]
            else:
                items[change["id"]] = dict(change)
        yield {name: item["html"] for name, item in items.items()}


def turns_in(path: Any, most: int) -> list[tuple[list[Event], list[Turn]]]:
    server, scrubber = LocalDari(), Scrubber(keys=list, variables={})
    found = []
    for session in server.load_runs(path, agent="recorded")[:most]:
        events = [row.to_event() for row in server._store.events(session)]
        events = [event for event in events if event.message_id]
        found.append((events, turns_of(events, AgentLine(agent="r"), scrubber, session="s")))
    return found


def shown(items: Sequence[TimelineItem]) -> list[str]:
    """Items as HTML, without the times of day, which are on no tape."""
    render = GrowingItems()
    told = [replace(item, created_at=None) for item in items]
    return [render.html(item, agent="r") for item in told]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_at_each_place_of_real_runs_a_page_has_what_the_events_so_far_are(path) -> None:
    for events, turns in turns_in(path, 2):
        score = Score(turns)
        for number, turn in enumerate(turns):
            own = [event for event in events if event.message_id == events_of(events, number)]
            places = list(played(score.steps(number, {})))
            assert len(places) == len(own) == len(turn.events) + 1
            for count, place in enumerate(places, 1):
                expected = shown(as_shown(fold(untimed(own[:count]))))
                assert sorted(place.values()) == sorted(expected)


def events_of(events: Sequence[Event], number: int) -> str | None:
    return list(dict.fromkeys(event.message_id for event in events))[number]


def untimed(events: Sequence[Event]) -> list[Event]:
    return [replace(event, created_at="") for event in events]


def as_shown(items: Sequence[TimelineItem]) -> list[TimelineItem]:
    """A turn that ended without a word has a place that says so."""
    if items and not any(isinstance(item, AssistantMessageItem) for item in items):
        return [*items, AssistantMessageItem(status="completed")]
    return list(items)


def test_drafts_are_seen_as_they_were_written_and_then_what_became_of_them() -> None:
    answered = dict.fromkeys(tape().questions, "x")
    texts = [" ".join(place.values()) for place in played(tape().steps(0, answered))]
    assert ["So it is" in text for text in texts] == [False] * 4 + [True] * 4 + [False] * 2
    assert ["<p>Forty-" in text for text in texts][5:7] == [True, True]
    assert "Forty-two" in texts[6]
    assert "Forty" not in texts[7]
    assert "<p>It is 42.</p>" in texts[8]
    assert "canary · 2.5 s" in texts[3]


def test_a_call_that_fails_and_a_turn_that_fails_are_told_beforehand() -> None:
    score = tape()
    answers = dict.fromkeys(score.questions, "x")
    _, chapters = score.outline(answers)
    times = [[step["at"] for step in score.steps(number, answers)] for number in range(2)]
    assert [chapter["errors"] for chapter in chapters] == [[], [times[1][1]]]
    assert [chapter["items"] for chapter in chapters] == [[times[0][2], times[0][8]], []]


def test_nothing_behind_a_question_is_given_before_it_is_answered() -> None:
    score = tape()
    first, second = score.questions
    for answers, canaries in ({}, 0), ({first: "x"}, 1), ({first: "x", second: "y"}, 2):
        told = [score.outline(answers), score.parts(answers)]
        steps = [score.steps(number, answers) for number in range(2)]
        assert repr(steps).count("canary") >= canaries
        for name in ["canary", "canary two"][canaries:]:
            assert f"{name} ·" not in repr((told, steps))
            assert f"{name}<" not in repr((told, steps))
            assert f"'{name}'" not in repr(told)
    assert "And 6 + 7?" not in repr(score.outline({}))
    assert "And 6 + 7?" not in repr((score.parts({}), score.steps(1, {})))


def test_a_question_in_front_of_a_turn_is_asked_before_that_is_seen() -> None:
    lines = DRAFTED.splitlines()
    lines[14] = '{"mark":"Now another session.","ask":"What is asked?"}'
    lines = [line for line in lines if "comes back" not in line]
    score = tape("\n".join([*lines, ""]))
    assert score.barrier({}) == (0, 10)
    whole, chapters = score.outline({})
    assert (whole["turns"], len(chapters)) == (2, 1)
    assert [mark["ask"] for mark in chapters[0]["marks"]] == ["What is asked?"]
    assert "Now another session." not in repr(chapters)
    first = '{"mark":"Before all.","ask":"Ready?"}'
    score = tape("\n".join([lines[0], first, *lines[1:], ""]))
    assert score.barrier({}) == (0, 0)
    assert score.steps(0, {}) == []
    assert "6 * 7" not in repr(score.outline({}))


def test_what_is_recorded_without_times_has_steps_that_can_be_followed() -> None:
    text = DRAFTED.replace('"times":true', '"times":false')
    lines = [line.partition('"after":') for line in text.splitlines()]
    bare = [f"{a}{c.partition(',')[2]}" if b else a for a, b, c in lines if '"draft"' not in c]
    steps = tape("\n".join([*bare, ""])).steps(0, dict.fromkeys(tape().questions, "x"))
    assert [step["at"] for step in steps] == [0, 0.4, 0.8, 1.2, 1.6, 2.0]


def test_an_empty_tape_has_nothing_to_play() -> None:
    score = tape('{"dari_tape":1,"times":true}\n{"scrubbed":{}}\n')
    whole = {"seconds": 0.0, "turns": 0, "left_out": "", "answered": ""}
    whole["nothing"] = "Nothing plays here yet."
    assert score.outline({}) == (whole, [])
    assert score.steps(0, {}) == []


def test_each_session_has_a_head_of_its_own_in_static_output() -> None:
    heads = [head for _, head in tape().parts(dict.fromkeys(tape().questions, "x"))]
    assert [(head.title, head.facts[1]) for head in heads] == [
        ("tour", "session 1"),
        ("other", "session 2"),
    ]


@pytest.mark.parametrize("cost", ["1e1000000", "<b>x"])
def test_a_cost_that_is_no_amount_is_unknown(cost: str) -> None:
    score = tape(DRAFTED.replace('"cost":"0.5"', f'"cost":"{cost}"'))
    assert score.scenes[-1].spent == ""


def test_what_is_said_beside_the_transcript_fits_on_a_line_and_turns_nothing_around() -> None:
    long = DRAFTED.replace("The tool is called.", "\\u202e" + "m" * 100_000)
    score = tape(long)
    mark = score.outline(dict.fromkeys(score.questions, "x"))[1][0]["marks"][0]
    assert mark["text"].startswith("[U+202E]mmm")
    assert len(mark["text"]) == 2000


@pytest.mark.parametrize("name", ["changes"])
def test_a_turn_of_many_calls_costs_in_proportion(name: str) -> None:
    real = getattr(Outbox, name)

    def looked_at(calls: int) -> int:
        events = "".join(
            f'{{"event":"tool.call_{kind}","data":{{"tool_call_id":"c{n}","tool_name":"t"}}}}\n'
            for n in range(calls)
            for kind in ("requested", "completed")
        )
        head, turn = DRAFTED.splitlines()[0:4:3]
        score = tape(f'{head}\n{{"agent":"tour"}}\n{turn}\n{events}')
        counted = 0

        def counting(outbox: Outbox, first: Any, *given: Any) -> Any:
            nonlocal counted
            counted += len(first) if name == "changes" else 1
            return real(outbox, first, *given)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Outbox, name, counting)
            score.steps(0, {})
        return counted

    assert looked_at(400) < 3 * looked_at(200)
