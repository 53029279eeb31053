"""A blind sample in a real front end: answers are opened and rated by keyboard, one by one."""

import pytest

SAMPLE = """
import os, tempfile
import dari_nb as dari

os.chdir(tempfile.mkdtemp())
d = dari.connect("local")

@d.server.agent("writer", llms=["terse-7b", "wordy-70b"])
def writer(prompt, turn):
    return f"{prompt} It is open." + (" Very much so." if turn.llm_id == "wordy-70b" else "")

tasks = [f"Task {n}?" for n in range(3)]
batch = d.batches.run("writer", tasks, ["terse-7b", "wordy-70b"]).wait(60)
sample = batch.sample(4)
"""


@pytest.fixture
def book(lab_server, browser):
    lab_server.look_with(browser)
    notebook = lab_server.open_notebook([SAMPLE, "sample"])
    notebook.run_all()
    yield notebook
    lab_server.clear()


def test_answers_are_rated_one_after_another_without_names(book, axe):
    page, keys = book.page, book.page.keyboard
    view = page.locator(".dari-matrix")
    cells = view.locator("[data-cell]")
    cells.nth(3).wait_for()
    hint = view.locator(".dari-hint")
    assert "1 to 5 rates it" in hint.inner_text()
    assert "compare" not in hint.inner_text()
    cells.first.focus()
    for number, key in enumerate("4251"):
        keys.press("Enter")
        page.locator(".dari-pane").get_by_text("It is open").first.wait_for()
        keys.press(key)
        cells.nth(number).get_by_text(f"rating {key}").wait_for()
        keys.press("ArrowDown")
    book.shot("sample", selector=".dari-matrix")
    assert axe(page, ".dari-matrix") == []
    assert not any(word in view.inner_html() for word in ("terse", "wordy"))
    assert book.execute("print(sample.to_frame()['rating'].tolist())").strip() == "[4, 2, 5, 1]"
    assert not book.problems
