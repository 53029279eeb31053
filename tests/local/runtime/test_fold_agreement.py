from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dari_nb.local import ToolCall, ToolResult
from dari_nb.models import Event
from dari_nb.transcript import Ledger, fold, message_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
STEP = st.one_of(
    st.text(max_size=20),
    st.builds(ToolCall, st.sampled_from(["a", "b"]), JSON),
    st.builds(ToolResult, JSON, st.booleans()),
    st.just(RuntimeError("scripted")),
)
HISTORY = st.lists(st.lists(STEP, max_size=6), min_size=1, max_size=4)


def play(script):
    for step in script:
        if isinstance(step, Exception):
            raise step
        yield step


@settings(
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
# A seed, not a source of randomness: how many events there are to shuffle depends on timing.
@given(history=HISTORY, queued=st.booleans(), seed=st.integers())
def test_folding_the_events_gives_the_transcript_and_the_messages(
    server, api, history, queued, seed
):
    server.agent("history")(lambda prompt: play(history[int(prompt)]))
    session_id = api.create("history")
    for number in range(len(history)):
        sent = api.send(session_id, str(number))
        if not queued:
            api.finished(sent["message"]["id"])
    running = [Event.from_dict(e) for e in api.events(session_id)]
    assert all(item.id for item in fold(running))
    api.rests(session_id)

    wire = api.events(session_id)
    events = [Event.from_dict(event) for event in wire]
    items = [item.to_dict() for item in fold(events)]
    assert api.items(session_id) == items
    shuffled = [*events, *events]
    Random(seed).shuffle(shuffled)
    assert [item.to_dict() for item in fold(shuffled)] == items

    turns = Ledger(events).turns.values()
    messages = [message_of(turn, session_id, n).to_dict() for n, turn in enumerate(turns, 1)]
    assert api.messages(session_id) == messages
    assert [m["status"] for m in messages] == [expected_status(script) for script in history]
    assert [e["sequence_number"] for e in wire] == list(range(1, len(wire) + 1))


def expected_status(script):
    open_calls = 0
    for step in script:
        if isinstance(step, Exception) or (isinstance(step, ToolResult) and not open_calls):
            return "failed"
        open_calls += isinstance(step, ToolCall)
        open_calls -= isinstance(step, ToolResult)
    return "completed"
