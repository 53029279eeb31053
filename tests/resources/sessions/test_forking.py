"""Turns are asked again and sessions go on from a place in another one, which stays as it was."""

import pytest

import dari_nb as dari
from dari_nb.errors import DariError, InvalidRequestError, NotFoundError
from dari_nb.local import ToolCall, ToolResult, Usage


@pytest.fixture
def agent(d, server):
    """An agent that remembers, with a tool, files and tokens; it fails when it is told so."""

    @server.agent("works", llms=["small", "large"])
    def works(prompt, turn):
        yield Usage(None, input_tokens=7, output_tokens=3)
        yield ToolCall("look", {"at": prompt})
        yield ToolResult(len(turn.history))
        if prompt == "fail":
            raise RuntimeError("No luck.")
        files = " ".join(file.name for file in turn.files)
        yield f"{turn.llm_id}: {prompt} after {len(turn.history)} {files}".strip()

    return d.agents["works"]


def asked(session):
    return [turn.parts[0]["text"] for turn in session.messages()]


@pytest.fixture
def turns(agent):
    first = agent.send("a", llm="small", metadata={"lesson": "1"}).wait()
    return [first, *(first.session.send(text).wait() for text in ("fail", "c"))]


def test_a_fork_has_everything_up_to_the_end_of_a_turn(turns):
    session = turns[0].session
    before = session.transcript().to_dict()
    for number, turn in enumerate(turns, 1):
        for fork in (turn.fork(), session.fork(at=turn), session.fork(turn.id)):
            assert asked(fork) == asked(session)[:number]
            assert (fork.forked_from, fork.llm_id) == (session.id, "small")
            assert fork.metadata == {"lesson": "1", "forked_from": session.id}
            assert fork.send("x").wait().text == f"small: x after {[3, 6, 9][number - 1]}"
    assert asked(session.fork()) == asked(session)
    assert session.transcript().to_dict() == before
    assert session.fork(llm="large", name="Mine").resource.name == "Mine"


def test_a_turn_is_asked_again_in_a_fork_from_before_it(turns):
    session = turns[0].session
    again = turns[1].again().wait()
    assert (again.status, asked(again.session)) == ("failed", ["a", "fail"])
    other = turns[1].again("b", llm="large")
    assert other.text == "large: b after 3"
    assert asked(other.session) == ["a", "b"]
    assert other.session.forked_from == session.id
    assert other.again("d").text == "large: d after 3"
    assert turns[0].again().text == turns[0].text
    assert asked(session) == ["a", "fail", "c"]


def test_branches_are_counted_in_the_order_in_which_they_were_asked(agent):
    first = agent.send("one").wait()
    second = first.again("two").wait()
    third = second.again("three").wait()
    fourth = first.again("four").wait()
    for place, turn in enumerate((first, second, third, fourth), 1):
        shown = turn.session.view()
        assert shown.branches == [{"turn": turn.id, "place": place, "count": 4}]


def test_attached_files_and_metadata_of_a_message_go_with_it(agent, tmp_path):
    (tmp_path / "a.txt").write_text("A")
    (tmp_path / "b.txt").write_text("B")
    session = agent.start(llm="small")
    turn = session.send("a", files=[tmp_path / "a.txt"], metadata={"ticket": "7"}).wait()
    assert turn.again().text == "small: a after 0 a.txt"
    other = turn.again("b", files=[tmp_path / "b.txt"])
    assert other.text == "small: b after 0 a.txt b.txt"
    assert other.metadata == {"ticket": "7"}
    alone = turn.again([{"type": "text", "text": "c"}], metadata={"ticket": "8"})
    assert (alone.text, alone.metadata) == ("small: c after 0", {"ticket": "8"})


def test_functions_that_answer_tool_calls_do_so_in_a_fork(d, server):
    @server.agent("shop")
    def shop(prompt):
        answer = yield ToolCall("stock", {"item": prompt}, external=True)
        yield f"{answer.result} left"

    def stock(item: str) -> int:
        return {"tea": 7, "salt": 2}[item]

    turn = d.agents["shop"].send("tea", tools=[stock], approve="always")
    assert turn.text == "7 left"
    assert turn.again("salt").text == "2 left"
    assert turn.fork().send("salt").text == "2 left"


def test_what_has_not_ended_is_not_forked(d, gate):
    turn = d.agents["gated"].send("Hi")
    for call in (turn.fork, turn.again):
        with pytest.raises(InvalidRequestError, match=r"is not at rest: it is .* or cancel it"):
            call()
    gate.open()
    assert turn.wait().again().text == "first\n\nsecond"
    with pytest.raises(InvalidRequestError):
        turn.again("  ")
    with pytest.raises(NotFoundError):
        d.agents["echo"].send("Hi").wait().session.fork(at=turn)


def test_frames_tell_forks_and_copies_and_count_tokens_once(d, turns):
    session = turns[0].session
    fork = turns[2].again("x").wait().session
    second = fork.fork()
    all_of = [session, fork, second]
    frame = dari.sessions_frame(all_of, dari=d)
    assert frame["forked_from"].to_list()[1:] == [session.id, fork.id]
    assert frame["forked_from"].isna().to_list() == [True, False, False]
    messages = dari.messages_frame(all_of, dari=d)
    own = messages[messages["copied_from"].isna()]
    assert own["prompt"].to_list() == ["a", "fail", "c", "x"]
    assert set(messages["copied_from"].dropna()) <= set(own["message_id"])
    calls = dari.tool_calls_frame(all_of, dari=d)
    assert calls["copied_from"].isna().sum() == 4
    assert calls["tool_call_id"].is_unique
    events = dari.events_frame(all_of, dari=d)
    copies = events[events["copied_from"].notna()]
    assert set(copies["copied_from"]) <= set(events["event_id"])
    assert set(copies["session_id"]) == {fork.id, second.id}
    assert messages["input_tokens"].sum() == own["input_tokens"].sum() == 4 * 7
    assert fork.turn(fork.messages()[0].id).usage == {}
    assert dari.costs_frame(second, dari=d)["cost_events"].to_list() == [0]


def test_a_server_that_cannot_fork_is_sent_nothing(d, turns, monkeypatch):
    monkeypatch.setattr(d._link._client._transport.address.offers, "hear", lambda _response: None)
    d._link._client._transport.address.offers.names = frozenset({"drafts"})
    known = len(d.sessions.list())
    with pytest.raises(InvalidRequestError, match="cannot fork a session: nothing was sent"):
        turns[0].again("x")
    assert len(d.sessions.list()) == known


@pytest.mark.parametrize("wrong", ["missing.png"])
def test_asking_again_with_a_file_that_cannot_be_sent_leaves_no_fork(d, wrong):
    turn = d.agents["echo"].send("Look.").wait()
    before = [session.id for session in d.sessions.list()]
    with pytest.raises(DariError):
        turn.again("Look again.", files=[wrong])
    assert [session.id for session in d.sessions.list()] == before
