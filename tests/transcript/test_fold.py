import random
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dari_nb.models import AssistantMessageItem, Event, Message, ToolCallItem
from dari_nb.transcript import Ledger, TurnState, error_text, fold, message_of


def ledger_of(*entries):
    """Events from (type, data) pairs, or (type, data, message_id) triples, numbered from 1."""
    return [
        Event(
            id=f"sess_1:evt_{n}",
            session_id="sess_1",
            sequence_number=n,
            message_id=entry[2] if len(entry) > 2 else "msg_1",
            type=entry[0],
            data=entry[1],
            created_at=f"2026-03-31T18:40:{n:02d}Z",
        )
        for n, entry in enumerate(entries, 1)
    ]


def text(value):
    return {"content": [{"type": "text", "text": value}]}


def status(value, **more):
    return ("message.status_changed", {"status": value, **more})


CALL = {"tool_call_id": "call_1", "tool_name": "search", "arguments": {"q": "x"}}
PLAIN = ledger_of(
    ("user.message", text("Hi")),
    ("session.status_changed", {"status": "running"}, None),
    status("running"),
    ("assistant.message_completed", text("Hello")),
    status("completed"),
    ("session.status_changed", {"status": "idle"}, None),
)


def shape(items):
    return [(item.type, getattr(item, "status", None)) for item in items]


def test_a_plain_turn_is_a_question_and_an_answer():
    items = fold(PLAIN)
    assert [item.id for item in items] == ["sess_1:evt_1", "sess_1:evt_4"]
    assert [item.text for item in items] == ["Hi", "Hello"]
    assert items[1].status == "completed"


def test_a_message_that_has_not_ended_has_a_place_for_its_answer():
    item = fold(PLAIN[:1])[-1]
    assert (item.id, item.status, item.content) == ("msg_1:pending", "queued", [])
    assert fold(PLAIN[:3])[-1].status == "running"


def test_a_tool_call_is_one_item_from_request_to_result():
    events = ledger_of(
        ("user.message", text("Hi")),
        ("tool.call_requested", CALL),
        ("tool.call_completed", {"tool_call_id": "call_1", "result": {"hits": 2}}),
    )
    assert fold(events[:2])[1].status == "running"
    call = fold(events)[1]
    assert isinstance(call, ToolCallItem)
    assert (call.id, call.status, call.result, call.is_error, call.latency_s) == (
        "sess_1:evt_2",
        "completed",
        {"hits": 2},
        False,
        1.0,
    )


def test_a_call_is_requested_while_its_message_waits_for_it():
    events = ledger_of(
        ("user.message", text("Hi")),
        ("tool.call_requested", CALL),
        ("tool.call_requested", {**CALL, "tool_call_id": "call_2"}),
        status("waiting_for_tool"),
        ("tool.result_submitted", {"tool_call_id": "call_1", "result": 3}),
        status("running"),
    )
    assert [item.status for item in fold(events[:4])[1:3]] == ["requested", "requested"]
    assert [item.status for item in fold(events[:5])[1:3]] == ["running", "requested"]
    assert [item.status for item in fold(events)[1:3]] == ["running", "running"]


def test_an_external_call_runs_from_the_answer_to_its_acceptance():
    events = ledger_of(
        ("user.message", text("Hi")),
        ("tool.call_requested", CALL),
        status("waiting_for_tool"),
        ("tool.result_submitted", {"tool_call_id": "call_1", "result": 3}),
    )
    assert shape(fold(events)) == [
        ("user_message", None),
        ("tool_call", "running"),
        ("assistant_message", "waiting_for_tool"),
    ]


@pytest.mark.parametrize(
    "data", [{"error": "boom"}, {"result": "boom"}, {"result": None, "error": "boom"}]
)
def test_a_failed_call_keeps_its_cause(data):
    events = ledger_of(
        ("tool.call_requested", CALL), ("tool.call_failed", {"tool_call_id": "call_1", **data})
    )
    call = fold(events)[0]
    assert (call.status, call.is_error, call.result) == ("failed", True, "boom")


def test_a_failed_message_ends_with_the_cause_and_no_open_calls():
    events = ledger_of(
        ("user.message", text("Hi")),
        ("tool.call_requested", CALL),
        status("failed", error={"message": "overloaded"}),
    )
    call, closing = fold(events)[1:]
    assert call.status == "failed"
    assert isinstance(closing, AssistantMessageItem)
    assert (closing.status, closing.error_message) == ("failed", "overloaded")


def test_a_retried_message_shows_only_its_present_state():
    events = ledger_of(
        ("user.message", text("Hi")),
        status("failed", error="first"),
        status("running", attempt=2),
        ("assistant.message_completed", text("Hello")),
        status("completed"),
    )
    assert shape(fold(events)) == [("user_message", None), ("assistant_message", "completed")]
    assert Ledger(events).turns["msg_1"].attempt == 2


