from decimal import Decimal

import pytest

from dari_nb.errors import ApiError
from dari_nb.local import Usage


def test_an_agents_webhook_is_set_rotated_and_cleared(d):
    hook = d.agents.get("echo").webhook
    assert hook.get().webhook_url is None
    made = hook.set("http://127.0.0.1:9/x", event_types=["session.completed"])
    assert made.signing_secret.startswith("whsec_")
    assert made.signing_secret not in repr(made)
    assert hook.get().event_types == ["session.completed"]
    assert hook.rotate().signing_secret != made.signing_secret
    assert hook.clear().webhook_url is None
    with pytest.raises(ApiError):
        hook.rotate()


def test_a_turn_costs_what_its_session_does_as_long_as_it_is_alone(d, server):
    @server.agent("costly")
    def costly(prompt):
        yield Usage(Decimal("0.25"))
        yield "x"

    free = d.agents.get("echo").send("x").wait(20)
    assert (free.cost_usd, free.session.cost_usd) == (None, None)
    turn = d.agents.get("costly").send("x").wait(20)
    while turn.session.cost_usd is None:
        pass
    assert (
        turn.cost_usd
        == turn.session.cost_usd
        == d.costs.session(turn.session.id)
        == Decimal("0.25")
    )
    second = turn.session.send("y").wait(20)
    assert (turn.cost_usd, second.cost_usd) == (None, None)
