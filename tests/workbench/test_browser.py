"""The session browser from the kernel's side."""

import pytest

from dari_nb.errors import NotFoundError


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


def test_what_the_page_selects_is_a_python_value(d, sessions):
    browser = d.sessions.view()
    browser.view.selected = [sessions[1].id, sessions[0].id]
    assert [session.id for session in browser.selected] == [sessions[1].id, sessions[0].id]
    assert browser.selected[0].name == "sum 1"
    browser.selected = sessions[2:]
    assert browser.view.selected == [sessions[2].id]
    browser.close()


def test_costs_are_asked_for_many_at_once_and_the_unknown_are_empty(d, sessions):
    browser = d.sessions.view()
    costs = browser._costs([sessions[0].id, "sess_gone"])
    assert set(costs) == {sessions[0].id, "sess_gone"}
    assert costs["sess_gone"] == ""
    browser.close()


def test_an_opened_session_is_sanitised_html(d, server):
    @server.agent("evil")
    def evil(prompt):
        return "<script>alert(1)</script> fine"

    session = d.agents.get("evil").send("x").wait().session
    browser = d.sessions.view()
    html = browser._open(session.id)
    assert "fine" in html
    assert "<script" not in html
    with pytest.raises(NotFoundError):
        browser._open("sess_gone")
    browser.close()


def test_in_a_terminal_it_is_a_table(d, sessions, capsys):
    browser = d.sessions.view()
    browser._ipython_display_()
    assert "sum 1" in capsys.readouterr().out
    browser.close()
