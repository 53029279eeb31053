"""What each verb sends, and what it makes of the answer."""

import io

import pytest
from starlette.responses import JSONResponse

from dari_nb.errors import InvalidRequestError, NotFoundError, UnknownNameError
from dari_nb.models import ToolCallItem

AGENT = {"id": "agt_1", "name": "tour", "active_version_id": "ver_1", "shade": "blue"}
OTHER = {"id": "agt_2", "name": "echo"}
SESSION = {"id": "sess_1", "agent_id": "agt_1", "status": "idle", "metadata": {"a": "b"}}
EVENT = {"id": "sess_1:evt_1", "sequence_number": 1, "type": "user.message", "data": {}}
MESSAGE = {"id": "msg_1", "status": "completed", "output": {"parts": [{"type": "text"}]}}
SENT = {"event": EVENT, "message": {"id": "msg_1", "status": "queued"}, "session": SESSION}
TRANSCRIPT = {
    "agent": AGENT,
    "session": SESSION,
    "timeline": {
        "items": [
            {"type": "tool_call", "id": "e", "tool_call_id": "call_1", "status": "completed"},
            {"type": "hologram", "id": "f", "depth": 3},
        ]
    },
}
HELLO = [{"type": "text", "text": "Hi"}]

READS = [
    ("agents.list", (), {}, "/agents", {"agents": [AGENT, OTHER]}),
    ("agents.get", ("agt_1",), {}, "/agents/agt_1", AGENT),
    ("sessions.get", ("sess_1",), {}, "/sessions/sess_1", SESSION),
    ("sessions.list", (), {}, "/sessions", {"sessions": [SESSION]}),
    (
        "sessions.list",
        (),
        {"agent_id": "agt_1"},
        "/agents/agt_1/sessions",
        {"sessions": [SESSION]},
    ),
    ("sessions.events", ("sess_1",), {}, "/sessions/sess_1/events", {"events": [EVENT]}),
    ("sessions.messages", ("sess_1",), {}, "/sessions/sess_1/messages", {"messages": [MESSAGE]}),
    ("sessions.transcript", ("sess_1",), {}, "/sessions/sess_1/transcript", TRANSCRIPT),
    ("messages.get", ("msg_1",), {}, "/messages/msg_1", MESSAGE),
]


@pytest.mark.parametrize(("verb", "args", "kwargs", "path", "answer"), READS)
def test_reading_verbs_return_the_answer_typed_with_all_its_fields(
    dari, sync_side, verb, args, kwargs, path, answer
):
    dari.answer("GET", path, answer)
    found = sync_side.ask(dari.url, verb, *args, **kwargs)
    wire = [one.to_dict() for one in found] if isinstance(found, list) else found.to_dict()
    assert wire == (next(iter(answer.values())) if isinstance(found, list) else answer)
    assert dari.seen[0].headers["authorization"].startswith("Bearer dari_")
    assert dari.seen[0].headers["accept"] == "application/json"


def test_unknown_item_types_of_a_transcript_are_kept(dari, sync_side):
    dari.answer("GET", "/sessions/sess_1/transcript", TRANSCRIPT)
    call, hologram = sync_side.ask(dari.url, "sessions.transcript", "sess_1").items
    assert isinstance(call, ToolCallItem)
    assert (hologram.type, hologram.extra) == ("hologram", {"depth": 3})


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_version_is_read_with_its_llm_options_wrapped_or_not(dari, sync_side, wrapped):
    version = {
        "id": "ver_1",
        "agent_id": "agt_1",
        "manifest": {"llm": {"options": {"small": {}, "large": {}}}},
    }
    answer = {"agent": AGENT, "version": version} if wrapped else version
    dari.answer("GET", "/agents/agt_1/versions/ver_1", answer)
    found = sync_side.ask(dari.url, "agents.version", "agt_1", "ver_1")
    assert (found.id, found.llms) == ("ver_1", ["small", "large"])


def test_an_agent_is_found_by_its_exact_name(dari, sync_side):
    dari.answer("GET", "/agents", {"agents": [AGENT, OTHER]})
    assert sync_side.ask(dari.url, "agents.get", "echo").id == "agt_2"


