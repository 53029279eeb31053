"""The head line of turns, sessions and transcripts: version, and the cost where it is known."""

import time
from decimal import Decimal

from dari_nb.local import LocalDari, Usage
from dari_nb.workbench import Dari


def test_heads_tell_the_version(d):
    turn = d.agents.get("echo").send("Hi").wait(10)
    version = turn.session.resource.version_id
    assert version
    for shown in (turn, turn.session, turn.session.transcript()):
        assert shown.head().version == version


def test_a_transcript_tells_the_cost_where_it_is_known():
    with LocalDari(cost_delay=0) as server, Dari(server.url, server.api_key, server) as d:

        @server.agent("costly")
        def costly(prompt):
            yield Usage(Decimal("0.0421"))
            yield "done"

        session = d.agents.get("costly").send("Hi").wait(10).session
        deadline = time.monotonic() + 10
        while session.transcript().cost is None:
            assert time.monotonic() < deadline, "the cost did not come in 10 s"
        assert session.transcript().cost == Decimal("0.0421")
        assert "$0.0421" in session.transcript().head().facts
        assert "$0.0421" in session.head().facts


def test_elsewhere_nobody_waits_for_a_cost_that_was_not_asked_for(server):
    @server.agent("costly")
    def costly(prompt):
        yield Usage(Decimal("0.0421"))
        yield "done"

    with Dari(server.url, server.api_key) as d:
        session = d.agents.get("costly").send("Hi").wait(10).session
        deadline = time.monotonic() + 10
        while d.costs.session(session.id) is None:
            assert time.monotonic() < deadline, "the cost did not come in 10 s"
        assert session.transcript().cost is None
        assert session.cost == Decimal("0.0421")
        assert session.transcript().cost == Decimal("0.0421")
