"""The head line of turns, sessions and transcripts: version, and the cost where it is known."""

import time
from decimal import Decimal

from dari_nb.local import LocalDari, Usage
from dari_nb.resources import Dari


def test_heads_tell_the_version(d):
    turn = d.agents.get("echo").send("Hi").wait(60)
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

        session = d.agents.get("costly").send("Hi").wait(60).session
        deadline = time.monotonic() + 180
        while session.transcript().cost_usd is None:
            assert time.monotonic() < deadline, "the cost did not come in 60 s"
        assert session.transcript().cost_usd == Decimal("0.0421")
        assert "$0.0421" in session.transcript().head().facts
        assert "$0.0421" in session.head().facts
