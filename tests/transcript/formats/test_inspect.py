import io
import json
import sys
import tracemalloc
import zipfile
import zlib

import pytest

import dari_nb
from dari_nb.errors import InvalidRequestError
from dari_nb.resources import Transcript
from dari_nb.transcript.formats.inspect import archives

from .preserved import lost

MESSAGES = [
    {"id": "m0", "role": "system", "content": "Be brief.", "source": "input"},
    {
        "id": "m1",
        "role": "user",
        "source": "input",
        "content": [
            {"type": "text", "text": "attachment://aa11"},
            {"type": "image", "image": "https://example.org/cat.png", "detail": "low"},
            {"type": "document", "document": "https://example.org/p.pdf", "filename": "p.pdf"},
        ],
    },
    {
        "id": "m2",
        "role": "assistant",
        "source": "generate",
        "model": "model-i-2026",
        "content": [
            {
                "type": "reasoning",
                "reasoning": "Perhaps a cat.",
                "signature": "c2lnbmVk",
                "redacted": False,
            },
            {"type": "reasoning", "reasoning": "aGlkZGVu", "summary": "sum-up", "redacted": True},
            {"type": "text", "text": "I look.", "citations": [{"type": "url", "url": "u://c"}]},
            {
                "type": "tool_use",
                "tool_type": "web_search",
                "id": "ws1",
                "name": "search",
                "arguments": '{"query": "purring"}',
                "result": "cats purr",
            },
        ],
        "tool_calls": [
            {
                "id": "call_1",
                "function": "bash",
                "arguments": {"cmd": "ls attic"},
                "type": "function",
                "view": {"title": "a view", "format": "markdown", "content": "ls..."},
            },
            {
                "id": "call_2",
                "function": "python",
                "arguments": {},
                "parse_error": "not parsed at all",
            },
        ],
        "metadata": {"note": "a note"},
    },
    {
        "id": "m3",
        "role": "tool",
        "tool_call_id": "call_1",
        "function": "bash",
        "content": [{"type": "text", "text": "boxes"}],
    },
    {
        "id": "m4",
        "role": "tool",
        "tool_call_id": "call_2",
        "function": "python",
        "content": "",
        "error": {"type": "timeout", "message": "took too long"},
    },
    {"id": "m5", "role": "assistant", "content": "A cat.", "source": "generate"},
]
MODEL_EVENT = {
    "event": "model",
    "uuid": "ev-1",
    "timestamp": "2026-01-02T10:00:01+00:00",
    "completed": "2026-01-02T10:00:03+00:00",
    "model": "model-i",
    "output": {
        "choices": [{"message": {"id": "m2"}, "stop_reason": "tool_calls"}],
        "usage": {"input_tokens": 71, "output_tokens": 72, "input_tokens_cache_read": 73},
    },
}
TOOL_EVENT = {
    "event": "tool",
    "id": "call_1",
    "function": "bash",
    "timestamp": "2026-01-02T10:00:04+00:00",
    "completed": "2026-01-02T10:00:06.5+00:00",
    "result": "boxes",
}
SAMPLE = {
    "id": "cats-7",
    "epoch": 2,
    "input": "in-put",
    "choices": ["choice-a", "choice-b"],
    "target": "tar-get",
    "sandbox": {"type": "docker-box", "config": "compose.yaml"},
    "files": ["plan.txt"],
    "setup": "touch it",
    "messages": MESSAGES,
    "output": {"model": "lost-model", "choices": [], "completion": "lost-completion"},
    "scores": {
        "match": {"value": "C", "answer": "cat-answer", "explanation": "it is one"},
        "rubric": {"value": {"tone": 0.75, "facts": "P"}, "metadata": {"judge": "judge-9"}},
        "list_up": {"value": [3131, 3132], "history": []},
        "unscored": {"value": None},
    },
    "metadata": {"source": "shelf-3", "epoch": "own-epoch"},
    "store": {"lost-key": "lost-store"},
    "events": [MODEL_EVENT, TOOL_EVENT],
    "timelines": [{"name": "lost-timeline"}],
    "model_usage": {
        "model-i": {
            "input_tokens": 1171,
            "output_tokens": 1172,
            "total_tokens": 2343,
            "input_tokens_cache_read": 1173,
            "reasoning_tokens": 1174,
            "total_cost": 0.0625,
        }
    },
    "role_usage": {"grader": {"input_tokens": 1181}},
    "started_at": "2026-01-02T10:00:00+00:00",
    "completed_at": "2026-01-02T10:00:09+00:00",
    "total_time": 9.25,
    "working_time": 8.125,
    "uuid": "uuid-77",
    "error": {"message": "an error", "traceback": "line 1", "traceback_ansi": "line 2"},
    "error_retries": [{"message": "an earlier error"}],
    "attachments": {"aa11": "What is this?"},
    "limit": {"type": "token-limit", "limit": 99999},
    "invalidation": {"author": "ada-l"},
    "turn_count": 5,
    "new_field": "from the future",
}
LOG = {
    "version": 2,
    "status": "success",
    "eval": {
        "eval_id": "eval-1",
        "run_id": "run-1",
        "created": "2026-01-02T09:59:00+00:00",
        "task": "house/cats",
        "task_version": "1.5",
        "task_args": {"level": "hard-level"},
        "solver": "react-solver",
        "tags": ["tag-1"],
        "dataset": {"name": "cats-set", "samples": 1},
        "model": "lab/model-i",
        "config": {"epochs": 2},
    },
    "plan": {"name": "lost-plan"},
    "results": {"scores": [{"name": "lost-result"}]},
    "stats": {"started_at": "2026-01-02T09:59:01+00:00"},
    "samples": [SAMPLE],
}
STATED = ("events[]", "output.", "store.", "timelines[]")
"""Of a sample, what the format's docs say is lost."""


