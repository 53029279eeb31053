import msgspec
import pytest

from dari_nb.errors import ApiError, InvalidRequestError, NotFoundError, ServerError, detail_text
from dari_nb.models import (
    Agent,
    AgentVersion,
    Event,
    Message,
    SendResult,
    Session,
    TimelineItem,
    ToolCallItem,
    Transcript,
    as_content,
    format_time,
    item_from_dict,
    parse_time,
    seconds_between,
    text_of,
)

SESSION = {
    "id": "sess_1",
    "agent_id": "agt_1",
    "version_id": "ver_1",
    "status": "idle",
    "last_message_id": None,
    "last_message_status": None,
    "created_at": "2026-03-31T18:40:00Z",
}
EVENT = {
    "id": "sess_1:evt_1",
    "session_id": "sess_1",
    "sequence_number": 1,
    "message_id": "msg_1",
    "type": "user.message",
    "data": {"content": [{"type": "text", "text": "Hi"}]},
    "created_at": "2026-03-31T18:40:00Z",
}


def test_unknown_fields_are_kept_and_shown():
    agent = Agent.from_json(b'{"id": "agt_1", "name": "a", "colour": {"r": 1}}')
    assert agent.extra == {"colour": {"r": 1}}
    assert agent.to_dict() == {"id": "agt_1", "name": "a", "colour": {"r": 1}}


def test_left_out_fields_stay_left_out_and_have_defaults():
    session = Session.from_dict(SESSION)
    assert session.metadata is None
    assert session.llm_id is None
    assert session.to_dict() == SESSION


def test_to_dict_gives_a_copy():
    session = Session.from_dict({**SESSION, "metadata": {"a": "1"}})
    session.to_dict()["metadata"]["a"] = "2"
    assert session.to_dict()["metadata"] == {"a": "1"}


def test_resources_made_by_hand_and_read_are_equal():
    read = Agent.from_json(
        b'{"id":"agt_1","name":"a","active_version_id":null,"created_at":null,"deleted_at":null}'
    )
    assert read == Agent(id="agt_1", name="a")
    assert read != Agent(id="agt_2", name="a")


def test_an_event_of_an_unknown_type_is_an_event_like_any_other():
    event = Event.from_dict({**EVENT, "type": "agent.dreamt", "data": {"of": ["sheep"]}, "x": 1})
    assert event.type == "agent.dreamt"
    assert event.data == {"of": ["sheep"]}
    assert event.extra == {"x": 1}


def test_numbers_sent_as_text_are_read():
    assert Event.from_json(b'{"id": "e", "sequence_number": "7"}').sequence_number == 7


def test_a_known_field_of_an_unreadable_type_is_an_error():
    with pytest.raises(msgspec.ValidationError):
        Event.from_json(b'{"id": "e", "data": 3}')


def test_a_send_result_keeps_the_unknown_fields_of_its_parts():
    result = SendResult.from_dict(
        {"event": {**EVENT, "x": 1}, "message": None, "session": {**SESSION, "y": 2}}
    )
    assert result.event.extra == {"x": 1}
    assert result.message is None
    assert result.session.extra == {"y": 2}


def test_a_transcript_gives_its_own_shape_back():
    wire = {
        "agent": {"id": "agt_1", "name": "a"},
        "session": SESSION,
        "timeline": {
            "items": [
                {
                    "type": "user_message",
                    "id": "e1",
                    "message_id": "m",
                    "content": [{"type": "text", "text": "Hi"}],
                    "created_at": "2026-03-31T18:40:00Z",
                },
                {"type": "dream", "id": "e2", "message_id": "m", "of": "sheep"},
            ]
        },
        "next": None,
    }
    transcript = Transcript.from_dict(wire)
    assert transcript.to_dict() == wire
    assert type(transcript.items[1]) is TimelineItem
    assert transcript.items[1].extra == {"of": "sheep"}


def test_a_transcript_made_by_hand_has_the_api_shape():
    item = ToolCallItem(id="e", tool_call_id="c", tool_name="t", status="completed")
    made = Transcript(agent=Agent(id="a"), session=Session(id="s"), items=[item])
    assert made.to_dict()["timeline"]["items"][0]["tool_call_id"] == "c"
    assert item_from_dict(item.to_dict()) == item


def test_llm_options_come_from_the_manifest_when_there_is_one():
    manifest = {"llm": {"default": "a", "options": {"a": {}, "b": {}}}}
    assert AgentVersion.from_dict({"id": "v", "manifest": manifest}).llms == ["a", "b"]
    assert AgentVersion.from_dict({"id": "v", "manifest": {"llm": {"model": "m"}}}).llms == []
    assert AgentVersion.from_dict({"id": "v"}).llms == []


def test_a_message_knows_its_text_and_whether_it_has_ended():
    output = {"parts": [{"type": "text", "text": "a"}, {"type": "tool_call", "id": "c"}]}
    message = Message.from_dict({"id": "m", "status": "completed", "output": output})
    assert message.text == "a"
    assert message.is_terminal
    assert not Message(id="m", status="waiting_for_tool").is_terminal


@pytest.mark.parametrize("prompt", ["  \n", [], [{"type": "text", "text": " "}]])
def test_an_empty_message_is_refused(prompt):
    with pytest.raises(InvalidRequestError):
        as_content(prompt)


def test_a_file_alone_is_a_message():
    blocks = [{"type": "file", "file_id": "file_1"}]
    assert as_content(blocks) == blocks


def test_text_of_tolerates_what_is_not_text():
    assert text_of(None) == ""
    assert text_of(["x", {"type": "image"}, {"type": "text", "text": None}]) == ""


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-03-31T18:40:00Z", "2026-03-31T18:40:00.000Z"),
        ("2026-03-31T18:40:00.1234567Z", "2026-03-31T18:40:00.123Z"),
        ("2026-03-31T20:40:00+02:00", "2026-03-31T18:40:00.000Z"),
        ("2026-03-31T18:40:00", "2026-03-31T18:40:00.000Z"),
    ],
)
def test_times_are_read_as_utc(text, iso):
    assert format_time(parse_time(text)) == iso


@pytest.mark.parametrize("text", [None, "", "yesterday", "2026-13-01T00:00:00Z"])
def test_an_unreadable_time_is_missing(text):
    assert parse_time(text) is None
    assert seconds_between(text, "2026-03-31T18:40:00Z") is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [(404, NotFoundError), (500, ServerError), (599, ServerError), (418, ApiError)],
)
def test_each_status_has_its_class(status, kind):
    error = ApiError.from_status(status, "why", "GET", "/v1/agents")
    assert type(error) is kind
    assert str(error) == f"GET /v1/agents → {status}: why"


def test_an_api_error_survives_pickling():
    import pickle

    error = ApiError.from_status(409, {"a": 1}, "GET", "/x", "req_1")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.detail, again.request_id) == (type(error), {"a": 1}, "req_1")


@pytest.mark.parametrize(
    ("detail", "text"),
    [
        ("plain", "plain"),
        ([{"loc": ["body", "content", 0], "msg": "wrong", "type": "x"}], "content.0: wrong"),
        (["odd"], "odd"),
        ({"message": "m"}, "m"),
        (None, "None"),
    ],
)
def test_details_of_every_shape_are_one_line(detail, text):
    assert detail_text(detail) == text
