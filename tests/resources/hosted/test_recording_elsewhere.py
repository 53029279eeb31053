"""A tape with a Dari elsewhere: it is asked for what is missing, and for nothing else."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

import dari_nb as dari
from dari_nb.errors import (
    AuthenticationError,
    ConnectionFailedError,
    InvalidRequestError,
    TapeMissError,
)
from dari_nb.tapes import Tape, flaws_of, read_tape

from ...conftest import TcpProxy

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lesson.tape"


def connected(hosted, tape, **settings) -> dari.Dari:
    tape = Tape(tape, speed="instant", **settings)
    return dari.connect(base_url=hosted.url, api_key=hosted.key, tape=tape)


def playing(tape: Path, **settings) -> dari.Dari:
    """With no key, and an address where nobody is."""
    return dari.connect(NOWHERE, tape=Tape(tape, mode="play", speed="instant", **settings))


def outcome(turn) -> tuple:
    calls = [(call.tool_name, call.arguments, call.result) for call in turn.tool_calls]
    said = [getattr(item, "text", None) for item in turn.session.transcript().items]
    return said, turn.reasoning, turn.status, turn.error, calls, turn.session.cost_usd


def test_what_is_asked_elsewhere_is_recorded_whole_and_plays_with_nobody_there(hosted, path):
    d = connected(hosted, path)
    assert (d.base_url, d.is_local, d.server) == (hosted.url, False, None)
    assert d.tape.path == path
    guide = d.agents["guide"]
    assert guide.llms == ["small", "large"]
    first = guide.send("one", llm="large", metadata={"lesson": "3"}).wait()
    assert first.text == "One moment.\n\nAnswer to one from large"
    assert first.cost_usd == Decimal("0.01")
    assert d.client.messages.get(first.id).attempt == 2
    recorded = outcome(first)
    second = outcome(first.session.send("fail").wait())
    assert "It cannot." in second[3]
    d.eject()
    tape = read_tape(path)
    assert (tape.is_closed, flaws_of(tape)) == (True, [])
    one, two = tape.turns
    assert (one.agent.description, list(one.agent.llms)) == ("Shows around.", ["small", "large"])
    assert (one.line.asked, one.line.llm, one.line.cost) == ("one", "large", "0.01")
    assert one.line.metadata == {"lesson": "3"}
    assert one.events[-1].data["usage"] == {"input_tokens": 20, "output_tokens": 5}
    assert two.line.parent == one.line.key
    hosted.stop()
    before = path.read_bytes()
    p = playing(path)
    assert [agent.name for agent in p.agents] == ["guide"]
    turn = p.agents["guide"].send("one", llm="large").wait()
    assert outcome(turn) == recorded
    assert outcome(turn.session.send("fail").wait()) == second
    with pytest.raises(TapeMissError, match="the text: asked “other”, recorded “one”"):
        p.agents["guide"].send("other", llm="large")
    assert len(p.sessions.list()) == 1
    assert path.read_bytes() == before
    assert hosted.asked == ["one", "fail"]


def test_only_what_is_missing_is_asked_and_it_is_said_what_that_costs(hosted, path, capsys):
    d = connected(hosted, path)
    session = d.agents["guide"].send("a").wait().session
    for prompt in "bc":
        session.send(prompt).wait()
    again = connected(hosted, path)
    assert hosted.asked == ["a", "b", "c"]
    session = again.agents["guide"].send("a").wait().session
    assert session.send("b").wait().tool_calls[0].result == {"seen": 4}
    assert capsys.readouterr().out == ""
    turn = session.send("other")
    assert (
        f"{hosted.url} is asked the 2 turns before this one first, which played from the tape: "
        "that costs about 0.02 US dollars again." in capsys.readouterr().out
    )
    # It sees what was answered there before.
    assert turn.wait().tool_calls[0].result == {"seen": 8}
    assert hosted.asked == ["a", "b", "c", "a", "b", "other"]
    session.send("and then").wait()
    assert capsys.readouterr().out == ""
    assert hosted.asked[6:] == ["and then"]
    assert [turn.line.asked for turn in read_tape(path).turns][-2:] == ["other", "and then"]


def test_tools_of_the_kernel_answer_calls_from_elsewhere_and_play_by_their_results(hosted, path):
    ran = []

    @dari.tool(approve="always")
    def stock(of: str) -> int:
        ran.append(of)
        return len(of)

    d = connected(hosted, path)
    turn = d.agents["shop"].send("once more", tools=[stock]).wait()
    assert turn.text == "3 tea, 4 milk\n\n5 bread"
    assert sorted(ran) == ["bread", "milk", "tea"]
    d.eject()
    p = playing(path)
    turn = p.agents["shop"].send("once more", tools=[stock]).wait()
    assert turn.text == "3 tea, 4 milk\n\n5 bread"
    assert len(ran) == 3
    session = connected(hosted, path).agents["shop"].send("once more", tools=[stock]).session
    session.send("twice").wait()
    # Asked from the start, it is given what was answered before, and only what is new is run.
    assert len(ran) == 5


def test_files_go_to_where_they_are_asked_about(hosted, path, tmp_path):
    (tmp_path / "a.txt").write_text("Alpha")
    d = connected(hosted, path)
    turn = d.agents["reader"].send("Read it.", files=[tmp_path / "a.txt"]).wait()
    assert turn.text == "a.txt: Alpha"
    assert turn.session.send("Again.").wait().text == "a.txt: Alpha"
    again = connected(hosted, path)
    session = again.agents["reader"].send("Read it.", files=[tmp_path / "a.txt"]).wait().session
    assert session.send("And again.").wait().text == "a.txt: Alpha"
    assert hosted.asked == ["Read it.", "Again.", "Read it.", "And again."]


def test_files_that_turns_leave_there_are_brought_where_that_is_asked_for(hosted, path):
    d = connected(hosted, path, files=True)
    turn = d.agents["writer"].send("one").wait()
    assert turn.session.workspace().read_text("out/report.txt") == "Report of one"
    d.eject()
    p = playing(path)
    session = p.agents["writer"].send("one").wait().session
    assert [file.path for file in session.workspace().files()] == ["out/report.txt"]
    assert session.workspace().read_text("out/report.txt") == "Report of one"


def test_batches_and_forks_are_recorded_and_play(hosted, path):
    d = connected(hosted, path)
    batch = d.batches.run("guide", tasks=["a", "b"], llms=["small"], repeats=2).wait()
    turn = d.agents["guide"].send("c").wait()
    assert turn.fork().send("d").wait().text.endswith("Answer to d from small")
    d.eject()
    assert sorted(hosted.asked) == ["a", "a", "b", "b", "c", "c", "d"]
    p = playing(path)
    again = p.batches.run("guide", tasks=["a", "b"], llms=["small"], repeats=2).wait()
    assert set(again.to_frame()["text"]) == set(batch.to_frame()["text"])
    turn = p.agents["guide"].send("c").wait()
    assert turn.fork().send("d").wait().text.endswith("Answer to d from small")


def test_ending_a_turn_here_ends_it_there(hosted, path):
    d = connected(hosted, path)
    turn = d.agents["slow"].send("wait")
    while "tool.call_completed" not in [event.type for event in turn.session.events()]:
        pass
    turn.cancel()
    assert turn.wait().status == "cancelled"
    there = dari.Client(hosted.url, hosted.key)
    with there:
        session = there.sessions.list()[0]
        while (now := there.sessions.get(session.id)).last_message_status == "running":
            pass
        assert now.last_message_status == "failed"
    assert "end of wait" not in hosted.asked


def test_a_connection_records_in_a_block_and_goes_on_as_before(hosted, path):
    d = dari.connect(base_url=hosted.url, api_key=hosted.key)
    guide, early = d.agents["guide"], d.agents["guide"].send("early").wait().session
    with dari.recording(path) as tape:
        assert d.tape is tape
        turn = guide.send("one").wait()
        with pytest.raises(InvalidRequestError, match="began before the tape was put in"):
            early.send("two")
    assert d.tape is None
    assert turn.session.transcript().items[0].text == "one"
    assert early.send("late").wait().status == "completed"
    assert guide.send("later").wait().status == "completed"
    assert hosted.asked == ["early", "one", "late", "later"]
    assert [turn.line.asked for turn in read_tape(path).turns] == ["one"]
    with dari.recording(Tape(path, mode="play", speed="instant")):
        assert guide.send("one").wait().text.endswith("Answer to one from small")
        with pytest.raises(TapeMissError):
            guide.send("late")
    assert len(hosted.asked) == 4


def test_where_nobody_is_what_is_on_the_tape_plays_and_what_is_not_is_said(hosted, path, capsys):
    connected(hosted, path).agents["guide"].send("one").wait()
    hosted.stop()
    d = connected(hosted, path)
    assert "What is on the tape plays; what is not cannot be asked now." in capsys.readouterr().out
    assert d.agents["guide"].send("one").wait().status == "completed"
    with pytest.raises(TapeMissError):
        d.agents["guide"].send("two")
    with pytest.raises(ConnectionFailedError):
        connected(hosted, path, mode="record")


def test_a_connection_that_breaks_in_the_middle_is_taken_up_again(hosted, path):
    with TcpProxy(hosted.url) as proxy:
        tape = Tape(path, speed="instant")
        d = dari.connect(base_url=proxy.url, api_key=hosted.key, tape=tape)
        turn = d.agents["slow"].send("long")
        while "tool.call_completed" not in [event.type for event in turn.session.events()]:
            pass
        proxy.kill()
        hosted.go_on()
        assert turn.wait().text == "Whole."
        d.eject()
        d.close()
    [recorded] = read_tape(path).turns
    assert [event.event for event in recorded.events] == [
        "message.status_changed",
        "tool.call_requested",
        "tool.call_completed",
        "assistant.message_completed",
        "message.status_changed",
    ]
    assert hosted.asked == ["long", "end of long"]


def test_a_wrong_key_is_said_at_once_and_makes_no_tape(hosted, path):
    with pytest.raises(AuthenticationError):
        dari.connect(base_url=hosted.url, api_key="wrong", tape=path)
    assert not path.exists()


def test_without_a_key_a_tape_can_only_play(path):
    with pytest.raises(InvalidRequestError, match="No API key"):
        dari.connect(NOWHERE, tape=path)
    with pytest.raises(InvalidRequestError, match="There is no tape"):
        playing(path)


def test_publishing_goes_to_where_the_agents_are(hosted, path):
    d = connected(hosted, path)
    d.agents.publish_prompt("porter", "Carry on.", llm="openai/gpt-5.5")
    with dari.Client(hosted.url, hosted.key) as there:
        assert "porter" in [agent.name for agent in there.agents.list()]
    porter = d.agents["porter"]
    assert porter.version().manifest["harness"] == "pi"
    porter.send("Hi").wait()
    d.eject()
    assert read_tape(path).turns[0].agent.prompt
    p = playing(path)
    assert p.agents["porter"].send("Hi").wait().status == "failed"
    with pytest.raises(InvalidRequestError, match="A tape plays, and nobody is asked"):
        p.agents.publish_prompt("porter", "Carry on.", llm="openai/gpt-5.5")
