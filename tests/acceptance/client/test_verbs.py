"""The nouns and verbs of both clients, each against a real server."""

import inspect

import pytest

import dari_nb as dari
from dari_nb import errors

VERBS = {
    "agents": "list get send publish publish_snapshot versions version bundle_files"
    " read_bundle_file set_model_backend delete",
    "snapshots": "create upload finalize manifest delete",
    "sessions": "create get list send submit_tool_result cancel events stream messages transcript"
    " workspace",
    "messages": "get",
    "batches": "create get wait",
    "files": "upload",
    "webhooks": "get set clear rotate",
    "costs": "session",
    "credentials": "list put delete",
    "storage_bindings": "list create",
    "api_keys": "list create delete",
    "members": "list invite",
}
NAMES = [(noun, verb) for noun, verbs in VERBS.items() for verb in verbs.split()]


@pytest.mark.parametrize(("noun", "verb"), NAMES)
def test_verb_is_same_on_both_clients(direct, noun, verb):
    sync = getattr(getattr(direct, noun), verb)
    awaited = getattr(getattr(dari.AsyncClient("http://127.0.0.1:9", "dari_key"), noun), verb)
    parameters = inspect.signature(sync).parameters
    assert parameters == inspect.signature(awaited).parameters
    assert inspect.iscoroutinefunction(awaited) is (verb != "stream")
    assert "timeout" in parameters or verb == "stream"


def test_session_is_created_found_and_read(side, agent_id):
    created = side.call(
        "sessions.create", agent_id, name="n", metadata={"side": str(side.client)}, llm_id="large"
    )
    assert (created.name, created.llm_id, created.status) == ("n", "large", "idle")
    found = side.call("sessions.list", metadata={"side": str(side.client)})
    assert [session.id for session in found] == [created.id]
    sent = side.call("sessions.send", created.id, "Hi", metadata={"ticket": 1})
    side.stream(created.id, until=sent.message.id)
    message = side.call("messages.get", sent.message.id)
    assert (message.status, message.text, message.metadata) == ("completed", "Hi", {"ticket": 1})
    assert [each.id for each in side.call("sessions.messages", created.id)] == [message.id]
    transcript = side.call("sessions.transcript", created.id)
    assert [item.type for item in transcript.items] == ["user_message", "assistant_message"]
    assert side.call("sessions.events", created.id)[0].type == "user.message"
    assert side.call("costs.session", created.id).scope_id == created.id


def test_batch_is_created_and_waited_for(side, agent_id):
    message = {"content": [{"type": "text", "text": "Hi"}]}
    made = side.call("batches.create", [{"agent_id": agent_id, "message": message}] * 2)
    batch = side.call("batches.wait", made.id, timeout=60)
    assert (batch.status, len(batch.items)) == ("completed", 2)


def test_bundle_is_published_and_read(side, tmp_path):
    (tmp_path / "dari.yml").write_text(
        "name: read\nharness: pi\ninstructions: {system: system.md}\nllm: {model: openai/gpt-5.5}\n"
    )
    (tmp_path / "system.md").write_text("Be brief.")
    made = side.call("agents.publish", tmp_path)
    where = (made.agent_id, made.version_id)
    assert side.call("agents.version", *where).id == made.version_id
    assert {file.path for file in side.call("agents.bundle_files", *where)} == {
        "dari.yml",
        "system.md",
    }
    assert side.call("agents.read_bundle_file", *where, "system.md") == "Be brief."
    assert side.call("agents.delete", made.agent_id).deleted_at


def test_organization_is_administered(side):
    assert side.call("credentials.put", "TOKEN", "hush").name == "TOKEN"
    assert [each.name for each in side.call("credentials.list")] == ["TOKEN"]
    side.call("credentials.delete", "TOKEN")
    key = side.call("api_keys.create", "ci")
    assert key.api_key not in repr(key)
    assert key.id in [each.id for each in side.call("api_keys.list")]
    side.call("api_keys.delete", key.id)
    assert side.call("members.list")[0].role == "owner"


def test_webhook_is_set_and_cleared(side, agent_id):
    hook = side.call("webhooks.set", agent_id, "https://example.com/x")
    assert hook.signing_secret not in repr(hook)
    assert side.call("webhooks.get", agent_id).webhook_url == "https://example.com/x"
    assert side.call("webhooks.clear", agent_id).webhook_url is None


def test_call_is_cancelled(server, side, direct):
    @server.agent("asks")
    def asks(prompt):
        yield dari.local.ToolCall("lookup", {}, external=True)

    agent_id = next(agent.id for agent in direct.agents.list() if agent.name == "asks")
    sent = side.call("agents.send", agent_id, "Hi")
    event = side.call("sessions.cancel", sent.session.id, sent.message.id).event
    assert event.type == "message.cancel_requested"
    last = side.stream(sent.session.id, until=sent.message.id)[-1]
    assert (last.data["status"], last.data["error"]) == ("failed", "cancelled")


def test_request_reaches_any_path(side, session_id):
    answer = side.call("request", "GET", "/sessions")
    assert session_id in [session["id"] for session in answer["sessions"]]
    one = side.call("request", "get", f"/v1/sessions/{session_id}")
    assert one["id"] == session_id
    url = f"{side.client.base_url}/v1/sessions/{session_id}"
    assert side.call("request", "GET", url) == one
    params = {"metadata.none": "1", "left_out": None}
    assert side.call("request", "GET", "/sessions", params=params) == {"sessions": []}
    body = {"type": "user.message", "content": [{"type": "text", "text": "Hi"}]}
    made = side.call("request", "POST", f"/sessions/{session_id}/events", json=body)
    assert made["event"]["type"] == "user.message"


@pytest.mark.parametrize(
    "path",
    [
        "http://127.0.0.1:9/v1/sessions",
        "//127.0.0.1:9/v1/sessions",
        "{url}@127.0.0.1:9/v1/sessions",
        "{url}/other",
        "/sessions//sess_1",
        "",
        "/",
    ],
)
def test_request_elsewhere_is_refused(side, proxy, path):
    with pytest.raises(errors.InvalidRequestError):
        side.call("request", "GET", path.format(url=proxy.url))
    assert proxy.seen == []


def test_client_knows_extensions_after_an_answer(server):
    with dari.Client(server.url, server.api_key) as client:
        assert client.extensions == frozenset()
        client.agents.list()
        assert client.extensions >= {"drafts", "reasoning", "cancel", "fork"}


def test_base_url_may_end_in_v1(server):
    with dari.Client(f"{server.url}/v1/", server.api_key) as client:
        assert client.base_url == server.url
        assert client.agents.list()