def zipped(members, compression=zipfile.ZIP_DEFLATED):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", compression) as archive:
        for name, member in members.items():
            text = member if isinstance(member, bytes) else json.dumps(member).encode()
            archive.writestr(name, text)
    return data.getvalue()


HEADER = {name: LOG[name] for name in LOG if name != "samples"}
WHOLE = {
    "_journal/start.json": {"version": 2, "eval": LOG["eval"]},
    "samples/cats-7_epoch_2.json": SAMPLE,
    "_journal/summaries/1.json": [],
    "summaries.json": [],
    "header.json": HEADER,
}
SHELL = {name: SAMPLE[name] for name in SAMPLE if name not in ("messages", "attachments")}
POOL = [MESSAGES[5], *MESSAGES[:5]]
POOL[2] = {**MESSAGES[1], "content": [{"type": "text", "text": "attachment://0"}]}
CHUNKED = {
    "header.json": HEADER,
    "samples/cats-7_epoch_2/sample.json": {**SHELL, "message_refs": [[1, 6], [0, 1]]},
    "samples/cats-7_epoch_2/messages/0.json": POOL[:4],
    "samples/cats-7_epoch_2/messages/4.json": POOL[4:],
    "samples/cats-7_epoch_2/events/0.json": [],
    "samples/cats-7_epoch_2/attachments/0.json": ["What is this?"],
    "samples/cats-7_epoch_2/metadata.json": SAMPLE["metadata"],
}


@pytest.fixture(params=["json", "eval"])
def path(request, tmp_path):
    path = tmp_path / f"cats.{request.param}"
    path.write_bytes(
        json.dumps(LOG, indent=2).encode() if request.param == "json" else zipped(WHOLE)
    )
    return path


def test_every_field_of_a_sample_is_kept_but_what_is_stated(path):
    [run] = Transcript.from_file(path)
    assert run.format == "Inspect log"
    missing = {p for p in lost(SAMPLE, run) if not p.startswith(STATED)}
    times = {"started_at", "completed_at"}
    # Replaced by what it stands for.
    assert missing - times <= {"messages[].content[].text"}
    spec = {p for p in lost(LOG["eval"], run) if p not in ("config.epochs", "dataset.samples")}
    assert spec <= {"created"}


def test_scores_epochs_models_costs_tokens_and_times_arrive_in_frames(path):
    runs = Transcript.from_file(path)
    sessions = dari_nb.sessions_frame(runs).iloc[0]
    assert sessions["llm_id"] == "lab/model-i"
    assert str(sessions["created_at"]) == "2026-01-02 10:00:00+00:00"
    told = {"sample_id": "cats-7", "epoch": "2", "metadata.epoch": "own-epoch", "match": "1.0"}
    told |= {"match.grade": "C", "match.answer": "cat-answer", "rubric.tone": "0.75"}
    told |= {"rubric.facts": "0.5", "input_tokens": "2344", "output_tokens": "1172"}
    assert {name: sessions[f"metadata.{name}"] for name in told} == told
    calls = dari_nb.tool_calls_frame(runs).set_index("tool_name")
    assert calls.loc["bash", "latency_s"] == 2.5
    assert calls.loc[["python", "search"], "latency_s"].isna().all()
    assert calls["ok"].to_dict() == {"search": True, "bash": True, "python": False}
    assert calls.loc["python", "error"] == "took too long"
    assert str(runs[0].cost_usd) == "0.0625"
    message = dari_nb.messages_frame(runs).iloc[0]
    assert str(message["created_at"]) == "2026-01-02 10:00:00+00:00"
    assert runs[0].events[-1].data["usage"] == {
        "input_tokens": 144,
        "output_tokens": 72,
        "cached_input_tokens": 73,
    }


