import gzip
import json

import pytest

import dari_nb
from dari_nb.errors import InvalidRequestError
from dari_nb.resources import Transcript

CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"x": 1}'}}
MESSAGES = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "What is there?"},
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "call_1", "name": "look", "content": '{"found": 3}'},
    {"role": "assistant", "content": "Three."},
]


def test_messages_become_a_transcript_and_messages_again():
    run = Transcript.from_messages(MESSAGES, agent="mine", llm="small", metadata={"task": 7})
    assert [item.type for item in run.items] == ["user_message", "tool_call", "assistant_message"]
    assert run.to_messages() == MESSAGES
    assert run.metadata == {"task": "7"}
    plain = run.to_mimebundle()["text/plain"]
    assert all(part in plain for part in ("mine", "small", "What is there?", "look", "Three."))


def test_the_same_run_has_the_same_id_and_another_another():
    ids = [
        Transcript.from_messages(messages).resource.session.id
        for messages in (MESSAGES, list(MESSAGES), MESSAGES[:-1])
    ]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize("zipped", [False, True])
def test_a_file_of_runs_is_a_table_of_transcripts(tmp_path, zipped):
    lines = [{"messages": MESSAGES, "model": "large", "reward": reward} for reward in (0.0, 1.0)]
    path = tmp_path / "mine.jsonl"
    data = "\n".join(map(json.dumps, lines)).encode()
    path.write_bytes(gzip.compress(data) if zipped else data)
    runs = Transcript.from_file(path)
    assert [run.metadata["reward"] for run in runs] == ["0.0", "1.0"]
    assert runs[0].resource.agent.name == "mine"
    assert "large" in runs.to_mimebundle()["text/plain"]
    assert list(dari_nb.sessions_frame(runs)["metadata.reward"]) == ["0.0", "1.0"]


def test_what_is_no_run_is_refused(tmp_path):
    with pytest.raises(InvalidRequestError, match=r"of no known format, since .* keys content;"):
        Transcript.from_messages([{"content": "x"}])
    path = tmp_path / "broken.jsonl"
    path.write_text('{"messages": []}\nnonsense\n')
    with pytest.raises(InvalidRequestError, match="line 2"):
        Transcript.from_file(path)
    with pytest.raises(InvalidRequestError, match="cannot be read"):
        Transcript.from_file(tmp_path / "missing.jsonl")
