import re

import pytest

PROMPTS = ["2 + 2", "", "<script>`x`</script>\n# | $$x$$"]


def texts(message):
    return [p["text"] for p in message["output"]["parts"] if p["type"] == "text"]


def tools(message):
    return [p["name"] for p in message["output"]["parts"] if p["type"] == "tool_call"]


@pytest.mark.parametrize("llm_id", ["small", "large"])
@pytest.mark.parametrize("name", ["echo", "calculator", "librarian", "tour"])
def test_demo_agents_answer_any_prompt_the_same_way_each_time(api, name, llm_id):
    file_id = api.upload("notes.txt", b"A closure keeps its variables.\n")
    for prompt in PROMPTS:
        once, again = (api.ask(name, prompt, file_id, llm_id=llm_id) for _ in range(2))
        assert once["status"] == "completed"
        assert texts(once)
        assert texts(once) == texts(again)


def test_the_calculator_answers_with_a_formula(api):
    message = api.ask("calculator", "What is 15% of 80, and 2/3?", llm_id="large")
    assert tools(message) == ["evaluate", "evaluate"]
    assert texts(message) == [
        "$$\\frac{15}{100} \\times 80 = 12$$\n\n$$\\frac{2}{3} \\approx 0.666666666667$$"
    ]
    small = api.ask("calculator", "2/3 and 1/3", llm_id="small")
    assert texts(small) == ["$$\\frac{2}{3} \\approx 0.667$$"]


def test_the_calculator_shows_what_it_cannot_compute(api):
    message = api.ask("calculator", "1/0 and 2 ** 100")
    results = [p for p in message["output"]["parts"] if p["type"] == "tool_result"]
    assert [r["is_error"] for r in results] == [True, False]
    assert texts(message)[0].startswith("I cannot compute `1 / 0`: division by zero.")
    assert texts(message)[0].endswith("2^{100} = 1267650600228229401496703205376$$")


@pytest.mark.parametrize(
    ("prompt", "end"),
    [
        ("1000 + 24", r"\approx 1.02 \times 10^{3}$$"),
        ("2 ** 200", r"\approx 1.61 \times 10^{60}$$"),
        ("0.1 + 0.2", "= 0.3$$"),
    ],
)
def test_small_rounds_to_three_digits(api, prompt, end):
    small = texts(api.ask("calculator", prompt, llm_id="small"))[0]
    assert small.endswith(end)


def test_the_librarian_says_how_to_attach_files(api):
    message = api.ask("librarian", "What is in the files?")
    assert "%dari_send --file PATH" in texts(message)[0]
    assert tools(message) == ["list_files"]


def test_the_librarian_quotes_lines_with_their_numbers(api):
    text = "A museum.\n\nOpen on Sundays from ten.\nClosed on Mondays.\n"
    file_id = api.upload("museum.txt", text.encode())
    message = api.ask("librarian", "When is it open on Sunday?", file_id)
    assert tools(message) == ["list_files", "search", "read_file"]
    first = texts(message)[0].splitlines()[2]
    assert first == "- museum.txt, line 3: `Open on Sundays from ten.`"


def test_the_librarian_does_not_search_binary_files(api):
    file_id = api.upload("image.png", b"\x89PNG\0\0alpha")
    message = api.ask("librarian", "alpha", file_id)
    assert "None of the files mentions `alpha`" in texts(message)[0]
    read = api.ask("librarian", "read image.png", file_id)
    assert read["output"]["parts"][3]["is_error"]


def test_the_tour_holds_one_of_each_thing(api):
    message = api.ask("tour", "Hi")
    session_id = message["session_id"]
    everything = "\n".join(texts(message))
    for pattern in (r"^# ", r"^\| --- ", r"^```python", r"\$e\^", r"^\$\$", r"\]\(https://"):
        assert re.search(pattern, everything, re.MULTILINE), pattern
    calls = [i for i in api.items(session_id) if i["type"] == "tool_call"]
    assert [c["is_error"] for c in calls] == [False, False, True]
    assert isinstance(calls[0]["result"], dict)
    assert calls[1]["result"].count("\n") == 399
    assert "360 = 2 * 2 * 2 * 3 * 3 * 5\n" in calls[1]["result"]


def test_the_tour_fails_on_request(api):
    message = api.ask("tour", "Show me an Error")
    assert message["status"] == "failed"
    assert message["output"]["error"].startswith("TourError: you asked for an error")