@pytest.mark.parametrize(
    ("content", "result"),
    [
        ("", "too long"),
        ("it was too long", "it was too long"),
        ("the beginning", "too long\n\nthe beginning"),
        ('{"a": 1}', {"error": "too long", "result": {"a": 1}}),
    ],
)
def test_why_a_tool_failed_stands_beside_what_it_gave(content, result):
    failed = {**MESSAGES[4], "content": content, "error": {"type": "x", "message": "too long"}}
    sample = {**SAMPLE, "messages": [*MESSAGES[:4], failed]}
    run = Transcript.from_messages({**LOG, "samples": [sample]})
    calls = [item for item in run.items if item.type == "tool_call"]
    assert (calls[-1].status, calls[-1].result) == ("failed", result)


def test_what_the_source_does_not_say_is_unknown(tmp_path):
    bare = {**SAMPLE, "events": [], "model_usage": {}, "started_at": None, "scores": None}
    bare["completed_at"] = None
    path = tmp_path / "bare.json"
    path.write_text(json.dumps({**LOG, "samples": [bare]}))
    runs = Transcript.from_file(path)
    assert runs[0].cost_usd is None
    for kind in ("sessions", "messages", "tool_calls"):
        frame = getattr(dari_nb, f"{kind}_frame")(runs)
        times = [name for name in frame if name.endswith("_at") or name == "latency_s"]
        assert frame[times].isna().all().all()


def test_it_is_shown_and_goes_on_in_other_formats(path):
    [run] = Transcript.from_file(path)
    shown = ("What is this?", "I look.", "cats purr", "boxes", "took too long", "A cat.")
    assert all(text in str(run) for text in (*shown, "thought", "cats.png"[:3]))
    html = run.to_mimebundle()["text/html"]
    assert "Perhaps a cat." in html
    chat = run.to_messages()
    assert Transcript.from_messages(chat).to_messages() == chat
    for export in ("to_anthropic", "to_atif"):
        there = getattr(run, export)()
        assert getattr(Transcript.from_messages(there), export)() == there


def test_a_sample_in_parts_is_the_same_run(tmp_path):
    for name, members in {"whole": WHOLE, "parts": CHUNKED}.items():
        (tmp_path / f"{name}.eval").write_bytes(zipped(members))
    [whole] = Transcript.from_file(tmp_path / "whole.eval")
    [parts] = Transcript.from_file(tmp_path / "parts.eval")
    assert parts.items[0].text == "What is this?"
    assert [i.type for i in parts.items] == [i.type for i in whole.items]
    assert parts.metadata == whole.metadata


def test_what_is_lost_is_the_same_for_both_ways_to_write_a_log(tmp_path):
    (tmp_path / "a.eval").write_bytes(zipped(WHOLE))
    (tmp_path / "a.json").write_text(json.dumps(LOG))
    lost = [Transcript.from_file(tmp_path / name)[0].run.lost for name in ("a.eval", "a.json")]
    assert lost[0] == lost[1]
    assert len(lost[0]) == 6


def test_a_log_that_was_not_finished_is_read_as_far_as_it_goes(tmp_path):
    members = {n: WHOLE[n] for n in ("_journal/start.json", "samples/cats-7_epoch_2.json")}
    (tmp_path / "cut.eval").write_bytes(zipped(members))
    [run] = Transcript.from_file(tmp_path / "cut.eval")
    assert run.resource.session.llm_id == "lab/model-i"