def test_a_queued_message_stands_after_the_answer_of_the_one_before():
    events = ledger_of(
        ("user.message", text("one"), "msg_1"),
        ("user.message", text("two"), "msg_2"),
        ("assistant.message_completed", text("1"), "msg_1"),
        (*status("completed"), "msg_1"),
        ("assistant.message_completed", text("2"), "msg_2"),
        (*status("completed"), "msg_2"),
    )
    assert [item.text for item in fold(events)] == ["one", "1", "two", "2"]


def test_unknown_events_stay_in_the_ledger_and_have_no_item():
    ledger = Ledger(ledger_of(("user.message", text("Hi")), ("agent.dreamt", {"of": "sheep"})))
    assert [event.type for event in ledger.events] == ["user.message", "agent.dreamt"]
    assert [item.type for item in ledger.items] == ["user_message", "assistant_message"]


def test_the_message_id_in_the_payload_is_enough():
    event = Event(id="e", sequence_number=1, type="user.message", data={"message_id": "msg_9"})
    assert list(Ledger([event]).turns) == ["msg_9"]


def test_a_gap_is_known_and_filled_later():
    ledger = Ledger([PLAIN[0], *PLAIN[2:]])
    assert not ledger.is_complete
    assert ledger.last_event_id == PLAIN[0].id
    assert ledger.add([PLAIN[1]])
    assert ledger.is_complete
    assert ledger.events == PLAIN
    assert ledger.last_event_id == PLAIN[-1].id


def test_a_ledger_without_its_beginning_is_resumed_from_the_start():
    assert Ledger(PLAIN[2:]).last_event_id is None
    assert Ledger().last_event_id is None


def turns_of(count):
    """A ledger of so many plain turns, one after another."""
    plain = [(event.type, event.data) for event in PLAIN if event.message_id]
    return ledger_of(*((*one, f"msg_{turn}") for turn in range(count) for one in plain))


def test_late_event_folds_only_its_message_again():
    events = turns_of(3)
    late = events.pop(5)
    ledger = Ledger(events)
    before = ledger.items
    ledger.add([late])
    assert [was is now for was, now in zip(before, ledger.items, strict=True)] == [
        *(True, True),
        *(False, False),
        *(True, True),
    ]
    assert ledger.items == fold(turns_of(3))


def test_late_message_stands_in_its_place():
    first, second = turns_of(2)[:4], turns_of(2)[4:]
    ledger = Ledger(second)
    assert list(ledger.turns) == ["msg_1"]
    ledger.add(first)
    assert list(ledger.turns) == ["msg_0", "msg_1"]


@pytest.mark.parametrize("in_batches_of", [1, 1000])
def test_last_event_before_all_others_folds_each_event_once(monkeypatch, in_batches_of):
    events = turns_of(50)
    last = events.pop()
    applied = []
    apply = TurnState.apply
    monkeypatch.setattr(TurnState, "apply", lambda turn, event: applied.append(apply(turn, event)))
    new = ledger_of(*((event.type, event.data, "msg_new") for event in [*events, last]))[-1]
    ledger = Ledger([new])
    for start in range(0, len(events), in_batches_of):
        ledger.add(events[start : start + in_batches_of])
        assert list(ledger.turns)[-1] == "msg_new"
    assert len(applied) == len(events) + 1
    assert ledger.is_complete


def test_nothing_new_changes_nothing():
    ledger = Ledger(PLAIN)
    before = ledger.items
    assert not ledger.add(PLAIN)
    assert all(a is b for a, b in zip(before, ledger.items, strict=True))


def test_items_that_did_not_change_stay_the_same_objects():
    ledger = Ledger(PLAIN[:3])
    user = ledger.items[0]
    ledger.add(PLAIN)
    assert ledger.items[0] is user


@pytest.mark.parametrize(
    ("error", "expected"),
    [("boom", "boom"), ({"detail": "d"}, "d"), ({"code": 5}, "{'code': 5}"), (None, "no cause")],
)
def test_causes_of_every_shape_are_text(error, expected):
    assert expected in error_text(error)


