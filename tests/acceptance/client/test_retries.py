"""Requests are repeated where a repeat is safe, and a message is never made twice."""

import pickle

import pytest

import dari_nb as dari
from dari_nb import errors

from .proxy import cut_after, cut_before, cut_in_body, cut_in_headers, passes, says, silent

NOW = {"Retry_After": "0"}
BUSY, DOWN = says(429, {"detail": "later"}, **NOW), says(503, {"detail": "down"}, **NOW)
PAST = says(429, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT")
TRANSIENT = [cut_before, cut_after, cut_in_headers, cut_in_body, BUSY, PAST, DOWN, says(504)]
FINAL = {
    400: (errors.BadRequestError, "bad_request"),
    401: (errors.AuthenticationError, "unauthorized"),
    403: (errors.PermissionDeniedError, "forbidden"),
    404: (errors.NotFoundError, "not_found"),
    409: (errors.ConflictError, "conflict"),
    413: (errors.PayloadTooLargeError, "payload_too_large"),
    418: (errors.ApiError, "api_error"),
    422: (errors.UnprocessableEntityError, "unprocessable"),
    500: (errors.ServerError, "server_error"),
}
# A repeat of these would do the same thing twice.
UNSAFE = ["sessions.create", "agents.send", "files.upload"]


def unsafe_call(side, verb, agent_id):
    args = {"agents.send": (agent_id, "Hi"), "files.upload": (b"x",)}
    return side.call(verb, *args.get(verb, (agent_id,)))


def keys(proxy):
    return [exchange.header("Idempotency-Key") for exchange in proxy.seen]


@pytest.mark.parametrize("fault", TRANSIENT, ids=lambda fault: fault.__name__)
def test_read_is_repeated_after_a_fault(side, proxy, session_id, fault):
    proxy.expect(fault)
    assert side.call("sessions.get", session_id).id == session_id
    assert len(proxy.seen) == 2


@pytest.mark.parametrize("fault", TRANSIENT, ids=lambda fault: fault.__name__)
def test_repeated_send_makes_one_message(side, proxy, direct, session_id, fault):
    proxy.expect(fault)
    sent = side.call("sessions.send", session_id, "Hi")
    assert len(proxy.seen) == 2
    assert len(set(keys(proxy))) == 1
    assert [message.id for message in direct.sessions.messages(session_id)] == [sent.message.id]


def test_late_send_is_repeated(side, proxy, direct, session_id):
    proxy.expect(silent)
    sent = side.call("sessions.send", session_id, "Hi", timeout=0.3)
    assert len(set(keys(proxy))) == 1
    assert [message.id for message in direct.sessions.messages(session_id)] == [sent.message.id]


def test_repeated_batch_is_made_once(side, proxy, direct, agent_id):
    before = len(direct.sessions.list())
    message = {"content": [{"type": "text", "text": "Hi"}]}
    proxy.expect(cut_after)
    made = side.call("batches.create", [{"agent_id": agent_id, "message": message}] * 2)
    assert len(proxy.seen) == 2
    assert len(direct.sessions.list()) == before + 2
    assert direct.batches.get(made.id).id == made.id


def test_sends_get_different_keys_unless_given(side, proxy, session_id):
    side.call("sessions.send", session_id, "one")
    side.call("sessions.send", session_id, "two")
    side.call("sessions.send", session_id, "three", idempotency_key="mine-1")
    assert len(set(keys(proxy))) == 3
    assert keys(proxy)[2] == "mine-1"


@pytest.mark.parametrize("fault", [cut_after, DOWN], ids=["cut", "503"])
@pytest.mark.parametrize("verb", UNSAFE)
def test_unsafe_call_is_not_repeated(side, proxy, agent_id, verb, fault):
    proxy.expect(fault)
    with pytest.raises((errors.ConnectionFailedError, errors.ServerError)):
        unsafe_call(side, verb, agent_id)
    assert len(proxy.seen) == 1


@pytest.mark.parametrize("verb", UNSAFE)
def test_unsafe_call_is_repeated_after_429(side, proxy, agent_id, verb):
    proxy.expect(BUSY)
    unsafe_call(side, verb, agent_id)
    assert len(proxy.seen) == 2


def test_deletion_with_lost_answer_succeeds(side, proxy, direct):
    direct.credentials.put("LOST", "x")
    proxy.expect(cut_after)
    side.call("credentials.delete", "LOST")
    assert len(proxy.seen) == 2
    with pytest.raises(errors.NotFoundError):
        side.call("credentials.delete", "LOST")


@pytest.mark.parametrize("status", FINAL)
def test_final_status_is_raised_at_once(side, proxy, session_id, status):
    proxy.expect(says(status, {"detail": "because"}))
    with pytest.raises(errors.ApiError) as raised:
        side.call("sessions.get", session_id)
    assert (type(raised.value), raised.value.code) == FINAL[status]
    assert (raised.value.status, raised.value.detail) == (status, "because")
    assert (raised.value.method, raised.value.path) == ("GET", f"/v1/sessions/{session_id}")
    assert len(proxy.seen) == 1


def test_long_retry_after_is_raised(side, proxy, session_id):
    proxy.expect(says(429, {"detail": "later"}, Retry_After="3600"))
    with pytest.raises(errors.RateLimitError) as raised:
        side.call("sessions.get", session_id)
    assert (raised.value.code, raised.value.retry_after) == ("rate_limited", 3600)
    assert len(proxy.seen) == 1


GIVING_UP = {
    "cut": ([cut_after] * 9, errors.ConnectionFailedError),
    "busy": ([BUSY] * 9, errors.RateLimitError),
    "down": ([DOWN] * 9, errors.ServerError),
    "refused": ([says(400)], errors.BadRequestError),
    "unreadable": ([says(202, b"<html>")], errors.UnexpectedAnswerError),
}


@pytest.mark.parametrize("way", GIVING_UP)
def test_failed_send_resumes_with_its_key(side, proxy, direct, session_id, way):
    faults, kind = GIVING_UP[way]
    proxy.expect(*faults)
    with pytest.raises(kind) as raised:
        side.call("sessions.send", session_id, "Hi")
    key = pickle.loads(pickle.dumps(raised.value)).idempotency_key
    assert set(keys(proxy)) == {key}
    proxy.expect()
    sent = side.call("sessions.send", session_id, "Hi", idempotency_key=key)
    assert [message.id for message in direct.sessions.messages(session_id)] == [sent.message.id]


def test_session_resumes_with_key_of_error(server, proxy):
    with dari.Dari(proxy.url, server.api_key) as d:
        session = d.agents["parrot"].send("one").wait().session
        proxy.faults = [cut_after] * 9
        with pytest.raises(dari.DariError) as raised:
            session.send("two")
        proxy.faults = []
        turn = session.send("two", idempotency_key=raised.value.idempotency_key)
        assert turn.wait().text == "two"
        assert len(d.client.sessions.messages(session.id)) == 2


def test_read_error_has_no_key(side, proxy, session_id):
    proxy.expect(says(404))
    with pytest.raises(errors.NotFoundError) as raised:
        side.call("sessions.get", session_id)
    assert raised.value.idempotency_key is None


@pytest.mark.parametrize("step", range(5))
def test_publishing_goes_on_after_a_fault(side, proxy, direct, tmp_path, step):
    (tmp_path / "dari.yml").write_text(
        f"name: {type(side.client).__name__}-{step}\nharness: pi\n"
        "instructions: {system: system.md}\nllm: {model: openai/gpt-5.5}\n"
    )
    (tmp_path / "system.md").write_text("Be brief.")
    proxy.expect(*[passes] * step, BUSY)
    made = side.call("agents.publish", tmp_path)
    assert len(direct.agents.versions(made.agent_id)) == 1
    assert proxy.faults == []
