"""Options and texts on the lines of the magics, and lines that can't be right."""

import pytest

NAMES = '''
chosen, other, n, rows, tasks = "listener", "large", 2, ["one", "two"], ["first", "second"]

def double(x: int) -> int:
    """Twice as much."""
    return 2 * x

def triple(x: int) -> int:
    """Three times as much."""
    return 3 * x
'''

SENT = [
    ("%dari_send -- --bg is an option", ["--bg is an option"]),
    ("   %dari_send   Hi   ", ["Hi"]),
    ("%%dari_send -o turn\nHi\n", ["Hi"]),
    ("%dari_agent {chosen} Hello {n}?", ["Hello 2?"]),
    ("%%dari_agent {chosen} --llm {other}\nHi", ["Hi"]),
    ("%%dari_agent --llm small listener\nHi", ["Hi"]),
    ("%dari_agent --llm small listener Hi", ["Hi"]),
    ("%dari_agent listener --llm small Hi", ["Hi"]),
    ("%dari_send --tools double,triple Hi", ["Hi"]),
    ("%dari_send --tools double --tools triple Hi", ["Hi"]),
    ("%dari_send --meta 'a=x y' --meta b=2 Hi", ["Hi"]),
    ("%dari_send --timeout 60 --quiet Hi", ["Hi"]),
    ("%dari_send One?\n%dari_send Two?\nx = 1\n%dari_send And {x}?", ["One?", "Two?", "And 1?"]),
    ("if n > 1:\n    %dari_send Is it?\nelse:\n    %dari_send No?", ["Is it?"]),
    ("for i in range(2):\n    %dari_send --quiet number {i}?", ["number 0?", "number 1?"]),
    ("for each in rows:\n    turn = %dari_send {each}?\n    turn.text", ["one?", "two?"]),
    ("try:\n    %dari_send {nope}\nexcept Exception:\n    %dari_send Sorry?", ["Sorry?"]),
    ("await __import__('asyncio').sleep(0)\n%dari_send Hi", ["Hi"]),
    ("turn = %dari_send --bg --quiet Hi\nassert (await turn).text", ["Hi"]),
    ("turn = %dari_send --bg --quiet Hi\nassert turn.text", ["Hi"]),
    ("%%time\nturn = %dari_send How long?", ["How long?"]),
    ("%%capture said\n%dari_send What?", ["What?"]),
    ("get_ipython().run_line_magic('dari_send', 'Hi {n}?')", ["Hi 2?"]),
    ("get_ipython().run_cell_magic('dari_send', '--quiet', 'Hi')", ["Hi"]),
]

REFUSED = [
    ("%dari_send", "missing_message"),
    ("%%dari_send\n   ", "missing_message"),
    ("%dari_agent listener", "missing_message"),
    ("%%dari_send Hello\nthere", "misplaced_argument"),
    ("%dari_send Hi --llm small", "misplaced_argument"),
    ("%dari_agent listener Hi --bg", "misplaced_argument"),
    ("%dari_agent", "missing_agent"),
    ("%%dari_agent\nHi", "missing_agent"),
    ("%%dari_batch\nHi", "missing_agent"),
    ("%dari use", "missing_agent"),
    ("%dari_agent nobody Hi", "agent_not_found"),
    ("%dari use nobody", "agent_not_found"),
    ("%%dari_batch nobody\nHi", "agent_not_found"),
    ("%dari_agent listener --llm smal Hi", "llm_not_found"),
    ("%dari_send --lm small Hi", "unknown_option"),
    ("%dari_send --llm", "missing_value"),
    ("%dari_send --timeout soon Hi", "invalid_timeout"),
    ("%dari_send -o 2t Hi", "invalid_name"),
    ("%dari_send --meta kv Hi", "invalid_metadata"),
    ("%dari_send --tools duoble Hi", "name_not_defined"),
    ("%dari_send --tools n Hi", "not_a_function"),
    ("%dari_send --file nothing.csv Hi", "file_not_found"),
    ("%dari_send --session sess_nobody Hi", "session_not_found"),
    ("%dari_transcript sess_nobody", "session_not_found"),
    ("%dari_follow", "missing_session"),
    ("%dari_transcript", "missing_session"),
    ("%dari_workspace", "missing_session"),
    ("%dari_cancel", "missing_session"),
    ("%dari_frame", "frame_not_found"),
    ("%dari_frame mesages", "frame_not_found"),
    ("%%dari_batch listener", "missing_task"),
    ("%dari_batch listener", "missing_task"),
    ("%dari_batch listener --tasks nothere", "name_not_defined"),
    ("%%dari_batch listener --llm small,huge\nHi", "llm_not_found"),
    ("%%dari_batch listener --repeats 0\nHi", "invalid_repeats"),
    ("%%dari_batch listener --max-cost much\nHi", "invalid_max_cost"),
    ("%%dari_publish greeter", "missing_prompt"),
    ("%dari_publish nowhere", "invalid_bundle"),
    ("%dari foo", "unknown_command"),
    ("%dari help sned", "topic_not_found"),
    ("%dari sessions --since someday", "invalid_since"),
]


@pytest.fixture(scope="module", autouse=True)
def names(kernel):
    kernel.run(NAMES)


@pytest.mark.parametrize(("cell", "prompts"), SENT)
def test_cell_sends_prompts(kernel, heard, cell, prompts):
    kernel.run(cell)
    assert heard == prompts


@pytest.mark.parametrize(("cell", "code"), REFUSED)
def test_wrong_line_is_refused(refused, heard, cell, code):
    assert refused(cell) == code
    assert heard == []


def test_agent_is_chosen_before_sending(kernel, refused):
    kernel.run("%dari connect {dari.current().base_url} --key-env DARI_API_KEY")
    assert refused("%dari_send Hi") == "missing_agent"
