"""The player in real pages: played, stopped at a question, gone through, exported, by keyboard."""

from __future__ import annotations

import json
import re

import pytest

from dari_nb.local import LocalDari
from dari_nb.render import GrowingItems
from dari_nb.resources import Tape
from dari_nb.tapes import AgentLine, Recording, Scrubber, read_tape, turns_of, write_tape
from dari_nb.widgets.player.scenes import scenes, waits_of

from ..recorded import FILES

LINES = [
    {"dari_tape": 1, "times": True},
    {"agent": "shop", "llms": {"small": {}}},
    {
        "turn": "msg_1",
        "session": "sess_1",
        "key": "k1",
        "agent": "shop",
        "llm": "small",
        "asked": "Which tickets are late?",
        "cost": "0.0012",
    },
    {"after": 0.1, "event": "message.status_changed", "data": {"status": "running"}},
    {
        "after": 0.2,
        "event": "tool.call_requested",
        "data": {"tool_call_id": "call_1", "tool_name": "tickets", "arguments": {"late": True}},
    },
    {"mark": "It has found two with the same number.", "ask": "What will it do now?"},
    {
        "after": 0.2,
        "event": "tool.call_completed",
        "data": {"tool_call_id": "call_1", "result": "canary of the result"},
    },
    {"after": 0.1, "draft": "text", "text": "Both are "},
    {"after": 0.1, "draft": "text", "text": "late."},
    {"after": 0.1, "event": "assistant.message_completed", "data": {"content": "Both are late."}},
    {"after": 0.1, "event": "message.status_changed", "data": {"status": "completed"}},
    {
        "turn": "msg_2",
        "session": "sess_1",
        "key": "k2",
        "parent": "k1",
        "agent": "shop",
        "asked": "canary of the prompt",
    },
    {"after": 0.1, "event": "message.status_changed", "data": {"status": "running"}},
    {
        "after": 0.1,
        "event": "message.status_changed",
        "data": {"status": "failed", "error": "The shop is closed."},
    },
    {"mark": "That was all.", "ask": "And next time?"},
    {"scrubbed": {}},
]
CANARIES = ("canary of the result", "canary of the prompt", "The shop is closed.")
VIEW = "import dari_nb as dari\ntape = dari.Tape('shop.tape')\nplayer = tape.view()\nplayer"
TRAITS = "import json; print(json.dumps(player.get_state(), default=str))"
# The script of a page has taken over from what was seen before.
BEGUN = "#dari-player[tabindex]"
# What is around a view hears of no key that is meant for it.
CELLS = "() => window.jupyterapp.shell.currentWidget.content.widgets.length"
AT = """(seconds) => {
  const track = document.querySelector(".dari-track input");
  track.value = String(seconds);
  track.dispatchEvent(new Event("input"));
}"""
# Each item as a page has it, beside what it is to be.
ITEMS = """(wanted) => {
  const bare = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    for (const element of template.content.querySelectorAll("*")) {
      element.removeAttribute("data-item");
      element.classList.remove("dari-caret");
      if (element.classList.length === 0) element.removeAttribute("class");
    }
    return template.innerHTML;
  };
  const scene = [...document.querySelectorAll(".dari-scene")].at(-1);
  const items = [...(scene?.querySelectorAll("[data-item]") ?? [])];
  const [seen, expected] = [items.map((item) => bare(item.outerHTML)), wanted.map(bare)];
  return JSON.stringify(seen) === JSON.stringify(expected);
}"""


def written(path, lines=LINES) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def shown(server, lines):
    """Show a tape of these lines in a notebook; returns this and the player."""
    written(server.notebooks / "shop.tape", lines)
    book = server.open_notebook([VIEW])
    book.run_all()
    return book, book.page.locator(".dari-player")


def says(book, code, expected):
    """Ask the kernel until it knows: a page sends changes one after another."""
    for _ in range(400):
        if book.execute(code).strip() == expected:
            return True
        book.page.wait_for_timeout(50)
    return False