def zstandard(members):
    """A zip whose members are compressed with Zstandard, in several frames."""
    import pyarrow

    data = zipped(members, zipfile.ZIP_STORED)
    done = io.BytesIO()
    codec = pyarrow.Codec("zstd")
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(done, "w") as target:
        for member in source.infolist():
            text = source.read(member)
            halves = (text[: len(text) // 2], text[len(text) // 2 :])
            packed = b"".join(codec.compress(half, asbytes=True) for half in halves)
            target.writestr(member.filename, packed)
    raw = bytearray(done.getvalue())
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        for member in source.infolist():
            claim(raw, member.filename, 93, zlib.crc32(source.read(member)), member.file_size)
    return bytes(raw)


def spoilt(data):
    """Change bytes in the midst of the largest member."""
    middle = data.index(b"cats-7_epoch_2.json") + 400
    return data[:middle] + bytes(40) + data[middle + 40 :]


def claim(raw, name, method, crc, size):
    """Rewrite what the headers of a member say of it."""
    for magic, offset, behind in ((b"PK\x03\x04", 8, 30), (b"PK\x01\x02", 10, 46)):
        start = 0
        while (start := raw.find(magic, start)) >= 0:
            if raw[start + behind : start + behind + len(name)] == name.encode():
                raw[start + offset : start + offset + 2] = method.to_bytes(2, "little")
                raw[start + offset + 6 : start + offset + 10] = crc.to_bytes(4, "little")
                raw[start + offset + 14 : start + offset + 18] = size.to_bytes(4, "little")
            start += 4


def test_members_compressed_with_zstandard_are_read(tmp_path):
    (tmp_path / "new.eval").write_bytes(zstandard(WHOLE))
    (tmp_path / "old.eval").write_bytes(zipped(WHOLE))
    [new] = Transcript.from_file(tmp_path / "new.eval", agent="a")
    [old] = Transcript.from_file(tmp_path / "old.eval", agent="a")
    assert new.to_dict() == old.to_dict()


def test_without_what_reads_zstandard_the_extra_is_named(tmp_path, monkeypatch):
    path = tmp_path / "new.eval"
    path.write_bytes(zstandard(WHOLE))
    for name in ("compression.zstd", "zstandard", "pyarrow"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InvalidRequestError, match=r"pip install 'dari_nb\[inspect\]'"):
        Transcript.from_file(path)


@pytest.mark.parametrize("pack", [zipped, zstandard])
def test_a_member_that_becomes_too_large_is_refused(tmp_path, monkeypatch, pack):
    monkeypatch.setattr(archives, "MAX_DOCUMENT", 2**20)
    bomb = {**WHOLE, "samples/bomb_epoch_1.json": b" " * 2**22}
    path = tmp_path / "bomb.eval"
    path.write_bytes(pack(bomb))
    with pytest.raises(InvalidRequestError, match=r"sample 2 \(.*bomb_epoch_1.json is larger than"):
        Transcript.from_file(path)


def test_many_large_members_are_refused_before_any_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_UNPACKED", 2**24)
    path = tmp_path / "many.eval"
    large = json.dumps(SAMPLE).encode() + b" " * 2**22
    path.write_bytes(zipped({**WHOLE, **{f"samples/{n}_epoch_1.json": large for n in range(9)}}))
    tracemalloc.start()
    with pytest.raises(InvalidRequestError):
        Transcript.from_file(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**22


def test_a_text_that_is_referred_to_very_often_fills_no_memory(tmp_path):
    text = {"type": "text", "text": "attachment://big"}
    sample = {
        "id": 1,
        "epoch": 1,
        "messages": [{"role": "user", "content": [text] * 100_000}],
        "attachments": {"big": "x" * 2**20},
    }
    path = tmp_path / "often.json"
    path.write_text(json.dumps({**LOG, "samples": [sample]}))
    with pytest.raises(InvalidRequestError, match="sample 1: its attachments are more than"):
        Transcript.from_file(path)


def test_names_in_the_zip_lead_nowhere(tmp_path):
    path = tmp_path / "in" / "evil.eval"
    path.parent.mkdir()
    names = ("../../out.json", "/etc/out.json", "samples/../../out.json", "samples/a/b/c.json")
    path.write_bytes(zipped({**dict.fromkeys(names, SAMPLE), "header.json": HEADER}))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InvalidRequestError, match=r"not read: 'samples/../../out.json' and 1 more"):
        Transcript.from_file(path)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (zipped(WHOLE)[:-40], "the zip is damaged"),
        (zipped(WHOLE, zipfile.ZIP_LZMA), r"compressed in a way \(14\) of no log"),
        (spoilt(zstandard(WHOLE)), "the zip is damaged"),
        (spoilt(zipped(WHOLE)), "the zip is damaged"),
        (b"PK\x03\x04 and so on", "the zip is damaged"),
        (zipped({"a.txt": b"x"}), "the header: it is no log of Inspect"),
        (zipped({**WHOLE, "header.json": b"{"}), "the header: header.json: not JSON"),
        (
            zipped({**WHOLE, "samples/x_epoch_1.json": []}),
            r"sample 2 \(samples/x_epoch_1.json\): a",
        ),
        (zipped({**WHOLE, "samples/x_epoch_1.json": b"["}), "sample 2 .*: not JSON"),
        (json.dumps({**LOG, "samples": [SAMPLE, 7]}, indent=1).encode(), "document: sample 2: a"),
        (json.dumps({**LOG, "samples": 7}).encode(), "line 1: the samples of an Inspect log"),
    ],
)
def test_what_is_no_log_is_told_with_its_place(tmp_path, data, cause):
    path = tmp_path / "wrong.eval"
    path.write_bytes(data)
    with pytest.raises(InvalidRequestError, match=cause):
        Transcript.from_file(path)


