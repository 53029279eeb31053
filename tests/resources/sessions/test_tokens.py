"""What a turn took in tokens is told by the turn, its message, its frame and its head."""

import json

import pytest

import dari_nb as dari
from dari_nb.local import Usage

RUN = {
    "schema_version": "ATIF-v1.5",
    "session_id": "one",
    "agent": {"name": "coder", "version": "1", "model_name": "m"},
    "steps": [
        {"step_id": 1, "source": "user", "message": "Hi"},
        {
            "step_id": 2,
            "source": "agent",
            "message": "Ho",
            "metrics": {
                "prompt_tokens": 1204,
                "completion_tokens": 88,
                "extra": {"reasoning_tokens": 64},
            },
        },
        {"step_id": 3, "source": "user", "message": "And?"},
        {"step_id": 4, "source": "agent", "message": "Nothing."},
    ],
}
TOLD = {"input_tokens": 1204, "output_tokens": 88, "reasoning_tokens": 64}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "run.json"
    path.write_text(json.dumps(RUN))
    return path


def test_a_turn_tells_what_its_agent_has_told(d, server):
    @server.agent("counted")
    def counted(prompt):
        if prompt != "quiet":
            yield Usage(input_tokens=1000, output_tokens=40, reasoning_tokens=64)
            yield Usage(input_tokens=204, output_tokens=48)
        if prompt == "fail":
            raise RuntimeError("No luck.")
        yield "Done."

    turn = d.agents["counted"].send("Hi")
    assert turn.usage == TOLD
    failed = turn.session.send("fail")
    assert (failed.usage, failed.status) == (TOLD, "failed")
    quiet = turn.session.send("quiet")
    assert quiet.usage == {}
    assert [message.tokens for message in turn.session.messages()] == [TOLD, TOLD, {}]
    frame = dari.messages_frame(turn.session)
    assert frame["output_tokens"].isna().to_list() == [False, False, True]
    assert frame["output_tokens"].sum() == 2 * 88
    assert frame["cached_input_tokens"].isna().all()


def test_a_turn_shows_its_tokens_in_each_form_and_nothing_where_nobody_told(d, server):
    @server.agent("counted")
    def counted(prompt):
        if prompt != "quiet":
            yield Usage(input_tokens=1204, output_tokens=88, reasoning_tokens=64)
        yield "Done."

    turn = d.agents["counted"].send("Hi").wait()
    line = "1,204 tokens in · 88 out · 64 thought"
    assert [form.count(line) for form in turn.to_mimebundle().values()] == [1, 1, 1]
    quiet = turn.session.send("quiet").wait()
    assert not any("token" in form for form in quiet.to_mimebundle().values())


@pytest.mark.parametrize("is_loaded", [True, False])
def test_a_recorded_run_has_the_tokens_of_its_source(d, server, path, is_loaded):
    source = list(server.load_runs(path)) if is_loaded else dari.Transcript.from_file(path)
    frame = dari.messages_frame(source, dari=d)
    assert frame["input_tokens"].isna().to_list() == [False, True]
    assert frame.loc[0, list(TOLD)].to_dict() == TOLD
    assert frame["cached_input_tokens"].isna().all()


def test_a_turn_of_a_loaded_run_tells_its_tokens(d, server, path):
    session = d.sessions.get(server.load_runs(path)[0])
    turns = [session.turn(message.id) for message in session.messages()]
    assert [turn.usage for turn in turns] == [TOLD, {}]
