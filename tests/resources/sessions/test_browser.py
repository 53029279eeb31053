"""The session browser from the kernel's side."""

from decimal import Decimal

import pytest

from dari_nb.errors import NotFoundError
from dari_nb.local.agents import Usage


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


def test_the_page_learns_what_was_asked_and_a_run_is_named_in_its_rows(d, sessions, tmp_path):
    tasks, scores = ["2 + 2", "3 * 7"], tmp_path / "scores.jsonl"
    d.batches.run("calculator", tasks, ["small"], run_id="triage", scores_path=scores).wait()
    browser = d.sessions.view()
    rows = browser._rows()
    assert [row["run"] for row in rows] == ["triage", "triage", "", "", ""]
    assert [row["metadata"] for row in rows[:3]] == [{}, {}, {"n": "2"}]
    summaries = browser._summaries([rows[1]["id"], rows[2]["id"], "sess_gone"])
    assert summaries == {
        rows[1]["id"]: {"words": "2 + 2", "turns": 1, "cancelled": False},
        rows[2]["id"]: {"words": "2 + 1", "turns": 1, "cancelled": False},
    }
    browser.close()


def test_a_run_costs_what_its_sessions_cost_together(d, server, tmp_path):
    @server.agent("priced")
    def priced(prompt):
        yield Usage(cost_usd=Decimal("0.25"))
        yield prompt

    scores = tmp_path / "scores.jsonl"
    d.batches.run("priced", ["a", "b"], run_id="triage", scores_path=scores).wait()
    browser = d.sessions.view()
    rows = browser._rows()
    ids = [row["id"] for row in rows]
    for _ in range(100):
        costs = browser._costs(["run:triage", *ids])
        if costs["run:triage"]:
            break
    assert costs == {"run:triage": "$0.50", **dict.fromkeys(ids, "$0.25")}
    browser.close()
