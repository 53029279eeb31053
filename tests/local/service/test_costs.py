from decimal import Decimal

import pytest

from dari_nb.local import LocalDari, Usage


def test_a_session_of_a_demo_agent_costs_nothing(api):
    session_id = api.ask("echo", "x")["session_id"]
    assert api.get(f"/costs/sessions/{session_id}") == {
        "scope_kind": "session",
        "scope_id": session_id,
        "event_count": 0,
        "total_cost_usd": "0",
    }
    assert api.http.get("/costs/sessions/sess_0").status_code == 404


def costly(prompt):
    yield Usage(Decimal("0.1"))
    yield Usage(Decimal("0.2"))
    yield Usage(Decimal("1E-7"))
    yield "Done."


def test_reported_costs_are_not_told_before_their_time(call):
    with LocalDari(cost_delay=3_600) as server, call(server) as api:
        server.agent("costly")(costly)
        session_id = api.ask("costly", "x")["session_id"]
        assert api.get(f"/costs/sessions/{session_id}")["event_count"] == 0


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
    [Decimal("NaN"), Decimal("-1"), -0.1, "-1", "much", "", "\u0661", True, float("inf"), []],
)
def test_what_is_no_amount_is_no_cost(cost):
    with pytest.raises(ValueError, match=r"^cost_usd is an amount of US dollars from 0, or None"):
        Usage(cost)


@pytest.mark.parametrize(("cost", "told"), [(0.002, "0.002"), ("0.30", "0.30"), (3, "3")])
def test_a_cost_is_the_amount_that_is_written(call, cost, told):
    with LocalDari(cost_delay=0) as server, call(server) as api:

        @server.agent("costly")
        def costly(prompt):
            yield Usage(cost_usd=cost)
            yield "Done."

        session_id = api.ask("costly", "x")["session_id"]
        assert api.get(f"/costs/sessions/{session_id}")["total_cost_usd"] == told
    assert Usage(cost) == Usage(Decimal(told))


def test_amounts_that_are_far_apart_are_added_exactly(call, wait):
    with LocalDari(cost_delay=0) as server, call(server) as api:

        @server.agent("costly")
        def costly(prompt):
            for amount in ("1E+40", "1E-40", "0.1", "0.2"):
                yield Usage(Decimal(amount))
            yield "Done."

        session_id = api.ask("costly", "x")["session_id"]
        path = f"/costs/sessions/{session_id}"
        cost = wait(lambda: api.get(path), lambda c: c["event_count"] == 4)
        assert Decimal(cost["total_cost_usd"]) == Decimal(f"1{'0' * 40}.3{'0' * 38}1")


@pytest.mark.parametrize("known", [[], [Decimal("0.1")]])
def test_what_is_unknown_in_part_is_told_as_no_cost_yet_and_never_as_nothing(call, known):
    with LocalDari(cost_delay=0) as server, call(server) as api:

        @server.agent("untold")
        def untold(prompt):
            for amount in known:
                yield Usage(amount)
            yield Usage(None, input_tokens=1000)
            yield "Done."

        session_id = api.ask("untold", "x")["session_id"]
        cost = api.get(f"/costs/sessions/{session_id}")
        assert (cost["event_count"], cost["total_cost_usd"]) == (0, "0")
