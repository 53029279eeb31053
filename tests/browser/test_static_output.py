"""Static output in a browser: hostile texts do nothing, folds fold, links lead to their turns."""

from dari_nb.models import (
    AssistantMessageItem,
    ToolCallItem,
    UserMessageItem,
    text_block,
)
from dari_nb.render import Head, static_timeline

PAGE = "<!doctype html><meta charset=utf-8><base target=_blank><title>static output</title><body>"

LOOKS = """() => [...document.querySelectorAll(".dari .p, .dari .m, .dari td, .dari .r")]
  .map((e) => [e.textContent, getComputedStyle(e).color, getComputedStyle(e).backgroundColor])"""


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


def test_static_output_that_ends_in_a_short_answer_needs_no_bar_to_scroll(browser):
    items = [
        UserMessageItem(id="1", message_id="m", content=[text_block("How much?")]),
        AssistantMessageItem(
            id="2",
            message_id="m",
            status="completed",
            created_at="2026-03-31T18:40:00Z",
            content=[text_block(r"$$\frac{15}{100} \times 86.8 = 13.02$$")],
        ),
    ]
    page = browser.new_page()
    shown = static_timeline(items, Head("a calculator of many words"))["text/html"]
    page.set_content(f"{PAGE}<div id=output style='overflow: auto'>{shown}</div>")
    sizes = page.locator("#output").evaluate("o => [o.scrollHeight, o.clientHeight]")
    assert sizes[0] == sizes[1]
    page.close()