def test_it_stops_at_a_question_and_holds_back_what_comes(lab, axe):
    book, view = shown(lab, LINES)
    page = book.page
    view.get_by_text("Which tickets are late?").wait_for()
    assert "0.0 s / 2.3 s" in view.inner_text()
    book.shot("player-begin")
    cells = page.evaluate(CELLS)
    view.locator(".dari-toggle").focus()
    page.keyboard.press("Space")
    question = view.locator(".dari-question")
    question.wait_for()
    # Who was in the player writes at once; its keys are those of the transcript.
    assert page.evaluate("document.activeElement.tagName") == "TEXTAREA"
    view.locator(".dari-log").focus()
    for key in ("End", "]", ".", "x", "d", "d"):
        page.keyboard.press(key)
    assert page.evaluate(CELLS) == cells
    assert question.locator("textarea").input_value() == "xdd"
    question.locator("textarea").fill("")
    assert view.locator(".dari-call").count() == 1
    assert view.locator(".dari-question").is_visible()
    assert axe(page, ".dari-player") == []
    book.shot("player-question")
    told = [page.content(), book.execute(TRAITS), json.dumps(book.save())]
    for canary in CANARIES:
        assert not any(canary in text for text in told)
    assert "It goes on behind this question" in told[2]

    question.get_by_role("button", name="Go on and see").click()
    assert "Write what you expect first" in question.inner_text()
    question.locator("textarea").fill("It asks which one.")
    ran = page.locator(".jp-InputPrompt").first.inner_text()
    page.keyboard.press("Control+Enter")
    view.locator(".dari-log:focus").wait_for()
    for _ in range(3):
        page.keyboard.press("Control+Enter")
    view.get_by_text("The shop is closed.").wait_for()
    assert page.locator(".jp-InputPrompt").first.inner_text() == ran
    # What was expected stands where it was asked, beside the answer.
    expected = view.locator(".dari-scene").first.locator(".dari-call + .dari-passed + .dari-answer")
    assert expected.get_by_text("Both are late.").is_visible()
    told = "What will it do now? · you expected: It asks which one."
    assert view.locator(".dari-passed").all_inner_texts() == [told]
    page.keyboard.press("Escape")
    page.keyboard.press("[")
    page.keyboard.press("[")
    view.get_by_text("canary of the prompt").wait_for(state="detached")
    assert view.locator(".dari-passed").all_inner_texts() == [told]
    page.keyboard.press("[")
    view.locator(".dari-passed").wait_for(state="detached")
    page.keyboard.press("End")
    view.get_by_text("$0.0012").wait_for()
    book.shot("player-end")
    answers = "print(tape.answers()[['turn', 'answer']].values.tolist(), player.at)"
    kept = "[['msg_1', 'It asks which one.'], ['msg_2', <NA>]] 2.3"
    assert says(book, answers, kept)
    book.execute("player.at = 0.35")
    view.get_by_text("turn 1 of 2").wait_for()
    saved = json.dumps(book.save())
    assert all(canary in saved for canary in CANARIES)
    assert book.problems == []
    lab.shutdown_kernels()
    book.reload()
    page.locator(".dari-kept").get_by_text("The shop is closed.").wait_for()
    book.shot("player-reopened")


# Whether the controls and the newest item are seen, as far as that fits.
SEEN = """() => {
  const view = document.querySelector(".dari-player");
  const box = view.closest(".jp-WindowedPanel-outer").getBoundingClientRect();
  const [play, log] = [".dari-play", ".dari-log"].map((name) => view.querySelector(name));
  const { bottom } = log.getBoundingClientRect();
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 2;
  const { top } = play.getBoundingClientRect();
  return top >= box.top && bottom <= box.bottom + 1 && log.clientHeight > 50 && isAtEnd;
}"""
KEYS_SEEN = """() => [...document.querySelectorAll(".dari-keys > div")].every((key) => {
  const box = key.closest(".jp-WindowedPanel-outer").getBoundingClientRect();
  const { top, bottom } = key.getBoundingClientRect();
  return top >= box.top && bottom <= box.bottom;
})"""


