"""Recorded runs of all formats: read, written, and loaded into a local Dari."""

import gzip
import io
import json
import math
import re
import struct
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dari_nb as dari
from dari_nb.errors import InvalidRequestError

from .runs import ANTHROPIC, ATIF, CHAT, FORMATS, ITEMS, LOG, SAMPLE, readable

LAST = {"role": "assistant", "content": "Hello"}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.json"


@pytest.mark.parametrize("name", FORMATS)
def test_run_is_read_in_each_format(path, name):
    path.write_text(json.dumps(FORMATS[name]))
    [run] = dari.Transcript.from_file(path)
    assert run.format == name
    assert readable(run) == ITEMS
    assert run.instructions == "Be brief."
    assert run.resource.session.llm_id == "model-x"


@pytest.mark.parametrize("name", FORMATS)
def test_loaded_run_reads_the_same(path, server, d, name):
    path.write_text(json.dumps(FORMATS[name]))
    [session_id] = server.load_runs(path, agent="house")
    transcript = d.sessions[session_id].transcript()
    assert transcript.resource.agent.name == "house"
    assert readable(transcript) == ITEMS
    [run] = dari.Transcript.from_file(path)
    for write in ("to_messages", "to_anthropic"):
        assert getattr(transcript, write)() == getattr(run, write)()
    assert transcript.to_atif()["steps"] == run.to_atif()["steps"]


@pytest.mark.parametrize("write", ["to_messages", "to_anthropic", "to_atif"])
@pytest.mark.parametrize("name", FORMATS)
def test_written_run_is_read_again(path, name, write):
    path.write_text(json.dumps(FORMATS[name]))
    written = getattr(dari.Transcript.from_file(path)[0], write)()
    assert readable(dari.Transcript.from_messages(written)) == ITEMS
    path.write_text(json.dumps(written))
    assert readable(dari.Transcript.from_file(path)[0]) == ITEMS


def test_run_is_written_as_it_came():
    assert dari.Transcript.from_messages(CHAT).to_messages() == CHAT["messages"]
    without_model = {name: ANTHROPIC[name] for name in ("system", "messages")}
    assert dari.Transcript.from_messages(ANTHROPIC).to_anthropic() == without_model
    assert dari.Transcript.from_messages(ATIF).to_atif() == ATIF


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize(
    "write",
    [
        lambda documents: "\n".join(map(json.dumps, documents)),
        lambda documents: json.dumps(documents),
        lambda documents: "\ufeff" + json.dumps(documents, indent=2),
    ],
    ids=["lines", "list", "indented"],
)
def test_file_holds_runs_of_all_formats(path, write, pack):
    path.write_bytes(pack(write(list(FORMATS.values())).encode()))
    runs = dari.Transcript.from_file(path)
    assert [run.format for run in runs] == list(FORMATS)
    assert [readable(run) for run in runs] == [ITEMS] * len(FORMATS)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_eval_archive_is_read(tmp_path, compression):
    path = tmp_path / "log.eval"
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("header.json", json.dumps(LOG))
        archive.writestr("samples/attic-1_epoch_1.json", json.dumps(SAMPLE))
        archive.writestr("summaries.json", "[]")
    [run] = dari.Transcript.from_file(path)
    assert (run.format, readable(run)) == ("Inspect log", ITEMS)
    assert run.metadata["sample_id"] == "attic-1"


def as_zstandard(archive, texts):
    """Rewrite what the headers of a zip say: method, checksum and size of each member."""
    made = bytearray(archive)
    for name, text in texts.items():
        local, central = (found.start() for found in re.finditer(name.encode(), archive))
        for method_at in (local - 30 + 8, central - 46 + 10):
            struct.pack_into("<H", made, method_at, 93)
            struct.pack_into("<L", made, method_at + 6, zlib.crc32(text))
            struct.pack_into("<L", made, method_at + 14, len(text))
    return bytes(made)


