"""The session browser from the kernel's side."""

import pytest


@pytest.fixture
def sessions(d):
    agent = d.agents.get("calculator")
    turns = [agent.send(f"{n} + 1", metadata={"n": str(n)}, name=f"sum {n}") for n in range(3)]
    return [turn.wait().session for turn in turns]


def test_rows_are_newest_first_with_all_that_is_shown(d, sessions):
    browser = d.sessions.view()
    rows = browser._rows()
    assert [row["name"] for row in rows] == ["sum 2", "sum 1", "sum 0"]
    assert rows[0]["agent"] == "calculator"
    assert rows[0]["status"] == "completed"
    assert rows[0]["metadata"] == {"n": "2"}
    browser.close()


def test_a_browser_can_be_of_some_sessions_only(d, sessions):
    browser = d.sessions.view(agent="calculator", metadata={"n": "1"})
    assert [row["name"] for row in browser._rows()] == ["sum 1"]
    browser.close()


def test_what_the_page_chooses_is_a_python_value(d, sessions):
    browser = d.sessions.view()
    browser.set_state({"selection": [sessions[1].id, sessions[0].id]})
    assert [session.id for session in browser.selection] == [sessions[1].id, sessions[0].id]
    assert browser.selection[0].name == "sum 1"
    browser.selection = sessions[2:]
    assert browser.get_state("selection") == {"selection": [sessions[2].id]}
    browser.close()


def test_costs_are_asked_for_many_at_once_and_the_unknown_are_empty(d, sessions):
    browser = d.sessions.view()
    costs = browser._costs([sessions[0].id, "sess_gone"])
    assert set(costs) == {sessions[0].id, "sess_gone"}
    assert costs["sess_gone"] == ""
    browser.close()
