"""Static output in a browser: hostile texts do nothing, folds fold, links lead to their turns."""

import json
from pathlib import Path

import pytest

from dari_nb.models import (
    AssistantMessageItem,
    ToolCallItem,
    UserMessageItem,
    item_from_dict,
    text_block,
)
from dari_nb.render import Head, static_timeline

HOSTILE = Path(__file__).parents[1] / "render" / "hostile.json"
PAGE = "<!doctype html><meta charset=utf-8><base target=_blank><title>static output</title><body>"
WATCH = """
window.ran = [];
for (const name of ["alert", "confirm", "prompt", "open"])
  window[name] = (text) => void window.ran.push(`${name} ${text}`);
"""
# Whatever a reader could do by pointing: open all folds, and let the pointer pass over everything.
STIR = """() => {
  for (const fold of document.querySelectorAll("details")) fold.open = true;
  for (const element of document.querySelectorAll("*"))
    for (const name of ["mouseover", "pointerover", "focus", "toggle", "error", "load"])
      element.dispatchEvent(new Event(name));
}"""

LOOKS = """() => [...document.querySelectorAll(".dari .p, .dari .m, .dari td, .dari .r")]
  .map((e) => [e.textContent, getComputedStyle(e).color, getComputedStyle(e).backgroundColor])"""


def items_of(texts):
    for number, text in enumerate(texts):
        ids = {"message_id": f"msg_{number}", "created_at": "2026-03-31T18:40:00Z"}
        calls = [
            (text, {text: text}, {text: [text]}),
            ("bash", {"command": text}, {"stdout": text, "stderr": text, "exit_code": 1}),
            ("edit", {"path": text, "old": text, "new": "x"}, text),
            ("read", {"path": "a.py"}, text),
            ("t", None, [{"a": text, "b": 1}, {"a": text, "b": 2}]),
            ("t", None, {"type": "image", "data": text, "mimeType": "image/png"}),
            ("t", None, text),
        ]
        yield UserMessageItem(id="1", content=[text_block(text), {"type": text}], **ids)
        for tool, given, came in calls:
            yield ToolCallItem(
                id="2", tool_name=tool, arguments=given, result=came, status="completed", **ids
            )
        yield AssistantMessageItem(id="3", status="completed", content=[text_block(text)], **ids)
        yield AssistantMessageItem(id="4", status="failed", error_message=text, **ids)
        yield item_from_dict({"type": text, "id": "5", "payload": text, **ids})


def test_hostile_texts_run_nothing_and_load_nothing(browser):
    texts = [text for texts in json.loads(HOSTILE.read_text()).values() for text in texts]
    page = browser.new_page()
    requests, problems = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.add_init_script(WATCH)
    page.goto("about:blank")
    for start in range(0, len(texts), 40):
        items = list(items_of(texts[start : start + 40]))
        head = Head(texts[start], llm=texts[start], state=texts[start], version=texts[start])
        page.set_content(PAGE + static_timeline(items, head)["text/html"])
        page.evaluate(STIR)
        page.wait_for_function("() => document.readyState === 'complete'")
        shown = page.locator("body").inner_text()
        assert shown.lower().count("needle") >= 6 * len(texts[start : start + 40])
        assert page.evaluate("() => window.ran") == []
        assert page.evaluate("() => document.scripts.length + document.images.length") == 0
    assert [url for url in requests if not url.startswith(("about:", "data:"))] == []
    assert problems == []
    page.close()


def test_a_fold_opens_closes_and_takes_focus_by_keyboard(browser):
    result = "\n".join(f"row {n}" for n in range(60))
    item = ToolCallItem(id="1", tool_name="t", result=result, status="completed")
    page = browser.new_page()
    page.set_content(PAGE + static_timeline([item])["text/html"])
    last = page.get_by_text("row 59")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert not last.is_visible()
    page.keyboard.press("Tab")
    focus = page.evaluate("() => document.activeElement.textContent")
    assert focus == "… 44 more lines"
    page.keyboard.press("Enter")
    assert last.is_visible()
    page.keyboard.press("Enter")
    assert not last.is_visible()
    page.close()


STATIC = """\
from IPython.display import display
from dari_nb.models import ToolCallItem, UserMessageItem, text_block
from dari_nb.render import static_timeline
calls = [("bash", {"command": "ls"}, {"stdout": "a.py", "exit_code": 2}),
    ("edit", {"path": "a.py", "old": "x = 1", "new": "x = 2"}, None),
    ("t", None, [{"day": "Mon", "n": 1}, {"day": "Tue", "n": 2}])]
items = [ToolCallItem(id="1", message_id="msg_0", tool_name=t, arguments=a, result=r,
    status="completed") for t, a, r in calls]
items += [UserMessageItem(id="2", message_id=f"msg_{n}", content=[text_block("Go on.")])
    for n in range(1, 40)]
display(static_timeline(items), raw=True)"""


def test_in_a_notebook_static_output_keeps_its_look_and_its_links(lab):
    book = lab.open_notebook([STATIC])
    book.run_all()
    before = looks_of(book)
    assert len(before) == 7
    assert len({background for _, _, background in before}) == 3
    book.save()
    lab.shutdown_kernels()
    book.reload()
    assert looks_of(book) == before
    pages = len(book.page.context.pages)
    turn = book.page.locator("#dari-msg_20")
    turn.scroll_into_view_if_needed()
    assert turn.bounding_box()["y"] > 300
    turn.locator("> a").click()
    assert turn.bounding_box()["y"] < 200
    assert len(book.page.context.pages) == pages
    assert book.problems == []


def looks_of(book):
    book.page.locator(".dari-call").nth(2).wait_for()
    book.page.evaluate("() => document.querySelectorAll('.dari-call').forEach(d => d.open = 1)")
    return book.page.evaluate(LOOKS)


@pytest.mark.parametrize("answer", ["Yes.", "42", r"$$\frac{15}{100} \times 86.8 = 13.02$$"])
def test_static_output_that_ends_in_a_short_answer_needs_no_bar_to_scroll(browser, answer):
    items = [
        UserMessageItem(id="1", message_id="m", content=[text_block("How much?")]),
        AssistantMessageItem(
            id="2",
            message_id="m",
            status="completed",
            created_at="2026-03-31T18:40:00Z",
            content=[text_block(answer)],
        ),
    ]
    page = browser.new_page()
    shown = static_timeline(items, Head("a calculator of many words"))["text/html"]
    page.set_content(f"{PAGE}<div id=output style='overflow: auto'>{shown}</div>")
    sizes = page.locator("#output").evaluate("o => [o.scrollHeight, o.clientHeight]")
    assert sizes[0] == sizes[1]
    page.close()


def test_what_was_printed_above_does_not_stick_to_static_output(lab):
    load = "%load_ext dari_nb\nimport dari_nb\nd = dari_nb.connect('local')"
    run = "batch = d.batches.run('echo', ['a', 'b']).wait()"
    book = lab.open_notebook([load, run, "print('2 sessions started')\nbatch"])
    book.run_all()
    line = book.page.get_by_text("2 sessions started", exact=True).last.bounding_box()
    head = book.page.locator(".dari-head").last.bounding_box()
    assert head["y"] - (line["y"] + line["height"]) >= 5
