"""The head line of turns, sessions and transcripts: version, and the cost where it is known."""

import re
import time
from decimal import Decimal

import pytest

from dari_nb.local import LocalDari, Usage
from dari_nb.render import head_html
from dari_nb.resources import Dari


def test_heads_tell_the_version(d):
    turn = d.agents.get("echo").send("Hi").wait(60)
    version = turn.session.resource.version_id
    assert version
    for shown in (turn, turn.session, turn.session.transcript()):
        assert shown.head().version == version


@pytest.mark.parametrize("shown", ["transcript", "view", "chat"])
def test_a_session_out_of_a_list_tells_the_number_of_its_version(server, d, shown):
    d.agents.get("echo").send("Hi").wait(60)
    with Dari(server.url, server.api_key) as stranger:
        session = stranger.sessions.list()[0]
        getattr(session, shown)()
        for told in (session, session.transcript()) if shown == "transcript" else (session,):
            head = head_html(told.head())
            assert "v1" in head
            assert "ver_" not in re.sub("title=.[^>]*", "", head)


def test_a_later_turn_tells_which_one_of_which_session_it_is(d):
    first = d.agents.get("echo").send("Hi").wait(120)
    second = first.session.send("And?").wait(120)
    third = d.sessions.get(first.session.id).send("And now?").wait(120)
    assert "1 turn" in first.head().facts
    for number, turn in ((2, second), (3, third)):
        assert turn.head().facts[0] == f"turn {number} of {first.session.id}"
        for told in turn.to_mimebundle().values():
            assert f"turn {number} of {first.session.id}" in told
    assert "3 turns" in first.session.transcript().head().facts


def test_a_transcript_tells_the_cost_where_it_is_known():
    with LocalDari(cost_delay=0) as server, Dari(server.url, server.api_key, server) as d:

        @server.agent("costly")
        def costly(prompt):
            yield Usage(Decimal("0.0421"))
            yield "done"

        session = d.agents.get("costly").send("Hi").wait(60).session
        deadline = time.monotonic() + 180
        while session.transcript().cost_usd is None:
            assert time.monotonic() < deadline, "the cost did not come in 60 s"
        assert session.transcript().cost_usd == Decimal("0.0421")
        assert "$0.0421" in session.transcript().head().facts
        assert "$0.0421" in session.head().facts


def test_elsewhere_nobody_waits_for_a_cost_that_was_not_asked_for(server):
    @server.agent("costly")
    def costly(prompt):
        yield Usage(Decimal("0.0421"))
        yield "done"

    with Dari(server.url, server.api_key) as d:
        session = d.agents.get("costly").send("Hi").wait(60).session
        deadline = time.monotonic() + 180
        while d.costs.session(session.id) is None:
            assert time.monotonic() < deadline, "the cost did not come in 60 s"
        assert session.transcript().cost_usd is None
        assert session.cost_usd == Decimal("0.0421")
        assert session.transcript().cost_usd == Decimal("0.0421")
