import json
import re
import string

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
WORDS = st.sampled_from(
    re.findall(
        r"\S+",
        """
        type content metadata session user.message text file file_id tool.result_submitted
        message_id tool_call_id result is_error secrets llm_id version_id name limit
        """,
    )
)
BODIES = st.dictionaries(WORDS, JSON | WORDS | st.lists(st.dictionaries(WORDS, JSON | WORDS)))
QUIET = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])


def is_answered(answer: httpx.Response) -> bool:
    return answer.status_code < 500 and (answer.is_success or "detail" in answer.json())


@QUIET
@given(body=BODIES)
def test_no_json_body_breaks_the_server(api, body):
    session_id, agent_id = api.create("echo"), api.agent_id("echo")
    data = json.dumps(body)
    for path in ("events", None), ("messages", agent_id), ("sessions", agent_id):
        target = f"/agents/{path[1]}/{path[0]}" if path[1] else f"/sessions/{session_id}/events"
        assert is_answered(api.http.post(target, content=data))


@QUIET
@given(body=st.binary(max_size=200))
def test_no_bytes_break_the_server(api, body):
    session_id = api.create("echo")
    assert is_answered(api.http.post(f"/sessions/{session_id}/events", content=body))
    for kind in ("multipart/form-data; boundary=b", "text/plain", "multipart/form-data"):
        answer = api.http.post("/files", content=body, headers={"content-type": kind})
        assert is_answered(answer)


@QUIET
@given(
    part=st.text(st.characters(codec="utf-8"), min_size=1),
    header=st.text(string.printable, max_size=50).map(lambda t: "x" + t.strip() + "x"),
)
def test_no_path_query_or_header_breaks_the_server(api, part, header):
    header = "".join(c for c in header if c.isprintable())
    quoted = "".join(f"%{byte:02x}" for byte in part.encode())
    for path in (f"/sessions/{quoted}", f"/agents/{quoted}/versions/{quoted}", f"/{quoted}"):
        assert is_answered(api.http.get(path))
    answer = api.http.get("/sessions", params={f"metadata.{part}": part, part: part})
    assert is_answered(answer)
    session_id = api.create("echo")
    assert is_answered(
        api.http.get(
            f"/sessions/{session_id}/events", params={"limit": part}, headers={"X": header}
        )
    )
    body = {"type": "user.message", "content": [{"type": "text", "text": part}]}
    key = {"Idempotency-Key": header}
    assert is_answered(api.http.post(f"/sessions/{session_id}/events", json=body, headers=key))


@pytest.mark.parametrize(
    "body",
    [
        b'{"type": "user.message", "content": [{"type": "text", "text": "\\ud800"}]}',
        b'{"type": "user.message", "content": NaN}',
        b"[" * 100_000,
    ],
)
def test_json_that_could_not_be_written_again_is_malformed(api, body):
    answer = api.http.post(f"/sessions/{api.create('echo')}/events", content=body)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["type"] in ("json_invalid", "value_error")


def test_deep_metadata_and_results_are_malformed_before_they_are_stored(api, blocks):
    deep = value = []
    for _ in range(150):
        value.append([])
        value = value[0]
    session_id = api.create("echo")
    body = {"type": "user.message", "content": blocks("x"), "metadata": {"deep": deep}}
    assert api.refused(f"/sessions/{session_id}/events", body)[0] == 422
    assert api.events(session_id) == []


def test_blocks_keep_fields_that_mean_nothing_here(api):
    block = {"type": "text", "text": "x", "file_id": 5, "new": {"a": [None]}}
    session_id = api.create("echo", llm_id="small")
    body = {"type": "user.message", "content": [block]}
    sent = api.post(f"/sessions/{session_id}/events", body)
    assert api.finished(sent["message"]["id"])["parts"] == [block]


def test_text_with_every_kind_of_character_comes_back_as_it_was(api):
    text = "".join(map(chr, [*range(1, 0x250), 0x2028, 0x2029, 0xFEFF, 0xFFFF, 0x1F600]))
    message = api.ask("echo", text, llm_id="small")
    assert message["parts"][0]["text"] == message["output"]["parts"][0]["text"] == text


def test_unknown_paths_and_methods_are_json_too(api):
    assert api.http.get("/nothing").json() == {"detail": "Not Found"}
    assert api.http.get("/sessions/").status_code == 404
    wrong = api.http.delete("/agents")
    assert (wrong.status_code, wrong.json()) == (405, {"detail": "Method Not Allowed"})
    assert "GET" in wrong.headers["allow"]


def test_an_error_that_holds_anything_is_kept_in_brief(server, api, blocks):
    @server.agent("verbose")
    def verbose(prompt):
        raise ValueError("x" * 5_000_000 + "the end")

    message = api.ask("verbose", "go")
    assert len(message["output"]["error"]) < 5000
    assert message["output"]["error"].startswith("ValueError: xxx")
    assert message["output"]["error"].endswith("the end")
    agent_id = api.agent_id("echo")
    item = {"agent_id": agent_id, "llm_id": "y" * 1_000_000}
    item["message"] = {"content": blocks("hi")}
    batch = api.post("/session-batches", {"items": [item]})
    assert len(batch["sessions"][0]["error"]) < 5000
    status, detail = api.refused(f"/agents/{agent_id}/sessions", {"llm_id": "y" * 1_000_000})
    assert (status, len(detail) < 5000) == (400, True)


@pytest.mark.parametrize(
    ("host", "is_echoed"),
    [
        *(("127.0.0.1:9000", True), ("evil.example", False), ("a.b/c?d=", False), ("", False)),
        ("127.0.0.1@evil.example", False),
    ],
)
def test_an_upload_address_is_the_servers_own_whatever_host_a_request_names(
    server, api, host, is_echoed
):
    body = {"format": "tar.gz", "sha256": "0" * 64, "size_bytes": 1}
    answer = api.http.post("/source-snapshots", json=body, headers={"Host": host})
    assert answer.status_code == 201, answer.text
    expected = f"http://{host}" if is_echoed else server.url
    assert answer.json()["upload_url"].startswith(f"{expected}/uploads/")


def test_an_escaped_slash_is_part_of_an_id_and_leads_to_no_other_path(api):
    session_id = api.create("echo")
    agent_id = api.agent_id("echo")
    for method, path in [
        ("GET", f"/sessions/{session_id}%2Fevents"),
        ("GET", f"/sessions%2f{session_id}"),
        ("POST", f"/agents/{agent_id}%2Fsessions"),
        ("DELETE", f"/agents/{agent_id}%2Fwebhook"),
    ]:
        answer = api.http.request(method, path)
        assert (answer.status_code, list(answer.json())) == (404, ["detail"])
    assert api.get(f"/sessions/%73{session_id[1:]}")["id"] == session_id


@pytest.mark.parametrize(
    "metadata",
    [
        {str(number): 1 for number in range(200_000)},
        {"a": [[]] * 100_000},
    ],
    ids=["fields", "lists"],
)
def test_a_body_of_too_many_parts_is_refused_before_it_is_read(api, metadata):
    body = {"type": "user.message", "content": [{"type": "text", "text": "x"}]}
    path = f"/agents/{api.agent_id('echo')}/messages"
    status, detail = api.refused(path, body | {"metadata": metadata})
    assert (status, bool(detail)) == (413, True)
    long = {"content": [{"type": "text", "text": "A long text. " * 100_000}]}
    assert api.http.post(path, json=body | long).status_code == 202