def test_a_message_resource_has_texts_calls_and_results_in_order():
    events = ledger_of(
        ("user.message", {**text("Hi"), "metadata": {"k": 1}}),
        ("tool.call_requested", CALL),
        ("tool.call_completed", {"tool_call_id": "call_1", "result": {"é": 1}}),
        ("assistant.message_completed", text("Hello")),
        status("completed"),
    )
    message = message_of(Ledger(events).turns["msg_1"], "sess_1", 4)
    assert message.to_dict() == {
        "id": "msg_1",
        "session_id": "sess_1",
        "sequence_number": 4,
        "parts": [{"type": "text", "text": "Hi"}],
        "metadata": {"k": 1},
        "status": "completed",
        "attempt": 1,
        "output": {
            "parts": [
                {"type": "tool_call", "id": "call_1", "name": "search", "arguments": {"q": "x"}},
                {
                    "type": "tool_result",
                    "tool_call_id": "call_1",
                    "tool_name": "search",
                    "content": [{"type": "text", "text": '{"é": 1}'}],
                    "is_error": False,
                },
                {"type": "text", "text": "Hello"},
            ],
            "error": None,
        },
        "created_at": "2026-03-31T18:40:01Z",
        "completed_at": "2026-03-31T18:40:05Z",
    }


def test_a_failed_message_resource_carries_the_error():
    events = ledger_of(("user.message", text("Hi")), status("failed", error="boom"))
    message = message_of(Ledger(events).turns["msg_1"], "sess_1", 1)
    assert message.output.error == "boom"
    assert message_of(Ledger(events[:1]).turns["msg_1"], "sess_1", 1).output is None


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"input_tokens": 20, "output_tokens": 0}, {"input_tokens": 20, "output_tokens": 0}),
        ({"reasoning_tokens": 2, "total_tokens": 25, "cost": "1"}, {"reasoning_tokens": 2}),
        ({"input_tokens": -1, "output_tokens": 1.5, "cached_input_tokens": True}, {}),
        ({"input_tokens": "7", "output_tokens": None, "reasoning_tokens": 2**63}, {}),
        ({"input_tokens": {"a": 1}, "output_tokens": [2]}, {}),
        *((odd, {}) for odd in (None, "many", {})),
    ],
)
def test_tokens_are_whole_numbers_and_all_else_is_left_out(usage, tokens):
    events = ledger_of(("user.message", text("Hi")), status("completed", usage=usage))
    turn = Ledger([*events, *events]).turns["msg_1"]
    assert turn.usage == tokens
    message = message_of(turn, "sess_1", 1)
    assert message.to_dict().get("usage", {}) == tokens
    assert ("usage" in message.to_dict()) == isinstance(usage, dict)
    assert Message.from_dict({"id": "msg_1", "usage": usage}).tokens == tokens


KINDS = st.sampled_from(
    [
        ("user.message", text("q")),
        ("assistant.message_completed", text("a")),
        ("tool.call_requested", CALL),
        ("tool.call_completed", {"tool_call_id": "call_1", "result": 1}),
        ("tool.call_failed", {"tool_call_id": "call_1", "error": "no"}),
        ("tool.result_submitted", {"tool_call_id": "call_1", "result": 1}),
        ("session.status_changed", {"status": "running"}),
        status("running"),
        status("waiting_for_tool"),
        status("completed"),
        status("failed", error="boom"),
        ("agent.dreamt", {}),
        ("message.status_changed", {}),
        ("assistant.message_completed", {"content": "plain text"}),
        ("tool.call_requested", {}),
    ]
)
HISTORIES = st.lists(st.tuples(KINDS, st.sampled_from(["msg_1", "msg_2"])), max_size=25).map(
    lambda rows: ledger_of(*((*kind, message_id) for kind, message_id in rows))
)