def test_on_a_projector_controls_and_the_newest_item_stay_in_sight(lab):
    said = json.dumps({"content": "word " * 80})
    lines = [line for line in LINES if "mark" not in line]
    lines[-2:-2] = [{"event": "assistant.message_completed", "data": json.loads(said)}] * 4
    written(lab.notebooks / "shop.tape", lines)
    book = lab.open_notebook(["print('far' + '\\nfar' * 30)", VIEW, "1"])
    book.run_all()
    page, view = book.page, book.page.locator(".dari-player")
    view.get_by_text("Which tickets are late?").wait_for()
    page.set_viewport_size({"width": 853, "height": 480})
    view.locator(".dari-toggle").focus()
    page.keyboard.press("Space")
    page.wait_for_function("() => document.querySelector('.dari-track input').value > 2")
    page.wait_for_function(SEEN)
    book.shot("player-projector-end")
    page.keyboard.press("Home")
    page.wait_for_function(SEEN)
    book.shot("player-projector-home")
    page.keyboard.press("?")
    page.wait_for_function(KEYS_SEEN)
    book.shot("player-projector-keys")


@pytest.fixture
def page(browser):
    page = browser.new_page()
    yield page
    page.close()


def test_a_page_of_its_own_plays_from_the_disk_and_asks_nobody(page, tmp_path, axe):
    written(tmp_path / "shop.tape")
    made = Tape(tmp_path / "shop.tape").to_html(tmp_path / "shop.html")
    asked, problems, codes = [], [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text))
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        page.goto(made.as_uri())
        page.locator(BEGUN).wait_for()
        page.get_by_text("Which tickets are late?").wait_for()
        page.keyboard.press("Space")
        page.locator(".dari-question").wait_for()
        assert axe(page, ".dari-player") == []
        assert page.get_by_text("The shop is closed.").count() == 0
        page.locator("textarea").fill("Ask.")
        page.keyboard.press("Control+Enter")
        page.get_by_text("The shop is closed.").wait_for()
        assert page.get_by_text("also what comes behind its questions").is_visible()
        assert axe(page, ".page-note") == []
        who = {"dark": "", "light": "Ann ../"}[scheme]
        page.get_by_label("Your name:").fill(who)
        with page.expect_download() as download:
            page.get_by_role("button", name="Save the answers").click()
        name = download.value.suggested_filename
        code = {"dark": r"shop answers (\w+)\.jsonl", "light": r"shop answers Ann ___ (\w+)\.jsonl"}
        codes += re.fullmatch(code[scheme], name).groups()
        page.get_by_text(f"Saved as {name}").wait_for()
        download.value.save_as(tmp_path / f"{scheme}.jsonl")
    page.goto(made.as_uri())
    page.locator(BEGUN).wait_for()
    page.keyboard.press("Space")
    page.locator(".dari-question textarea").fill("half a thou")
    page.locator(".dari-log").focus()
    page.keyboard.press("Home")
    page.locator(".dari-question").wait_for(state="hidden")
    page.keyboard.press("End")
    assert page.locator(".dari-question textarea").input_value() == "half a thou"
    page.get_by_role("button", name="Skip").click()
    page.get_by_text("What you have written is not sent.").wait_for()
    page.get_by_role("button", name="Skip without it").click()
    page.locator(".dari-question").wait_for(state="hidden")
    page.keyboard.press("Home")
    page.keyboard.press("End")
    page.get_by_text("The shop is closed.").wait_for()
    page.get_by_text("Both are late.").wait_for()
    assert page.locator(".dari-pending").count() == 0
    assert page.get_by_text("you expected").count() == 0
    page.locator(".dari-question textarea").focus()
    page.keyboard.press("Escape")
    page.keyboard.type("a kind shopkeeper?")
    page.keyboard.press("Control+Enter")
    page.get_by_text("you expected: a kind shopkeeper?").wait_for()
    assert page.locator(".dari-scene").count() == 2
    page.set_viewport_size({"width": 420, "height": 800})
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 420
    told = Tape(tmp_path / "shop.tape").answers([tmp_path / "dark.jsonl", tmp_path / "light.jsonl"])
    assert told[["turn", "answer", "name", "file"]].fillna("").to_numpy().tolist() == [
        ["msg_1", "Ask.", codes[0], "dark.jsonl"],
        ["msg_1", "Ask.", "Ann ../", "light.jsonl"],
        ["msg_2", "", "", ""],
    ]
    assert codes[0] != codes[1]
    pages = [url for url in asked if not url.startswith("data:")]
    assert pages == [made.as_uri()] * 3
    assert problems == []