@pytest.mark.parametrize(
    ("name", "agents", "told"),
    [
        ("tuor", [AGENT, OTHER], "did you mean 'tour'?"),
        ("xyz", [], "'xyz'"),
        ("tour", [AGENT, {**AGENT, "id": "agt_9"}], "agt_1, agt_9"),
    ],
)
def test_a_name_without_exactly_one_agent_says_what_there_is(dari, sync_side, name, agents, told):
    dari.answer("GET", "/agents", {"agents": agents})
    with pytest.raises(UnknownNameError) as raised:
        sync_side.ask(dari.url, "agents.get", name)
    assert told in str(raised.value)


def test_a_message_is_sent_with_a_fresh_idempotency_key_each(dari, side):
    dari.answer("POST", "/sessions/sess_1/events", SENT)
    sent = side.ask(dari.url, "sessions.send", "sess_1", "Hi", metadata={"n": 1})
    side.ask(dari.url, "sessions.send", "sess_1", HELLO)
    first, second = dari.seen
    assert first.json == {"type": "user.message", "content": HELLO, "metadata": {"n": 1}}
    assert second.json == {"type": "user.message", "content": HELLO}
    keys = [seen.headers["idempotency-key"] for seen in dari.seen]
    assert all(keys)
    assert keys[0] != keys[1]
    assert (sent.event.id, sent.message.id, sent.session.id) == ("sess_1:evt_1", "msg_1", "sess_1")


def test_a_one_shot_message_carries_the_new_sessions_fields(dari, sync_side):
    dari.answer("POST", "/agents/agt_1/messages", SENT)
    sync_side.ask(dari.url, "agents.send", "agt_1", "Hi", session={"llm_id": "small"})
    assert dari.seen[0].json == {
        "type": "user.message",
        "content": HELLO,
        "session": {"llm_id": "small"},
    }
    assert dari.seen[0].headers["idempotency-key"]


def test_a_tool_result_is_sent_even_when_it_is_null(dari, sync_side):
    dari.answer("POST", "/sessions/sess_1/events", SENT)
    sync_side.ask(dari.url, "sessions.submit_tool_result", "sess_1", "msg_1", "call_1")
    assert dari.seen[0].json == {
        "type": "tool.result_submitted",
        "message_id": "msg_1",
        "tool_call_id": "call_1",
        "result": None,
        "is_error": False,
    }
    assert "idempotency-key" not in dari.seen[0].headers


def test_creating_a_session_sends_only_what_was_given(dari, sync_side):
    dari.answer("POST", "/agents/agt_1/sessions", SESSION)
    sync_side.ask(dari.url, "sessions.create", "agt_1")
    sync_side.ask(
        dari.url,
        "sessions.create",
        "agt_1",
        name="n",
        metadata={"a": "b"},
        secrets={"TOKEN_1": "s"},
        llm_api_key="k",
        llm_id="small",
        internet_access=False,
        version_id="ver_1",
        storage_binding_id="stb_1",
    )
    assert dari.seen[0].json == {}
    assert dari.seen[1].json == {
        "name": "n",
        "metadata": {"a": "b"},
        "secrets": {"TOKEN_1": "s"},
        "llm_api_key": "k",
        "llm_id": "small",
        "internet_access": False,
        "version_id": "ver_1",
        "storage_binding_id": "stb_1",
    }


POINT = {"session_id": "sess_1", "before_message_id": "msg_2"}


def offering(body, *names):
    return JSONResponse(body, headers={"Dari-Extensions": ", ".join(names)})


def test_a_fork_is_asked_for_where_it_is_offered(dari, side):
    dari.answer("GET", "/sessions/sess_1", offering(SESSION, "drafts", "fork"))
    made = offering({**SESSION, "id": "sess_2", "notes": ["as it is now"]}, "drafts", "fork")
    dari.answer("POST", "/agents/agt_1/sessions", made)
    fork = side.ask(dari.url, "sessions.create", "agt_1", llm_id="small", fork_of=POINT)
    assert (fork.id, fork.extra["notes"]) == ("sess_2", ["as it is now"])
    assert [seen.method for seen in dari.seen] == ["GET", "POST"]
    assert dari.seen[1].json == {"llm_id": "small", "fork_of": POINT}
    known = {"extensions": ["fork"]}
    side.ask(dari.url, "sessions.create", "agt_1", fork_of=POINT, options=known)
    assert [seen.method for seen in dari.seen[2:]] == ["POST"]


