"""The player in real pages: played, stopped at a question, gone through, exported, by keyboard."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

import dari_nb as dari
from dari_nb.local import LocalDari
from dari_nb.render import GrowingItems
from dari_nb.resources import Tape
from dari_nb.tapes import AgentLine, Recording, Scrubber, read_tape, turns_of, write_tape
from dari_nb.widgets.player.scenes import scenes, waits_of
from tests.jupyter import KERNEL, SHOTS, wait_until_stored

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


@pytest.mark.parametrize("host", ["lab", "notebook7"])
def test_it_stops_at_a_question_and_holds_back_what_comes(request, host, axe):
    server = request.getfixturevalue(host)
    written(server.notebooks / "shop.tape")
    book = server.open_notebook([VIEW])
    book.run_all()
    page, view = book.page, book.page.locator(".dari-player")
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
    for theme in ("dark", "light"):
        book.theme(theme)
        book.shot(f"player-question-{theme}")
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
    server.shutdown_kernels()
    book.reload()
    page.locator(".dari-kept").get_by_text("The shop is closed.").wait_for()
    book.shot("player-reopened")


@pytest.mark.parametrize("host", ["lab", "notebook7"])
def test_what_is_written_is_sent_by_its_key_from_anywhere_in_the_player(request, host):
    book, view = shown(request.getfixturevalue(host), LINES)
    page, field = book.page, view.locator("textarea")
    prompt = page.locator(".jp-InputPrompt").first
    ran = prompt.inner_text()
    view.locator(".dari-toggle").click()
    view.locator(".dari-question").wait_for()
    for key in ("Shift+Enter", "Alt+Enter", "Control+Enter"):
        view.locator(".dari-log").press(key)
    view.get_by_text("Write what you expect first").wait_for()
    view.locator(".dari-question textarea:focus").wait_for()
    # Nobody hears of the notebook's keys in what can be chosen, either.
    field.press_sequentially("answer")
    view.get_by_label("Speed").press("Shift+Enter")
    assert field.input_value() == "answer"
    view.get_by_role("button", name="Skip").press("Control+Enter")
    page.keyboard.type("more")
    page.keyboard.press("Control+Enter")
    view.get_by_text("What will it do now? · you expected: answer").wait_for()
    view.get_by_text("The shop is closed.").wait_for()
    field.fill("closed")
    field.press("Escape")
    page.keyboard.press("Control+Enter")
    view.get_by_text("And next time? · you expected: closed").wait_for()
    page.keyboard.press("Control+Enter")
    assert prompt.inner_text() == ran
    assert view.locator(".dari-passed").count() == 2
    assert book.problems == []


def test_what_was_seen_stays_where_somebody_takes_the_answers_away_meanwhile(lab):
    book, view = shown(lab, LINES)
    view.locator(".dari-toggle").click()
    for text in ("It asks which one.", "It is open."):
        view.locator("textarea:visible").fill(text)
        view.get_by_role("button", name="Go on and see").click()
        view.get_by_text(f"you expected: {text}").wait_for()
        (lab.notebooks / "dari-scores.jsonl").unlink()
    assert view.locator(".dari-passed").count() == 2
    view.get_by_text("The shop is closed.").wait_for()
    view.locator(".dari-log").press("Home")
    view.get_by_text("turn 1 of 2").wait_for()
    assert book.problems == []


# As another tab does it, of which this page hears only from the kernel itself.
RESTART_ELSEWHERE = """async () => {
  const xsrf = document.cookie.match(/_xsrf=([^;]*)/)?.[1] ?? "";
  for (const { id } of await (await fetch("/api/kernels")).json()) {
    const headers = { "X-XSRFToken": xsrf };
    await fetch(`/api/kernels/${id}/restart`, { method: "POST", headers });
  }
}"""


BUSY = f"() => void {KERNEL}.requestExecute({{ code: 'import time; time.sleep(600)' }})"
# What it is asked while it restarts may be lost, and so may be that it begins to.
IS_THERE_AGAIN = f"""async () => {{
  const late = () => new Promise((done) => setTimeout(done, 5_000));
  const there = () => {KERNEL}.requestKernelInfo().catch(late);
  while (!(await Promise.race([there(), late()])));
}}"""


def test_a_kernel_restarted_elsewhere_is_said_and_what_is_written_stays(lab):
    book, view = shown(lab, LINES)
    page = book.page
    view.get_by_text("Which tickets are late?").wait_for()
    view.locator(".dari-toggle").click()
    view.locator("textarea").fill("It asks which one.")
    page.evaluate(RESTART_ELSEWHERE)
    page.evaluate(IS_THERE_AGAIN)
    page.locator(".dari-player.dari-gone").wait_for()
    said = "The kernel is gone: run the cell again."
    top = view.evaluate("view => getComputedStyle(view, '::before').content")
    assert top == f'"{said}"'
    view.get_by_role("button", name="Go on and see").click()
    view.locator(".dari-question").get_by_text(said).wait_for()
    assert view.locator("textarea").input_value() == "It asks which one."
    book.shot("player-gone")
    book.run_all()
    page.locator(".dari-player:not(.dari-gone)").get_by_text("Which tickets are late?").wait_for()
    view.locator(".dari-log").press("End")
    view.locator(".dari-question").wait_for()
    assert view.locator("textarea").input_value() == "It asks which one."
    view.locator(".dari-log").press("Control+Enter")
    view.get_by_text("you expected: It asks which one.").wait_for()


def test_while_an_answer_is_on_its_way_nothing_is_added_to_it(lab):
    book, view = shown(lab, LINES)
    page, field = book.page, view.locator("textarea")
    view.get_by_text("Which tickets are late?").wait_for()
    view.locator(".dari-log").press("End")
    field.fill("first part")
    page.evaluate(BUSY)
    field.press("Control+Enter")
    view.get_by_text("The kernel does not answer yet").wait_for()
    page.keyboard.type(" and the rest")
    assert field.input_value() == "first part"
    assert field.evaluate("(field) => getComputedStyle(field).opacity") < "1"
    # What stops the kernel gives the text back.
    page.evaluate(f"() => {KERNEL}.restart()")
    view.locator(".dari-question").get_by_text("The kernel is gone").wait_for()
    field.press_sequentially(" and the rest")
    assert field.input_value() == "first part and the rest"


@pytest.mark.parametrize("is_elsewhere", [False, True])
def test_a_page_says_what_is_written_and_neither_sent_nor_saved(page, tmp_path, is_elsewhere):
    written(tmp_path / "shop.tape")
    made = Tape(tmp_path / "shop.tape").to_html(tmp_path / "shop.html")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto(made.as_uri())
    page.locator(BEGUN).wait_for()
    page.keyboard.press("End")
    field = page.locator(".dari-question textarea")
    field.press_sequentially("It asks.")
    page.reload()
    assert asked == ["beforeunload"]
    page.locator(BEGUN).wait_for()
    page.keyboard.press("End")
    field.press_sequentially("It asks.")
    field.press("Control+Enter")
    page.get_by_text("The shop is closed.").wait_for()
    page.get_by_text("And next time?").wait_for()
    field.press_sequentially("It opens.")
    if is_elsewhere:
        page.locator(".dari-log").press("Home")
        field.wait_for(state="hidden")
    save = page.get_by_role("button", name="Save the answers")
    with page.expect_download() as download:
        save.click()
    download.value.save_as(tmp_path / "answers.jsonl")
    page.get_by_text("what you have written and not sent is not in it.").wait_for()
    page.locator(".dari-question textarea:focus").wait_for()
    assert field.input_value() == "It opens."
    assert "It opens." not in (tmp_path / "answers.jsonl").read_text("utf-8")
    page.keyboard.press("Control+Enter")
    page.get_by_text("you expected: It opens.").wait_for()
    with page.expect_download() as download:
        save.click()
    download.value.save_as(tmp_path / "answers.jsonl")
    page.get_by_text(re.compile("Saved as .*jsonl$")).wait_for()
    assert "It opens." in (tmp_path / "answers.jsonl").read_text("utf-8")
    page.reload()
    assert asked == ["beforeunload"]


def asked_in(page):
    """The field of the first question of a page of its own."""
    page.locator(BEGUN).wait_for()
    page.keyboard.press("End")
    field = page.locator(".dari-question textarea")
    field.wait_for()
    return field


def test_what_is_written_in_a_page_is_in_no_other_one_and_not_cut_where_it_is_too_long(
    page, tmp_path
):
    written(tmp_path / "shop.tape")
    first, second = (
        Tape(tmp_path / "shop.tape").to_html(tmp_path / name).as_uri()
        for name in ("first.html", "second.html")
    )
    page.on("dialog", lambda dialog: dialog.accept())
    for made, draft in ((first, ""), (second, ""), (first, "In the first.")):
        page.goto(made)
        field = asked_in(page)
        assert field.input_value() == draft
        if (made, draft) == (first, ""):
            field.fill("In the first.")
            wait_until_stored(page)
    field.fill("z" * 20_001)
    field.press("Control+Enter")
    page.get_by_text("20,000 characters at most, and this one 20,001: it is not kept").wait_for()
    assert field.input_value() == "z" * 20_001
    assert page.get_by_text("canary of the result").count() == 0


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


def test_where_a_session_begins_that_goes_on_from_another_one_it_is_said(page, tmp_path):
    lines, ended = (
        [*LINES[:2]],
        {"event": "message.status_changed", "data": {"status": "completed"}},
    )
    for key, session, parent in (("k1", 1, None), ("k2", 1, "k1"), ("k3", 2, "k1")):
        told = {"turn": "msg_1", "session": f"sess_{session}", "key": key, "parent": parent}
        lines += [{**told, "agent": "shop", "asked": f"Asked as {key}."}, ended]
    file = tmp_path / "shop.tape"
    written(file, [*lines, LINES[-1]])
    page.goto(Tape(file).to_html(tmp_path / "shop.html").as_uri())
    page.locator(BEGUN).wait_for()
    page.keyboard.press("End")
    page.get_by_text("Asked as k3.", exact=True).wait_for()
    parts = page.locator(".dari-part").all_inner_texts()
    assert parts == ["session 1 · shop", "session 2 · shop · goes on from turn 1"]


def test_a_printed_page_says_at_its_top_whose_sessions_it_shows(page, tmp_path):
    second = {**LINES[2], "session": "sess_2", "key": "k2", "agent": "tour", "llm": "large"}
    lines = [*LINES[:5], *LINES[6:11], {"agent": "tour", "llms": {"large": {}}}, second]
    file = tmp_path / "both.tape"
    told = [*lines, *LINES[3:5], *LINES[6:11], LINES[-1]]
    written(file, told)
    page.goto(Tape(file).to_html(tmp_path / "both.html").as_uri())
    page.locator(BEGUN).wait_for()
    head = page.locator(".dari-player .dari-head")
    assert head.inner_text().split() == ["shop", "small", "recorded"]
    page.keyboard.press("End")
    page.get_by_text("turn 2 of 2").wait_for()
    assert head.inner_text().split() == ["tour", "large", "recorded"]
    page.emulate_media(media="print")
    assert head.inner_text().split() == ["shop,", "tour", "recorded"]
    top = ["shop,", "tour", "recorded", "session", "1"]
    assert page.evaluate(PRINTED).split()[:5] == top
    page.screenshot(path=SHOTS / "player-printed-of-both.png")


def test_questions_at_one_place_are_answered_one_after_another_by_keyboard(page, tmp_path):
    written(tmp_path / "shop.tape")
    text = (tmp_path / "shop.tape").read_text()
    asks = json.dumps({"mark": "Why?", "ask": "And why?"})
    marked = text.replace('{"mark": "It has', f'{asks}\n{{"mark": "It has')
    (tmp_path / "shop.tape").write_text(marked)
    page.goto(Tape(tmp_path / "shop.tape").to_html(tmp_path / "shop.html").as_uri())
    page.locator(BEGUN).wait_for()
    page.keyboard.press("Space")
    for ask in ("And why?", "What will it do now?"):
        page.locator(".dari-question").get_by_text(ask).wait_for()
        page.locator(".dari-log").focus()
        page.keyboard.press("k")
        field = page.locator(".dari-question textarea:focus")
        height = field.evaluate("(field) => field.offsetHeight")
        page.keyboard.type("one")
        for more in ("two", "three", "four"):
            page.keyboard.press("Enter")
            page.keyboard.type(more)
        assert field.evaluate("(field) => field.offsetHeight") > height
        page.keyboard.press("Control+Enter")
        if ask == "And why?":
            page.locator(".dari-question textarea:focus").wait_for()
    page.get_by_text("The shop is closed.").wait_for()
    page.get_by_role("button", name="Skip").click()
    page.get_by_text("And next time? · skipped").wait_for()
    # What was expected elsewhere stays there.
    more = "you expected: kone\ntwo\nthree\nfour"
    asked = [f"And why? · {more}", f"What will it do now? · {more}", "And next time? · skipped"]
    assert page.locator(".dari-passed").all_inner_texts() == asked


def test_a_title_in_front_of_all_is_seen_with_the_question_that_stands_below_it(page, tmp_path):
    front = [{"mark": "Part **one**"}, {"mark": "first", "ask": "What will one ask?"}]
    written(tmp_path / "shop.tape", [*LINES[:2], *front, *LINES[2:]])
    file = Tape(tmp_path / "shop.tape").to_html(tmp_path / "shop.html")
    asleep = page.context.browser.new_context(java_script_enabled=False)
    first = asleep.new_page()
    first.goto(file.as_uri())
    page.goto(file.as_uri())
    page.locator(BEGUN).wait_for()
    page.get_by_text("What will one ask?").wait_for()
    for one in (first, page):
        assert one.locator(".dari-scene").inner_text().split("\n") == ["Part one"]
    asleep.close()
    page.get_by_role("button", name="Skip").click()
    page.get_by_text("What will it do now?").wait_for()
    told = page.locator(".dari-scene").inner_text()
    assert in_order(told, "Part one", "What will one ask? · skipped", "Which tickets are late?")
    page.locator(".dari-log").press("Home")
    page.get_by_text("What will it do now?").wait_for(state="hidden")
    assert in_order(page.locator(".dari-scene").inner_text(), "Part one", "Which tickets are late?")


def ask(file, *prompts):
    """Ask in one session what a tape has, or is given."""
    with LocalDari(step_delay=0) as server:
        d = dari.connect(base_url=server.url, api_key=server.api_key)
        server.insert(Tape(file, speed="instant"))
        session = d.agents.get("calculator").send(prompts[0]).wait().session
        for prompt in prompts[1:]:
            session.send(prompt).wait()


def put_in_front_of_answers(file, asks):
    """Mark each turn of a tape with a question, or another one than it had."""
    said = '"assistant.message_completed"'
    lines = [line for line in file.read_text().splitlines() if not line.startswith('{"mark"')]
    marked = [f"{json.dumps(asks)}\n{line}" if said in line else line for line in lines]
    file.write_text("\n".join([*marked, ""]))


def answer_page(page, file, saved, *answers):
    """Answer the questions of a tape's page, skipping what gets no answer, and save that."""
    page.goto(Tape(file).to_html(file.with_suffix(".html")).as_uri())
    page.locator(BEGUN).wait_for()
    page.keyboard.press("End")
    for answer in answers:
        page.locator(".dari-question textarea").fill(answer)
        name = "Go on and see" if answer else "Skip"
        page.get_by_role("button", name=name).click()
        page.keyboard.press("End")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the answers").click()
    download.value.save_as(saved)