def test_each_turn_of_a_long_page_plays(page, tmp_path):
    lines = [*LINES[:2]]
    for number in range(1, 24):
        turn = {"turn": f"msg_{number}", "session": "sess_1", "key": f"k{number}", "agent": "shop"}
        said = {"content": f"Answer {number}."}
        lines += [
            {**turn, "asked": f"Question {number}?"},
            {"after": 0.1, "event": "message.status_changed", "data": {"status": "running"}},
            {"after": 0.1, "event": "assistant.message_completed", "data": said},
            {"after": 0.1, "event": "message.status_changed", "data": {"status": "completed"}},
        ]
    file = tmp_path / "long.tape"
    written(file, [*lines, LINES[-1]])
    page.goto(Tape(file).to_html(tmp_path / "long.html").as_uri())
    page.locator(BEGUN).wait_for()
    for key, number in ("End", 23), ("Home", 1):
        page.keyboard.press(key)
        page.get_by_text(f"turn {number} of 23").wait_for()
        page.get_by_text(f"Question {number}?", exact=True).wait_for()
        if key == "End":
            page.get_by_text("Answer 23.").wait_for()
    begins = 1.5 * 10
    page.evaluate(AT, begins + 0.25)
    page.get_by_text("Answer 11.").wait_for()
    assert page.locator(".dari-scene").count() == 11
    # Where no background is printed, who asks is told apart by a line.
    page.emulate_media(media="print")
    border = "one => getComputedStyle(one).borderTopWidth"
    assert page.locator(".dari-user").first.evaluate(border) == "1px"
    assert page.locator(".dari-answer").first.evaluate(border) == "0px"


# What is asked in a turn, in front of the next one, and behind all.
ASKED = [
    *LINES[:5],
    {"mark": "a", "ask": "Are there any?"},
    *LINES[6:11],
    {"mark": "b", "ask": "Can it close the shop?"},
    LINES[11],
    *LINES[12:14],
    {"mark": "Closed all day."},
    {"mark": "d", "ask": "And next time?"},
    LINES[-1],
]
# What the static output would show that is printed now.
PRINTED = """() => {
  dispatchEvent(new Event("beforeprint"));
  const printed = document.querySelector(".dari-player").innerText;
  dispatchEvent(new Event("afterprint"));
  return printed;
}"""


def in_order(text: str, *parts: str) -> bool:
    places = [text.find(part) for part in parts]
    return -1 not in places and places == sorted(places)


def test_all_that_may_be_seen_is_printed_wherever_the_reader_is(page, tmp_path):
    file = tmp_path / "shop.tape"
    written(file, ASKED)
    made = Tape(file).to_html(tmp_path / "shop.html")
    page.goto(made.as_uri())
    page.locator(BEGUN).wait_for()
    page.emulate_media(media="print")
    told = page.evaluate(PRINTED)
    assert in_order(told, "Which tickets are late?", "late", "Are there any? · it goes on")
    prompt = page.locator(".dari-user").first
    assert prompt.evaluate("(box) => getComputedStyle(box).breakInside") == "avoid"
    assert not any(canary in page.evaluate("document.body.outerHTML") for canary in CANARIES)
    assert not any(text in told for text in (*CANARIES, "Can it close", "working"))
    # With no question it is the whole tape, also of turns that are out of sight.
    lines = [line for line in ASKED if "mark" not in line]
    written(file, lines)
    page.goto(Tape(file).to_html(made).as_uri())
    page.locator(BEGUN).wait_for()
    told = page.evaluate(PRINTED)
    assert in_order(told, "canary of the result", "Both are late.", *CANARIES[1:])
    page.evaluate("""() => addEventListener("beforeprint", () => {
      document.body.dataset.printed = document.querySelector(".dari-player").textContent;
    })""")
    page.pdf()
    assert CANARIES[2] in page.evaluate("document.body.dataset.printed")
    assert page.locator(".dari-scene").count() == 1