@given(HISTORIES, st.randoms(use_true_random=False), st.data())
def test_order_of_arrival_repetition_and_batching_do_not_matter(events, rnd: random.Random, data):
    arrivals = [*events, *rnd.sample(events, k=len(events) // 2)]
    rnd.shuffle(arrivals)
    ledger = Ledger()
    while arrivals:
        size = data.draw(st.integers(1, len(arrivals)))
        ledger.add(arrivals[:size])
        arrivals = arrivals[size:]
    assert ledger.items == fold(events)
    assert ledger.events == events


@given(HISTORIES)
def test_folding_never_changes_the_events_and_ids_are_unique(events):
    before = [event.to_dict() for event in events]
    items = fold(events)
    assert [event.to_dict() for event in events] == before
    ids = [item.id for item in items]
    assert len(ids) == len(set(ids))


def piece(value, offset=0, draft=0, attempt=1, **more):
    data = {"draft": draft, "attempt": attempt, "kind": "text", "offset": offset, "text": value}
    return Event(id="", type="assistant.message_delta", message_id="msg_1", data=data | more)


def shown(ledger):
    last = ledger.items[-1]
    return last.id, last.status, last.text


def test_a_draft_is_the_pending_item_until_the_ledger_has_it():
    ledger = Ledger(PLAIN[:3])
    assert ledger.add([piece("Hel"), piece("lo", 3)])
    assert shown(ledger) == ("msg_1:pending", "running", "Hello")
    assert ledger.add([piece("Hello y")])  # another connection begins at 0
    assert shown(ledger) == ("msg_1:pending", "running", "Hello y")
    assert ledger.events == PLAIN[:3]
    ledger.add(PLAIN[3:4])
    assert shown(ledger) == ("msg_1:pending", "running", "")
    assert not ledger.add([piece("ou", 7)])  # it was on its way
    ledger.add([piece("More", 0, 1)])
    assert shown(ledger)[2] == "More"
    ledger.add(PLAIN[4:])
    assert ledger.items == fold(PLAIN)


def test_thoughts_are_drafts_before_the_text_and_not_of_it():
    ledger = Ledger(PLAIN[:3])
    ledger.add([piece("Hm, ", kind="reasoning")])
    assert shown(ledger) == ("msg_1:pending", "running", "")
    assert ledger.items[-1].reasoning == "Hm, "
    ledger.add([piece("Hel", 0, 1), piece("well.", 4, kind="reasoning")])
    assert [block["type"] for block in ledger.items[-1].content] == ["reasoning", "text"]
    assert (shown(ledger)[2], ledger.items[-1].reasoning) == ("Hel", "Hm, well.")
    ledger.add(PLAIN[3:])
    assert ledger.items == fold(PLAIN)


def test_a_text_that_turns_out_to_be_a_thought_is_written_anew():
    ledger = Ledger(PLAIN[:3])
    ledger.add([piece("Hm, well.")])
    ledger.add([piece("", 0), piece("Hm, well.", 0, 1, kind="reasoning"), piece("Hel", 0)])
    assert (shown(ledger)[2], ledger.items[-1].reasoning) == ("Hel", "Hm, well.")


def test_another_attempt_has_drafts_of_its_own():
    events = ledger_of(
        ("user.message", text("Hi")), status("running"), status("running", attempt=2)
    )
    ledger = Ledger(events[:2])
    ledger.add([piece("wrong")])
    ledger.add(events[2:])
    assert shown(ledger)[2] == ""
    assert not ledger.add([piece("wronger", 5)])
    ledger.add([piece("right", attempt=2)])
    assert shown(ledger)[2] == "right"


@pytest.mark.parametrize("status_", ["completed", "failed"])
def test_nothing_of_a_draft_is_left_when_a_turn_has_ended(status_):
    ends = ledger_of(("user.message", text("Hi")), status("running"), status(status_))
    ledger = Ledger(ends[:2])
    ledger.add([piece("half an ans")])
    ledger.add(ends[2:])
    assert not ledger.add([piece("wer", 11)])
    assert ledger.items == fold(ends)


@pytest.mark.parametrize(
    "strange",
    [
        {"draft": None},
        {"offset": 4},
        {"kind": ["text"]},
        {"offset": -1},
    ],
)
def test_a_piece_that_fits_nowhere_changes_nothing(strange):
    ledger = Ledger(PLAIN[:3])
    ledger.add([piece("Hel")])
    assert not ledger.add([piece("lo", **({"offset": 3} | strange))])
    assert shown(ledger)[2] == "Hel"


def test_calls_that_are_open_when_their_turn_is_cancelled_are_cancelled_with_it():
    events = ledger_of(
        ("user.message", text("Hi")),
        status("running"),
        ("tool.call_requested", CALL),
        status("failed", error="cancelled"),
    )
    _, call, end = fold(events)
    assert (call.status, call.result, call.is_cancelled) == ("failed", "cancelled", True)
    assert end.is_cancelled
    assert Ledger(events).turns["msg_1"].is_cancelled


def steps_of(calls, *, side_by_side):
    """How many functions run while a turn of so many calls is folded."""
    asks = [("tool.call_requested", CALL | {"tool_call_id": f"call_{n}"}) for n in range(calls)]
    ends = [
        ("tool.call_completed", {"tool_call_id": f"call_{n}", "result": n}) for n in range(calls)
    ]
    told = (
        [*asks, *ends]
        if side_by_side
        else [one for pair in zip(asks, ends, strict=True) for one in pair]
    )
    events = ledger_of(("user.message", text("Hi")), status("running"), *told, status("completed"))
    steps = 0

    def count(_frame, event, _argument):
        nonlocal steps
        steps += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        items = fold(events)
    finally:
        sys.setprofile(None)
    assert len(items) == calls + 1
    return steps


@pytest.mark.parametrize("side_by_side", [True])
def test_twice_as_many_calls_are_twice_as_much_work(side_by_side):
    few, many = (steps_of(calls, side_by_side=side_by_side) for calls in (200, 400))
    assert many < 2.1 * few