def test_answers_of_a_page_stay_with_questions_on_several_lines_that_get_another_name_or_words(
    page, tmp_path
):
    file, question = tmp_path / "sums.tape", "What now?\n- a\n- b"
    ask(file, "1+1", "2+2")
    put_in_front_of_answers(file, {"mark": "guess", "ask": question})
    answer_page(page, file, tmp_path / "ann answers.jsonl", "a two", "a four")
    for marks, asked_as in (
        ({"mark": "another name", "ask": question}, ["", ""]),
        ({"mark": "guess", "ask": "And what now?"}, [question, question]),
    ):
        put_in_front_of_answers(file, marks)
        told = Tape(file).answers(tmp_path).fillna("")
        assert told["answer"].tolist() == ["a two", "a four"]
        assert told["asked_as"].tolist() == asked_as


def test_answers_of_pages_of_several_lessons_are_each_to_its_own(page, tmp_path):
    """They ask the same at the same turn, in tapes of which one has the same answer, too."""
    file, pages = tmp_path / "sums.tape", tmp_path / "pages"
    pages.mkdir()
    ask(file, "1+1")
    put_in_front_of_answers(file, {"mark": "guess", "ask": "What now?"})
    others = [file.with_name("copy.tape"), tmp_path / "week" / "other.tape"]
    others[1].parent.mkdir()
    text = file.read_text()
    for other, told in zip(others, (text, text.replace("1 + 1 = 2", "1 + 1 = 3")), strict=True):
        other.write_text(told)
    for tape in (file, *others):
        answer_page(page, tape, pages / f"{tape.stem} answers.jsonl", f"of {tape.stem}")
    for tape in (file, *others):
        with pytest.warns(match="answer of .* (another tape|no question of this tape)"):
            assert Tape(tape).answers(pages)["answer"].tolist() == [f"of {tape.stem}"]
    renamed = file.rename(file.with_name("renamed.tape"))
    with pytest.warns(match="answer of .* (another tape|no question of this tape)"):
        assert Tape(renamed).answers(pages)["answer"].tolist() == ["of sums"]


