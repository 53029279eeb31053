"""Answers that were cut off are answers, which those who compare models can tell apart."""

import pytest

LINE = "cut off at 7 tokens: the LLM's max_tokens sets it"


@pytest.fixture
def d(d, server, stand_ins):
    """A Dari whose LLM is cut off when it is asked for something long."""

    class Talker(stand_ins.StandIn):
        def answer(self, request):
            if "long" in request.last:
                return stand_ins.Answer("A long st", stop="length", usage=(5, 7, 0))
            return stand_ins.Answer("Short.")

    with Talker() as model:
        llm = {"model": "small", "base_url": model.url, "options": {"max_tokens": 7}}
        server.add_llms({"small": llm})
        yield d


def test_a_turn_tells_it_wherever_it_is_shown(d, capsys):
    turn = d.agents["assistant"].send("Tell a long story.").follow()
    assert (turn.status, turn.text, turn.error) == ("completed", "A long st", None)
    assert turn.stop_reason == "max_tokens"
    assert capsys.readouterr().out.count(LINE) == 1
    assert [form.count(LINE) for form in turn.to_mimebundle().values()] == [1, 1, 1]
    short = turn.session.send("And a word.").wait()
    assert (short.status, short.stop_reason) == ("completed", None)


def test_frames_of_messages_and_sessions_tell_it(d):
    from dari_nb import messages_frame

    session = d.agents["assistant"].send("Tell a long story.").wait().session
    sessions = d.sessions.list().to_frame()
    assert sessions["last_message_stop_reason"].to_list() == ["max_tokens"]
    session.send("And a word.").wait()
    frame = messages_frame(session.messages())
    assert frame["status"].to_list() == ["completed"] * 2
    assert (frame["stop_reason"] == "max_tokens").to_list() == [True, False]
    assert d.sessions.list().to_frame()["last_message_stop_reason"].isna().all()


def test_cells_are_done_scored_and_marked(d, tmp_path):
    tasks, book = ["A word.", "A long story."], tmp_path / "scores.jsonl"
    batch = d.batches.run("assistant", tasks, scores_path=book).wait(60)
    assert [cell.state for cell in batch.cells] == ["completed"] * 2
    assert [cell.stop_reason for cell in batch.cells] == [None, "max_tokens"]
    batch.score("length", lambda turn: len(turn.text))
    frame = batch.to_frame()
    assert frame["score.length"].to_list() == [6, 9]
    assert (frame["stop_reason"] == "max_tokens").to_list() == [False, True]
    assert [form.count("cut off") for form in batch.to_mimebundle().values()] == [1, 1, 1]
