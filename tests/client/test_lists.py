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
def test_a_list_is_whole_in_every_form(dari, sync_side, answers):
    dari.answer("GET", "/agents", *answers)
    assert [agent.id for agent in sync_side.ask(dari.url, "agents.list")] == [
        a["id"] for a in AGENTS
    ]
    assert [seen.query for seen in dari.seen] == [
        [("cursor", f"c{2 * page}")] if page else [] for page in range(len(answers))
    ]