def test_eval_archive_in_zstandard_is_read(tmp_path):
    zstandard = pytest.importorskip("zstandard")
    members = {"header.json": LOG, "samples/attic-1_epoch_1.json": SAMPLE, "summaries.json": []}
    texts = {name: json.dumps(member).encode() for name, member in members.items()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in texts.items():
            archive.writestr(name, zstandard.compress(text))
    path = tmp_path / "log.eval"
    path.write_bytes(as_zstandard(buffer.getvalue(), texts))
    [run] = dari.Transcript.from_file(path)
    assert readable(run) == ITEMS


def test_eval_archive_with_samples_is_read(tmp_path):
    path = tmp_path / "log.eval"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("header.json", json.dumps(LOG))
        for number in range(3):
            sample = SAMPLE | {"id": f"s{number}"}
            archive.writestr(f"samples/s{number}_epoch_1.json", json.dumps(sample))
    runs = dari.Transcript.from_file(path)
    assert sorted(run.metadata["sample_id"] for run in runs) == ["s0", "s1", "s2"]


def test_files_are_read_together(tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.json").write_text(json.dumps(CHAT))
    several = [tmp_path / "a.json", tmp_path / "b.json"]
    for paths in (several, list(map(str, several)), tmp_path, str(tmp_path / "*.json")):
        runs = dari.Transcript.from_file(paths)
        assert [run.metadata["file"] for run in runs] == ["a.json", "b.json"]


def test_loaded_run_has_costs_and_times(path, server, d):
    steps = [
        {"source": "user", "message": "Hi", "timestamp": "2026-01-02T10:00:00Z"},
        {"source": "agent", "message": "Hello", "timestamp": "2026-01-02T10:00:02.5Z"},
    ]
    metrics = {"total_cost_usd": 0.1875, "total_prompt_tokens": 31}
    path.write_text(json.dumps(ATIF | {"steps": steps, "final_metrics": metrics}))
    [run] = dari.Transcript.from_file(path)
    assert str(run.cost_usd) == "0.1875"
    [session_id] = server.load_runs(path)
    [row] = dari.messages_frame(session_id, dari=d).to_dict("records")
    assert (row["prompt"], row["text"], row["latency_s"]) == ("Hi", "Hello", 2.5)
    assert str(row["created_at"]) == "2026-01-02 10:00:00+00:00"
    [cost] = dari.costs_frame(session_id, dari=d).to_dict("records")
    assert (cost["cost_usd"], cost["cost_exact"]) == (0.1875, "0.1875")


def test_loading_again_adds_nothing(path, server, d):
    path.write_text("\n".join(map(json.dumps, [CHAT, CHAT, ATIF])))
    first = list(server.load_runs(path))
    assert list(server.load_runs(path)) == first
    assert len(set(first)) == len(d.sessions.list()) == 3


def test_loaded_run_is_replayed(path, server, d):
    path.write_text(json.dumps(CHAT))
    [session_id] = server.load_runs(path)
    again = server.replay(session_id, speed=math.inf)
    assert again != session_id
    session = d.sessions[again]
    assert session.metadata["replay_of"] == session_id
    [message] = session.messages()
    with d.client.sessions.stream(again, until=message.id) as events:
        list(events)
    assert readable(session.transcript()) == ITEMS


@pytest.mark.parametrize(
    "text", ["nonsense", "7", '{"a": 1}', json.dumps(CHAT) + "\n{", '{"messages": [{}]}']
)
def test_file_without_runs_is_refused(path, server, text):
    path.write_text(text)
    for read in (dari.Transcript.from_file, server.load_runs):
        with pytest.raises(InvalidRequestError) as raised:
            read(path)
        assert raised.value.code in ("invalid_run", "invalid_json", "invalid_file")


def test_file_that_is_missing_is_refused(path):
    with pytest.raises(InvalidRequestError) as raised:
        dari.Transcript.from_file(path)
    assert raised.value.code == "file_not_found"


TEXTS = st.text(min_size=1).filter(str.strip)


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4))
def test_any_conversation_survives_each_format(turns):
    roles = ("user", "assistant")
    messages = [
        {"role": role, "content": text}
        for turn in turns
        for role, text in zip(roles, turn, strict=True)
    ]
    run = dari.Transcript.from_messages(messages)
    assert run.to_messages() == messages
    for written in (run.to_anthropic(), run.to_atif()):
        assert readable(dari.Transcript.from_messages(written)) == readable(run)


IMAGES = {
    "https://example.org/cat.jpg": (
        {"type": "url", "url": "https://example.org/cat.jpg"},
        {"media_type": "image/jpeg", "path": "https://example.org/cat.jpg"},
    ),
    "data:image/png;base64,AA==": (
        {"type": "base64", "media_type": "image/png", "data": "AA=="},
        {"media_type": "image/png", "path": "data:image/png;base64,AA=="},
    ),
}


@pytest.mark.parametrize("url", IMAGES)
def test_image_is_written_in_each_format(url):
    image = {"type": "image_url", "image_url": {"url": url}}
    content = [{"type": "text", "text": "What?"}, image]
    run = dari.Transcript.from_messages([{"role": "user", "content": content}, LAST])
    anthropic, atif = IMAGES[url]
    for each in (run, dari.Transcript.from_messages(run.to_anthropic())):
        assert each.to_messages()[0]["content"] == content
        source = each.to_anthropic()["messages"][0]["content"][1]
        assert source == {"type": "image", "source": anthropic}
        assert each.to_atif()["steps"][0]["message"][1] == {"type": "image", "source": atif}


def test_failed_call_survives_each_format(path, server, d):
    use = {"type": "tool_use", "id": "c1", "name": "look", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "c1", "content": "dark", "is_error": True}
    run = [
        {"role": "user", "content": "Look."},
        {"role": "assistant", "content": [use]},
        {"role": "user", "content": [result]},
        LAST,
    ]
    path.write_text(json.dumps({"messages": run}))
    [session_id] = server.load_runs(path)
    for transcript in (dari.Transcript.from_file(path)[0], d.sessions[session_id].transcript()):
        [call] = [item for item in transcript.items if item.type == "tool_call"]
        assert (call.status, call.is_error, call.result) == ("failed", True, "dark")
        assert transcript.to_anthropic()["messages"] == run
        # Without the recording, the failure is still in what is written.
        elsewhere = dari.Transcript.from_messages(transcript.to_atif()).to_anthropic()
        [written] = elsewhere["messages"][2]["content"]
        assert (written["content"], written["is_error"]) == ("dark", True)
    frame = dari.tool_calls_frame(session_id, dari=d)
    assert frame["ok"].to_list() == [False]
    assert frame["error"].to_list() == ["dark"]
