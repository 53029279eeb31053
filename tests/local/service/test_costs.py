from decimal import Decimal

import pytest

from dari_nb.local import LocalDari, Usage


def costly(prompt):
    yield Usage(Decimal("0.1"))
    yield Usage(Decimal("0.2"))
    yield Usage(Decimal("1E-7"))
    yield "Done."


def test_reported_costs_arrive_late_as_an_exact_decimal(call, wait):
    with LocalDari(cost_delay=0.2) as server, call(server) as api:
        server.agent("costly")(costly)
        session_id = api.ask("costly", "x")["session_id"]
        look = lambda: api.get(f"/costs/sessions/{session_id}")  # noqa: E731
        cost = wait(look, lambda seen: seen["event_count"] == 3)
        assert cost["total_cost_usd"] == "0.3000001"
        assert [e["type"] for e in api.events(session_id)].count("assistant.message_completed") == 1


@pytest.mark.parametrize(
    "cost",
    [Decimal("NaN"), -0.1, "much", True, float("inf")],
)
def test_what_is_no_amount_is_no_cost(cost):
    with pytest.raises(ValueError, match="cost_usd"):
        Usage(cost)


def test_what_is_unknown_in_part_is_told_as_no_cost_yet_and_never_as_nothing(call):
    with LocalDari(cost_delay=0) as server, call(server) as api:

        @server.agent("untold")
        def untold(prompt):
            yield Usage(Decimal("0.1"))
            yield Usage(None, input_tokens=1000)
            yield "Done."

        session_id = api.ask("untold", "x")["session_id"]
        cost = api.get(f"/costs/sessions/{session_id}")
        assert (cost["event_count"], cost["total_cost_usd"]) == (0, "0")