# Its code is in the names of the files, which stand in another order then.
@pytest.mark.parametrize("drawn", [1, 33_592_320])
def test_what_is_saved_again_under_another_name_counts_once(page, tmp_path, drawn):
    file = tmp_path / "sums.tape"
    ask(file, "1+1", "2+2")
    page.add_init_script(f"crypto.getRandomValues = (places) => places.fill({drawn});")
    put_in_front_of_answers(file, {"mark": "guess", "ask": "What now?"})
    page.goto(Tape(file).to_html(file.with_suffix(".html")).as_uri())
    page.locator(BEGUN).wait_for()
    for name, answer in (("", "a two"), ("Ann", "a four"), ("Ann Lee", "")):
        page.keyboard.press("End")
        if answer:
            page.locator(".dari-question textarea").fill(answer)
            page.get_by_role("button", name="Go on and see").click()
        page.get_by_label("Your name").fill(name)
        with page.expect_download() as download:
            page.get_by_role("button", name="Save the answers").click()
        download.value.save_as(tmp_path / download.value.suggested_filename)
    assert len([*tmp_path.glob("*.jsonl")]) == 3
    told = Tape(file).answers(tmp_path)[["answer", "name"]].to_numpy().tolist()
    assert told == [["a two", "Ann Lee"], ["a four", "Ann Lee"]]


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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_was_expected_stays_where_it_was_asked(page, tmp_path, axe, scheme):
    file = tmp_path / "shop.tape"
    written(file, ASKED)
    page.emulate_media(color_scheme=scheme)
    page.goto(Tape(file).to_html(tmp_path / "shop.html").as_uri())
    page.locator(BEGUN).wait_for()
    log, passed = page.locator(".dari-log"), page.locator(".dari-log .dari-passed")
    first, second = (
        "Are there any? · you expected: two",
        "Can it close the shop? · you expected: no",
    )
    whole = (
        *("Which tickets are late?", first, "Both are late.", second),
        *("canary of the prompt", "The shop is closed.", "Closed all day."),
    )
    for answer in ("two", "no"):
        page.keyboard.press("End")
        page.locator(".dari-question textarea:focus").fill(answer)
        page.keyboard.press("Control+Enter")
    page.keyboard.press("End")
    page.locator(".dari-question").get_by_text("And next time?").wait_for()
    assert in_order(log.inner_text(), *whole)
    for width in (700, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert axe(page, ".dari-player") == []
        page.screenshot(path=SHOTS / f"player-expected-{scheme}-{width}.png")
    page.locator(".dari-log").focus()
    for _ in ("there", "and back"):
        page.keyboard.press("Home")
        page.get_by_text("turn 1 of 2").wait_for()
        assert passed.count() == 0
        page.keyboard.press("]")
        page.get_by_text(first, exact=True).wait_for()
        assert passed.count() == 1
        page.keyboard.press("]")
        page.get_by_text(second, exact=True).wait_for()
        assert page.get_by_text("canary of the prompt").count() == 0
        page.keyboard.press("]")
        page.get_by_text("canary of the prompt").wait_for()
        assert passed.all_inner_texts() == [first, second]
    page.emulate_media(media="print")
    open_one = "And next time? · it goes on behind this question"
    assert in_order(page.evaluate(PRINTED), *whole, open_one)


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
    for theme in ("dark", "light"):
        book.theme(theme)
        book.shot(f"player-static-{theme}")
    page.emulate_media(media="print")
    assert in_order(static.inner_text(), *SAID)
    assert not page.get_by_text("model not found").first.is_visible()
    book.shot("player-reopened-printed")


def test_what_is_seen_behind_a_question_that_was_skipped_is_saved_too(lab):
    book, view = shown(lab, MARKED)
    page = book.page
    view.get_by_text("Which tickets are late?").wait_for()
    for asked in ("Are there any in late", "it close?"):
        view.locator(".dari-log").focus()
        page.keyboard.press("End")
        view.locator(".dari-question").get_by_text(asked).wait_for()
        view.get_by_role("button", name="Skip").click()
    view.get_by_text("And next time?").wait_for()
    page.locator(".dari-kept").get_by_text("Both are late.").wait_for(state="attached")
    saved = json.dumps(book.save())
    assert "canary of the prompt" in saved
    assert "canary of a mark" not in saved
    book.server.shutdown_kernels()
    book.reload()
    static = page.locator(".dari-kept")
    static.get_by_text("skipped").first.wait_for()
    assert in_order(
        static.inner_text(), "skipped", "Both are late.", "goes on behind this question"
    )


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


@pytest.mark.parametrize("press", ["Control+Enter", "Skip", "."])
def test_who_has_looked_back_sees_what_comes_as_they_go_on(page, tmp_path, press):
    file = tmp_path / "shop.tape"
    asked = "Which tickets are late?\n\n" + "One more line.\n\n" * 60
    written(file, [{**line, "asked": asked} if line.get("key") == "k1" else line for line in LINES])
    page.set_viewport_size({"width": 900, "height": 600})
    page.goto(Tape(file).to_html(tmp_path / "shop.html").as_uri())
    page.locator(BEGUN).wait_for()
    log = page.locator(".dari-log")
    log.press("End")
    page.locator(".dari-question").wait_for()
    if press == ".":
        log.press(",")
        page.locator(".dari-question").wait_for(state="hidden")
    log.evaluate("(log) => log.scrollTo(0, 0)")
    page.get_by_role("button", name="↓ latest").wait_for()
    if press == "Skip":
        page.get_by_role("button", name=press).click()
    elif press == ".":
        log.press(press)
        expect(page.locator(".dari-call")).to_be_in_viewport()
        return
    else:
        page.locator("textarea").fill("two")
        page.locator("textarea").press(press)
    expect(page.get_by_text("Both are late.")).to_be_in_viewport()


@pytest.mark.parametrize("key", [".", "]", "ArrowRight", "End"])
def test_who_goes_on_quickly_to_a_question_has_not_begun_to_answer_it(page, tmp_path, key):
    file = tmp_path / "shop.tape"
    written(file, ASKED)
    page.goto(Tape(file).to_html(tmp_path / "shop.html").as_uri())
    page.locator(BEGUN).wait_for()
    page.locator(".dari-log").focus()
    field = page.locator(".dari-question textarea:focus")
    while not field.count():
        page.keyboard.press(key)
    # It is held, and pressed again.
    page.keyboard.down(key)
    page.keyboard.down(key)
    page.keyboard.up(key)
    page.keyboard.press(key)
    assert field.input_value() == ""
    # Another one begins an answer.
    page.keyboard.type("[1, 2]")
    assert field.input_value() == "[1, 2]"
    field.fill("")
    page.keyboard.type("two. [or ]")
    assert field.input_value() == "two. [or ]"
    # Whoever comes to the field themselves writes what they like.
    field.fill("")
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.type(".5")
    assert field.input_value() == ".5"


@pytest.mark.parametrize("is_left", [False, True])
def test_a_half_written_answer_is_there_again_when_the_page_is_loaded_anew(lab, is_left):
    book, view = shown(lab, MARKED)
    page = book.page
    view.get_by_text("Which tickets are late?").wait_for()
    view.locator(".dari-log").focus()
    page.keyboard.press("End")
    field = view.locator(".dari-question textarea")
    field.wait_for()
    page.keyboard.type("I think two, but")
    if is_left:
        page.keyboard.press("Escape")
    book.save()
    book.reload()
    field.wait_for()
    assert field.input_value() == "I think two, but"
    field.focus()
    page.keyboard.press("Control+Enter")
    passed = view.locator(".dari-passed")
    passed.get_by_text("you expected: I think two, but").wait_for()
    assert book.execute("print(player.drafts)").strip() == "{}"
