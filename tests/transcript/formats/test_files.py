"""Files as they are found: JSON and JSON lines, broken, hostile and large."""

from __future__ import annotations

import gzip
import json
import os
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dari_nb
from dari_nb.errors import InvalidRequestError
from dari_nb.resources import Transcript
from dari_nb.transcript.formats import FORMATS, files, json_bytes, read_runs

HI = {"role": "user", "content": "Hi"}
ROW = {"messages": [HI, {"role": "assistant", "content": "Hello"}], "task_id": "a"}
CLAUDE = {"system": "Be brief.", "messages": [HI]}
STEP = {"source": "user", "message": "Hi"}
ATIF = {"schema_version": "ATIF-v1.0", "agent": {"name": "x"}, "steps": [STEP]}
SAMPLE = {"id": 1, "epoch": 1, "messages": [HI]}
INSPECT = {"version": 2, "status": "success", "eval": {"task": "t"}, "samples": [SAMPLE, SAMPLE]}
RESPONSE = {"object": "response", "input": "Hi", "output": []}
TRAJ = {"history": [{**HI, "agent": "main"}], "trajectory": [], "info": {}}
DOCUMENTS = {
    "chat completions": ROW,
    "Anthropic messages": CLAUDE,
    "ATIF trajectory": ATIF,
    "Inspect log": INSPECT,
    "OpenAI Responses": RESPONSE,
    "SWE-agent trajectory": TRAJ,
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs.any"


def test_each_format_is_recognised_by_itself_in_one_file(path, server, d):
    path.write_text("\n".join(map(json.dumps, DOCUMENTS.values())))
    runs = Transcript.from_file(path)
    names = [*DOCUMENTS, "Inspect log"]
    assert sorted(run.format for run in runs) == sorted(names)
    assert set(FORMATS) == set(DOCUMENTS)
    assert {run.items[0].text for run in runs} == {"Hi"}
    assert all(name in str(runs) for name in DOCUMENTS)
    loaded = server.load_runs(path)
    assert loaded.formats == list(DOCUMENTS)
    assert set(loaded.lost) == {sentence for run in runs for sentence in run.run.lost}


def test_what_is_lost_is_said_where_people_look():
    told = " ".join(Transcript.from_file.__doc__.split())
    for name in DOCUMENTS:
        assert FORMATS[name].LOST
        assert name.split()[0] in told
        assert FORMATS[name].__doc__


def test_equal_runs_of_a_file_are_several_and_the_same_each_time(path, d):
    path.write_text(f"{json.dumps(ROW)}\n" * 3)
    first, again = ([run.resource.session.id for run in Transcript.from_file(path)] for _ in "ab")
    assert first == again
    assert len(set(first)) == 3
    assert first[0] == Transcript.from_messages(ROW, agent="runs.any").resource.session.id
    matrices = [
        d.batches.from_runs(source) for source in (path, str(path), Transcript.from_file(path))
    ]
    assert len({matrix.run_id for matrix in matrices}) == 1
    assert matrices[0].to_frame()["repeat"].to_list() == [0, 1, 2]


def test_a_matrix_of_runs_that_do_not_say_what_they_are_about_asks(path, d):
    path.write_text(json.dumps(ATIF))
    with pytest.raises(InvalidRequestError, match="schema_version"):
        d.batches.from_runs(path)
    assert len(d.batches.from_runs(path, task="schema_version")) == 1


@pytest.mark.parametrize(
    ("indent", "pack", "mark"),
    [(None, bytes, b"\n\n"), (2, bytes, b"\xef\xbb\xbf"), (2, gzip.compress, b"")],
)
def test_json_on_a_line_on_many_and_a_list_of_it(path, indent, pack, mark):
    for name, document in DOCUMENTS.items():
        for given_ in (document, [document]):
            path.write_bytes(pack(mark + json.dumps(given_, indent=indent).encode()))
            assert {run.format for run in Transcript.from_file(path)} == {name}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("\n \n", None),
        (f"{json.dumps(ROW)}\n\n{{\n", "line 3: not JSON"),
        (f"{json.dumps(ROW)}\n7", "line 2: of no known format"),
        (f'\n{{"messages": [\n{json.dumps(HI)},\n nonsense]}}', "line 4: not JSON"),
        (json.dumps([ROW, {"a": 1}]), "line 1: entry 2: of no known format"),
        (json.dumps([ROW, {"messages": [{}]}], indent=1), "the document: entry 2: "),
        ("[]", "line 1: the list is empty"),
        (json.dumps({"messages": [{"role": "x"}]}), "line 1: message 1 has no known role: 'x'"),
        (json.dumps({"messages": "hello"}), 'line 1: "messages" is a text'),
        (json.dumps({str(n): 1 for n in range(99)}), "line 1: of no known format"),
        (
            json.dumps({**INSPECT, "samples": [SAMPLE, {"messages": 1}]}),
            "line 1: sample 2: a sample",
        ),
        (json.dumps({"messages": [], "x": "\ud800"}), "line 1: not JSON"),
        ("[" * 5000, "line 1: nested too deeply"),
        ('{"messages": ' + "[" * 101 + "]" * 101 + "}", "line 1: nested more than 100 levels"),
    ],
)
def test_a_wrong_file_is_named_with_its_line(path, server, text, line):
    path.write_text(text)
    for read in (Transcript.from_file, server.load_runs):
        if line is None:
            assert read(path) == []
        else:
            with pytest.raises(InvalidRequestError) as caught:
                read(path)
            assert f"{path}, {line}" in str(caught.value)
            assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    ("data", "hint"),
    [
        (b"task_id,messages\na,Hi\n", "JSON lines"),
        (json.dumps(ROW).encode("utf-16"), "UTF-8"),
        (json.dumps(ROW).encode("utf-16-le"), "UTF-8"),
        (json.dumps(ROW, indent=1).encode() * 2, "one document a line"),
        (json.dumps([{"conversations": []}]).encode(), "conversations"),
    ],
)
def test_what_a_file_is_instead_is_said_with_what_is_wanted(path, data, hint):
    path.write_bytes(data)
    with pytest.raises(InvalidRequestError, match=hint):
        Transcript.from_file(path)


