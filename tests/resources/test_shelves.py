"""What there is of one kind can be listed, counted, looked into by name, and framed."""

import pytest


def test_agents_are_iterated_counted_and_found_by_name_or_id(d):
    agents = list(d.agents)
    assert [agent.name for agent in agents] == ["echo", "calculator", "librarian", "tour"]
    assert len(d.agents) == 4
    assert d.agents["tour"].id == d.agents[d.agents["tour"].id].id == agents[3].id
    assert d.agents[0].name == "echo"
    assert [agent.name for agent in d.agents[-2:]] == ["librarian", "tour"]
    assert "tour" in d.agents
    assert agents[0] in d.agents
    assert "guide" not in d.agents
    assert 5 not in d.agents


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("toor", "there is no 'toor'; did you mean 'tour'?"),
        ("guide", "there is no 'guide'; there is echo, calculator, librarian, tour"),
    ],
)
def test_a_name_that_no_agent_has_is_a_key_error_with_those_there_are(d, name, said):
    with pytest.raises(KeyError) as caught:
        d.agents[name]
    assert caught.value.args == (said,)


def test_sessions_are_found_by_id_or_by_a_name_that_only_one_has(d):
    session = d.sessions.create("echo", name="lesson")
    for _ in range(2):
        d.sessions.create("echo", name="twice")
    assert d.sessions["lesson"].id == d.sessions[session.id].id == session.id
    assert session in d.sessions
    assert "lesson" in d.sessions
    assert "sess_gone" not in d.sessions
    assert len(d.sessions) == len(list(d.sessions)) == 3
    with pytest.raises(KeyError, match="2 have the name 'twice': take one by its id"):
        d.sessions["twice"]
    with pytest.raises(KeyError, match="there is no session 'sess_gone'"):
        d.sessions["sess_gone"]


def test_batches_are_found_by_the_name_of_their_run(d, tmp_path):
    scores = tmp_path / "scores.jsonl"
    d.batches.run("echo", ["a", "b"], run_id="triage", scores_path=scores).wait()
    assert [run.run_id for run in d.batches] == ["triage"]
    assert d.batches["triage"].wait().counts == {"completed": 2}
    assert "triage" in d.batches
    with pytest.raises(KeyError, match="there is no 'triaje'; did you mean 'triage'"):
        d.batches["triaje"]
    frame = d.batches.to_frame()
    assert frame[["run_id", "sessions"]].to_dict("records") == [{"run_id": "triage", "sessions": 2}]


@pytest.mark.parametrize("noun", ["agents", "sessions", "batches"])
def test_each_kind_shows_as_its_table_prints_shortly_and_is_a_frame(d, noun):
    d.sessions.create("echo")
    shelf = getattr(d, noun)
    listed = shelf.list()
    assert shelf._repr_mimebundle_().keys() == {"text/html", "text/markdown", "text/plain"}
    assert repr(listed) == str(listed) == listed._repr_mimebundle_()["text/plain"]
    assert "<table" in listed._repr_html_() or not listed
    assert repr(shelf).startswith(f"<{noun.capitalize()}")
    assert len(shelf.to_frame()) == len(listed)
    empty, whole = listed[:0].to_frame(), shelf.to_frame()
    assert empty.dtypes.astype(str).to_dict() == whole.dtypes.astype(str).to_dict()
    assert shelf