# As agents write, and as those do who would run something in a page.
MARKED = [
    *LINES[:5],
    {"mark": "It has found `two`.", "ask": "**Are** there any in `late`, $n^2$ of them?"},
    *LINES[6:11],
    {"mark": "The **end** of a turn."},
    {"mark": "b", "ask": "<img src=x onerror=ran> [Can](javascript:ran) it close?\n\n    shop()"},
    LINES[11],
    *LINES[12:14],
    {"mark": "canary of a mark", "ask": "And *next* time?"},
    {"scrubbed": {}},
]
SAID = (
    *("Which tickets are late?", "Are there any in late", "you expected: **two** <b>", "Both are"),
    *("The end of a turn.", "it close?", "shop()", "you expected: no", "canary of the prompt"),
    *("The shop is closed.", "And next time?"),
)


def test_marks_and_what_was_expected_are_in_the_saved_and_in_the_printed_notebook(lab):
    book, view = shown(lab, MARKED)
    page = book.page
    view.get_by_text("Which tickets are late?").wait_for()
    static = page.locator(".dari-kept")
    for answer in ("**two** <b>", "no"):
        view.locator(".dari-log").focus()
        page.keyboard.press("End")
        asked = view.locator(".dari-question")
        asked.locator("textarea").wait_for()
        saved = json.dumps(book.save())
        assert "canary of the prompt" not in saved
        assert asked.locator("img, a[href^=java]").count() == 0
        book.shot(f"player-asks-{len(answer)}")
        asked.locator("textarea").fill(answer)
        page.keyboard.press("Control+Enter")
        view.locator(".dari-passed").get_by_text(f"you expected: {answer}").wait_for()
    view.get_by_text("And next time?").wait_for()
    [output] = [o for o in book.save().cells[0].outputs if "text/markdown" in o.get("data", {})]
    assert "canary of a mark" not in json.dumps(output)
    source, plain = output.data["text/markdown"], output.data["text/plain"]
    asks = "**Are** there any in `late`, $n^2$ of them?"
    assert in_order(source, "Which", asks, "expected: `**two** <b>`", "Both", "The **end**", "`no`")
    assert in_order(plain, "Which", asks, "you expected: **two** <b>", "Both", "expected: no")
    assert "<img" not in source.replace("&lt;img", "")
    # In print it takes the place of the view, of which only a part may be drawn.
    page.emulate_media(media="print")
    assert not view.is_visible()
    assert in_order(static.inner_text(), *SAID, "It goes on behind this question")
    assert static.locator(".dari-passed strong, .dari-passed math").count() == 3
    assert static.locator("img, a[href^=java]").count() == 0
    book.shot("player-printed")
    page.emulate_media(media="screen")
    server = book.server
    server.shutdown_kernels()
    book.reload()
    static.get_by_text("you expected: no").wait_for()
    page.emulate_media(media="print")
    assert in_order(static.inner_text(), *SAID)
    assert not page.get_by_text("model not found").first.is_visible()
    book.shot("player-reopened-printed")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_at_every_place_of_real_runs_each_item_is_what_render_makes_of_it(page, path, tmp_path):
    server, scrubber, tape = LocalDari(), Scrubber(keys=list, variables={}), Recording()
    sessions = server.load_runs(path, agent="recorded")[:3]
    for number, session in enumerate(sessions):
        events = [row.to_event() for row in server._store.events(session)]
        agent = AgentLine(agent="recorded")
        tape.collect(turns_of(events, agent, scrubber, session=str(number)))
    write_tape(tape, tmp_path / "runs.tape")
    page.goto(Tape(tmp_path / "runs.tape").to_html(tmp_path / "runs.html").as_uri())
    page.locator(BEGUN).wait_for()
    at = 0.0
    for number, turn in enumerate(read_tape(tmp_path / "runs.tape").turns):
        render = GrowingItems()
        waits = waits_of(turn)
        for wait, items in zip(waits, scenes(turn, f"turn-{number + 1}"), strict=True):
            at += wait
            page.evaluate(AT, at + 0.001)
            wanted = [render.html(item, agent="recorded") for item in items]
            page.wait_for_function(ITEMS, arg=wanted)
        at += 1.2
    # And back, all at once.
    page.evaluate(AT, 0)
    page.wait_for_function("() => document.querySelectorAll('[data-item]').length === 2")