def test_a_line_that_is_too_long_is_not_read_to_its_end(path, monkeypatch):
    monkeypatch.setattr(files, "MAX_DOCUMENT", 2**20)
    path.write_bytes(gzip.compress(json.dumps(ROW).encode() + b"\n" + b" " * 2**26))
    with pytest.raises(InvalidRequestError, match="line 2: longer than 1 MiB"):
        Transcript.from_file(path)
    path.write_bytes(gzip.compress(b"[\n" * 2**22))
    with pytest.raises(InvalidRequestError, match="line 1: a document of more than 1 MiB"):
        Transcript.from_file(path)
    assert json_bytes.MAX_DOCUMENT == 256 * 2**20


@pytest.mark.parametrize("begin", [json.dumps(ROW).encode(), b"PK\3\4"])
def test_all_of_a_gzipped_file_has_a_limit(path, begin, monkeypatch):
    assert files.MAX_UNPACKED == 2 * 2**30
    monkeypatch.setattr(files, "MAX_UNPACKED", 2**24)
    empty = gzip.compress(b" " * 2**20 + b"\n")
    path.write_bytes(gzip.compress(begin + b"\n") + empty * 17)
    with pytest.raises(InvalidRequestError, match="unpacked it is larger than 2 GiB"):
        Transcript.from_file(path)


@pytest.mark.parametrize("is_linked", [True, False])
def test_what_is_no_file_is_refused_before_it_is_opened(path, server, is_linked):
    pipe = path.with_name("pipe")
    os.mkfifo(pipe)
    if is_linked:
        path.symlink_to(pipe)
    for read in (Transcript.from_file, server.load_runs):
        with pytest.raises(InvalidRequestError, match="a pipe or a device, not a file"):
            read(path if is_linked else pipe)


def test_many_lines_are_read_in_little_memory(path):
    row = {"messages": [HI, {"role": "assistant", "content": "x" * 1000}] * 3}
    with path.open("w") as file:
        for number in range(1_500):
            file.write(json.dumps({**row, "task_id": number}) + "\n")
    tracemalloc.start()
    count = sum(1 for _ in read_runs(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 1_500
    assert peak < path.stat().st_size / 4


KEYS = (
    *("role", "content", "type", "text", "messages", "tool_calls", "id", "function", "name"),
    *(
        "arguments",
        "system",
        "tool_use_id",
        "tool_call_id",
        "input",
        "output",
        "summary",
        "call_id",
    ),
    *("steps", "source", "message", "observation", "results", "source_call_id", "schema_version"),
    *("eval", "task", "status", "samples", "epoch", "scores", "value", "events", "event", "model"),
    *("history", "trajectory", "action", "thought", "agent", "usage", "choices", "attachments"),
    *("timestamp", "completed", "message_id", "model_usage", "reasoning_content", "metrics"),
)
WORDS = (
    *("user", "assistant", "tool", "system", "agent", "text", "tool_use", "tool_result"),
    *("thinking", "reasoning", "function_call", "function_call_output", "web_search_call"),
    *("message", "ATIF-v1.7", "model", "a", "", "Error", "C", "2026-01-02T10:00:00Z", "response"),
)
PLAIN = st.none() | st.booleans() | st.integers(-3, 2**62) | st.floats() | st.sampled_from(WORDS)
JSON = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6)
    ),
    max_leaves=40,
)
BASES = [*DOCUMENTS.values(), {"messages": [HI, {"role": "assistant"}, {"role": "tool"}]}]


@st.composite
def documents(draw):
    """A document of a known format, in which anything may stand anywhere."""
    document = json.loads(json.dumps(draw(st.sampled_from(BASES))))
    for _ in range(draw(st.integers(1, 4))):
        holder = document
        while draw(st.booleans()):
            inner = holder.values() if isinstance(holder, dict) else holder
            inner = [part for part in inner if isinstance(part, dict | list) and part]
            if not inner:
                break
            holder = draw(st.sampled_from(inner))
        if isinstance(holder, dict):
            holder[draw(st.sampled_from(KEYS))] = draw(JSON)
        else:
            holder.append(draw(JSON))
    return document


@settings(max_examples=100, deadline=None)
@given(documents() | JSON)
def test_whatever_a_document_holds_it_is_read_or_refused(document):
    try:
        run = Transcript.from_messages(document)
    except InvalidRequestError:
        return
    for form in run.to_mimebundle().values():
        assert form
    for frame in ("sessions", "messages", "tool_calls", "events", "costs"):
        getattr(dari_nb, f"{frame}_frame")([run])
    for export in ("to_messages", "to_anthropic", "to_atif"):
        json.dumps(getattr(run, export)())
