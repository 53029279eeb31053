"""An answer in a real page while it is written: what is finished stays, and nothing jumps."""

import pytest

START = """
import dari_nb, threading
from dari_nb.local import Draft
d = dari_nb.connect("local")
go = [threading.Event() for _ in range(3)]
TEXT = "First *words*.\\n\\n```py\\nx = 1\\n```\\n\\nThe second **part"

@d.server.agent("writes")
def writes(prompt):
    yield Draft(TEXT)
    go[0].wait(60)
    yield Draft(" goes** on.\\n\\n| a | b |\\n|---|---|\\n| 1 | 2")
    go[1].wait(60)
    yield TEXT + " goes** on.\\n\\n| a | b |\\n|---|---|\\n| 1 | 2 |\\n\\nDone."
    go[2].wait(60)
"""
LIVE = "turn = d.agents['writes'].send('Write.').follow(wait=False)"
CHAT = """chat = d.agents['writes'].chat()
chat"""
SELECT = """() => {
  const first = document.querySelector(".dari-view .dari-answer > p");
  window.first = first;
  getSelection().selectAllChildren(first);
  return getSelection().toString();
}"""
KEPT = """() => [getSelection().toString(), window.first.isConnected,
  window.first === document.querySelector(".dari-view .dari-answer > p"),
  Math.round(window.first.getBoundingClientRect().top)]"""
CARETS = """() => [...document.querySelectorAll(".dari-view .dari-answer *")]
  .filter((one) => !["none", "normal"].includes(getComputedStyle(one, "::after").content))
  .map((one) => one.textContent.trim())"""


@pytest.mark.parametrize("kind", ["live", "chat"])
def test_finished_parts_stay_as_they_are_to_the_end(lab, kind):
    book = lab.open_notebook([START, LIVE if kind == "live" else CHAT])
    book.run_all()
    page = book.page
    if kind == "chat":
        page.locator(".dari-composer textarea").fill("Write.")
        page.locator(".dari-composer textarea").press("Control+Enter")
    answer = page.locator(".dari-view .dari-answer")
    answer.get_by_text("The second part").wait_for()
    assert page.evaluate(CARETS) == ["The second part"]
    for theme in ("light", "dark"):
        book.theme(theme)
        book.shot(f"draft-{kind}-{theme}")
    assert page.evaluate(SELECT) == "First words."
    before = page.evaluate(KEPT)
    book.execute("go[0].set()")
    answer.locator("td").first.wait_for()
    assert page.evaluate(KEPT) == before
    book.execute("go[1].set()")
    answer.get_by_text("Done.").wait_for()
    page.wait_for_function(f"() => ({CARETS})().length === 0")
    assert page.evaluate(KEPT) == before
    assert answer.count() == 1
    assert answer.locator("table").count() == 1
    book.execute("go[2].set()")
    assert book.problems == []