@pytest.mark.parametrize("answer", [SESSION, offering(SESSION, "drafts", "cancel")])
def test_a_server_that_cannot_fork_is_sent_no_fork(dari, sync_side, answer):
    dari.answer("GET", "/sessions/sess_1", answer)
    dari.answer("POST", "/agents/agt_1/sessions", SESSION)
    with pytest.raises(InvalidRequestError):
        sync_side.ask(dari.url, "sessions.create", "agt_1", fork_of=POINT)
    assert [seen.method for seen in dari.seen] == ["GET"]


@pytest.mark.parametrize(
    "place",
    [
        {"session_id": "sess_1"},
        {**POINT, "after_message_id": "msg_1"},
    ],
)
def test_a_fork_that_names_no_place_is_not_asked_for(dari, sync_side, place):
    with pytest.raises(InvalidRequestError):
        sync_side.ask(dari.url, "sessions.create", "agt_1", fork_of=place)
    assert dari.seen == []


def test_sessions_are_filtered_by_metadata_and_agent_together(dari, sync_side):
    other = {"id": "sess_2", "agent_id": "agt_2"}
    dari.answer("GET", "/sessions", {"sessions": [SESSION, other]})
    found = sync_side.ask(dari.url, "sessions.list", agent_id="agt_1", metadata={"a": "b c"})
    assert [session.id for session in found] == ["sess_1"]
    assert dari.seen[0].query == [("metadata.a", "b c")]


def test_a_file_is_uploaded_from_a_path_bytes_or_an_open_file(dari, side, tmp_path):
    dari.answer("POST", "/files", {"id": "file_1", "filename": "x", "size_bytes": 3})
    path = tmp_path / "täglich.csv"
    path.write_bytes(b"a,b")
    with path.open("rb") as file:
        for source in (path, str(path), file, b"a,b", io.BytesIO(b"a,b")):
            assert side.ask(dari.url, "files.upload", source).size_bytes == 3
    side.ask(dari.url, "files.upload", b"a,b", filename="../../etc/x.csv")
    names = [seen.body.split(b'filename="')[1].split(b'"')[0].decode() for seen in dari.seen]
    assert names == ["täglich.csv"] * 3 + ["file"] * 2 + ["x.csv"]
    assert all(b"\r\n\r\na,b\r\n" in seen.body for seen in dari.seen)
    assert all(b'name="file"' in seen.body for seen in dari.seen)


@pytest.mark.parametrize(
    ("verb", "args", "kwargs"),
    [
        ("sessions.send", ("sess_1", 7), {}),
        ("sessions.send", ("sess_1", ["Hi"]), {}),
        ("sessions.send", ("sess_1", "Hi"), {"metadata": {"x": float("nan")}}),
        ("sessions.get", ("x" * 100_000,), {}),
        ("sessions.get", ("\ud800",), {}),
        ("sessions.list", (), {"metadata": {"a": "\ud800"}}),
        ("sessions.create", ("agt_1",), {"secrets": {"lower": "s"}}),
        ("sessions.create", ("agt_1",), {"secrets": {"EMPTY": ""}}),
        ("agents.send", ("agt_1", "Hi"), {"session": {"secrets": {"1": "s"}}}),
        ("files.upload", (io.StringIO("x"),), {}),
    ],
)
def test_what_cannot_be_right_is_refused_before_anything_is_sent(
    dari, sync_side, verb, args, kwargs
):
    with pytest.raises(InvalidRequestError):
        sync_side.ask(dari.url, verb, *args, **kwargs)
    assert dari.seen == []


@pytest.mark.parametrize(
    ("session_id", "path"),
    [
        ("..", "/v1/sessions/%2E%2E"),
        ("a%2fb", "/v1/sessions/a%252fb"),
    ],
)
def test_an_id_stays_one_segment_of_the_path(dari, sync_side, session_id, path):
    with pytest.raises(NotFoundError):
        sync_side.ask(dari.url, "sessions.get", session_id)
    assert dari.seen[0].path == path
    assert dari.seen[0].query == []
