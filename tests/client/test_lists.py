"""Lists come whole or in pages; the contract settles neither."""

import pytest

AGENTS = [{"id": f"agt_{number}", "name": str(number)} for number in range(5)]


@pytest.mark.parametrize(
    "answers",
    [
        [{"agents": AGENTS}],
        [{"agents": AGENTS, "has_more": False, "next_cursor": None}],
        [{"agents": AGENTS, "has_more": False, "next_cursor": "stale"}],
        [{"agents": AGENTS, "has_more": True}],
        [AGENTS],
        [{"agents": AGENTS[:2], "next_cursor": "c2"}, {"agents": AGENTS[2:]}],
        [
            {"agents": AGENTS[:2], "has_more": True, "next_cursor": "c2"},
            {"agents": AGENTS[2:4], "has_more": True, "next_cursor": "c4"},
            {"agents": AGENTS[4:], "has_more": False, "next_cursor": None},
        ],
    ],
)
def test_a_list_is_whole_in_every_form(dari, side, answers):
    dari.answer("GET", "/agents", *answers)
    assert [agent.id for agent in side.ask(dari.url, "agents.list")] == [a["id"] for a in AGENTS]
    assert [seen.query for seen in dari.seen] == [
        [("cursor", f"c{2 * page}")] if page else [] for page in range(len(answers))
    ]


def test_a_server_that_repeats_its_cursor_does_not_keep_the_list_going(dari, side):
    dari.answer("GET", "/agents", {"agents": AGENTS, "next_cursor": "same"})
    assert len(side.ask(dari.url, "agents.list")) == 10


def test_a_limit_is_passed_on_and_ends_with_one_page(dari, side):
    page = {"events": [{"id": "e1"}, {"id": "e2"}], "next_cursor": "c"}
    dari.answer("GET", "/sessions/sess_1/events", page)
    events = side.ask(dari.url, "sessions.events", "sess_1", limit=2)
    assert [event.id for event in events] == ["e1", "e2"]
    assert [seen.query for seen in dari.seen] == [[("limit", "2")]]