def short(header, **changes):
    """A log of which one sample is there."""
    results = {"total_samples": 50, "completed_samples": 1}
    return {**header, "status": "error", "results": results, **changes}


@pytest.mark.parametrize("kind", ["json", "eval"])
def test_a_log_that_failed_says_how_far_it_goes_wherever_it_is_shown(tmp_path, d, server, kind):
    log = short(LOG if kind == "json" else HEADER, error={"message": "boom"})
    path = tmp_path / f"log.{kind}"
    path.write_bytes(
        json.dumps(log).encode() if kind == "json" else zipped({**WHOLE, "header.json": log})
    )
    note = "1 of 50 samples; the log's status is error: boom"
    runs = Transcript.from_file(path)
    assert runs.notes == [note]
    assert note in str(runs)
    told = {"log_status": "error", "log_samples": "1 of 50", "log_error": "boom"}
    assert told.items() <= runs[0].metadata.items()
    matrix = d.batches.from_runs(path)
    assert matrix.notes == [note]
    assert note in str(matrix)
    assert server.load_runs(path).notes == [note]


def test_what_was_to_be_there_is_told_of_a_log_without_results(tmp_path):
    spec = {**LOG["eval"], "dataset": {"sample_ids": [1, 2, 3]}}
    path = tmp_path / "begun.json"
    path.write_text(json.dumps({**LOG, "status": "started", "eval": spec, "results": None}))
    assert Transcript.from_file(path).notes == ["1 of 6 samples; the log's status is started"]


def test_a_sample_with_an_error_has_failed(tmp_path, d):
    asked = {**SAMPLE, "id": "asked", "messages": [], "input": ""}
    path = tmp_path / "log.json"
    path.write_text(json.dumps({**LOG, "samples": [SAMPLE, asked, {**SAMPLE, "error": None}]}))
    runs = Transcript.from_file(path)
    states = [run.resource.session.last_message_status for run in runs]
    assert states == ["failed", "failed", "completed"]
    assert d.batches.from_runs(runs[:1]).cells[0].error == "an error"


def test_members_that_are_not_named_like_samples_are_told(tmp_path):
    path = tmp_path / "odd.eval"
    path.write_bytes(zipped({**WHOLE, "samples/s1.json": SAMPLE, "Samples/s2_epoch_1.json": {}}))
    [note] = Transcript.from_file(path).notes
    assert note == "not named like samples, and not read: 'samples/s1.json' and 1 more"


@pytest.mark.parametrize("data", [json.dumps({**short(LOG), "samples": []}).encode(), None])
def test_a_log_none_of_whose_samples_is_there_says_so(tmp_path, data):
    path = tmp_path / "log.any"
    path.write_bytes(data or zipped({"header.json": short(HEADER), "samples/a.json": SAMPLE}))
    with pytest.raises(InvalidRequestError, match="none of the 50 samples that the log tells of"):
        Transcript.from_file(path)


def test_nan_is_null(tmp_path):
    path = tmp_path / "nan.json"
    path.write_text(json.dumps({**LOG, "samples": [{**SAMPLE, "scores": {"s": {"value": None}}}]}))
    path.write_text(path.read_text().replace('"value": null', '"value": NaN'))
    [run] = Transcript.from_file(path)
    assert "s" not in run.metadata


def test_a_matrix_knows_samples_epochs_and_scores_by_itself(d, tmp_path):
    samples = [
        {**SAMPLE, "id": name, "epoch": epoch, "scores": {"match": {"value": grade}}}
        for name, epoch, grade in (("a", 1, "C"), ("a", 2, "I"), ("b", 1, "C"), ("b", 2, "C"))
    ]
    path = tmp_path / "cats.json"
    path.write_text(json.dumps({**LOG, "samples": samples}))
    matrix = d.batches.from_runs(path)
    assert matrix.formats == ["Inspect log"]
    frame = matrix.to_frame()
    assert frame["task"].to_list() == ["a", "a", "b", "b"]
    assert frame["repeat"].to_list() == [0, 1, 0, 1]
    assert frame["score.match"].to_list() == [1.0, 0.0, 1.0, 1.0]
    assert frame["cost_exact"].to_list() == ["0.0625"] * 4
    again = d.batches.from_runs(str(path))
    assert (again.run_id, repr(again)) == (matrix.run_id, repr(matrix))
