"""Hostile texts in every view and static output: nothing runs, nothing is loaded, all is there."""

import itertools
import json
from concurrent.futures import Future
from pathlib import Path

import pytest

from dari_nb.models import (
    AssistantMessageItem,
    ToolCallItem,
    UserMessageItem,
    item_from_dict,
    text_block,
)
from dari_nb.render import Head, static_timeline, table
from dari_nb.render.files.files import ChangedFile, ShownFile, static_file_changes, static_file_tree
from dari_nb.render.matrix.compare import Compared, static_comparison
from dari_nb.render.matrix.matrix import Matrix, MatrixCell, MatrixColumn, MatrixRow
from dari_nb.render.matrix.static import static_matrix
from dari_nb.widgets import ChatView, LiveTranscript, MatrixView, SessionsView, TranscriptView

HOSTILE = Path(__file__).parents[2] / "render" / "hostile.json"
TEXTS = [text for texts in json.loads(HOSTILE.read_text()).values() for text in texts]
# Whatever a reader could do by pointing: open all folds, and let the pointer pass over everything.
TWO_FRAMES = """() => new Promise((done) =>
  requestAnimationFrame(() => requestAnimationFrame(done)))"""
STIR = """() => {
  for (const fold of document.querySelectorAll("details")) fold.open = true;
  for (const element of document.querySelectorAll("body *"))
    for (const name of ["mouseover", "pointerover", "focus", "toggle", "error", "load"])
      element.dispatchEvent(new Event(name));
}"""
# Elements and attributes that could do something; those of the views themselves are theirs.
ACTIVE = """() => [...document.querySelectorAll("body *")].flatMap((element) => {
  const names = element.getAttributeNames();
  const bad = names.filter((name) => name.startsWith("on") || ["srcdoc", "action"].includes(name));
  const tags = "iframe, object, embed, svg, form[action], base, meta, link, audio, video, img";
  const links = ["href", "src"].map((name) => element.getAttribute(name))
    .filter((link) => link !== null && !/^(https?:|mailto:|#|data:image)/.test(link));
  return bad.length > 0 || element.matches(tags) || links.length > 0 ? [element.outerHTML] : [];
})"""
WORDS = "() => document.body.textContent.toLowerCase().split('needle').length - 1"
CUT = [text for text in TEXTS if len(text) < 160]
# Looks at every moment, and not only in the end.
WATCH_ALL = f"""() => {{
  window.bad = [];
  new MutationObserver(() => window.bad.push(...({ACTIVE})()))
    .observe(document.body, {{ childList: true, subtree: true, attributes: true }});
}}"""
# A screen further, and what is there has been drawn.
ON = """async (log) => {
  log.scrollTop += log.clientHeight;
  for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
}"""
SAID = """(log) => [...log.querySelectorAll(".dari-row")]
  .filter((row) => row.textContent.toLowerCase().includes("needle"))
  .map((row) => row.dataset.item)"""


def items_of(text, number=0):
    ids = {"message_id": f"msg_{number}", "created_at": "2026-03-31T18:40:00Z"}
    place = itertools.count()

    def own():
        return {"id": f"{number}-{next(place)}", **ids}

    return [
        UserMessageItem(content=[text_block(text), {"type": text}], **own()),
        ToolCallItem(
            tool_name=text,
            arguments={text: text},
            result={text: [text]},
            status="completed",
            **own(),
        ),
        ToolCallItem(tool_name="edit", arguments={"path": text, "old": text, "new": "x"}, **own()),
        ToolCallItem(tool_name="t", result=text, is_error=True, status="failed", **own()),
        AssistantMessageItem(status="completed", content=[text_block(text)], **own()),
        AssistantMessageItem(status="failed", error_message=text, **own()),
        item_from_dict({"type": text, "payload": text, **own()}),
    ]


def all_items():
    return [item for number, text in enumerate(TEXTS) for item in items_of(text, number)]


def head_with(text):
    return Head(text, llm=text, state="completed", facts=(text,), version=text)


def done(value):
    future = Future()
    future.set_result(value)
    return future


@pytest.fixture
def page(host):
    """A page; whatever was shown on it, afterwards nothing has run and nothing was asked for."""
    page = host()
    yield page
    page.evaluate(STIR)
    page.evaluate(TWO_FRAMES)  # what would load has begun to
    assert page.evaluate("() => window.ran") == []
    assert page.evaluate(ACTIVE) == []
    assert page.evaluate("() => document.scripts.length") == 1
    assert page.left() == []
    assert page.problems == []


def wait_for_words(page, least):
    """Wait until the word has been said this often."""
    page.page.frames[-1].wait_for_function(
        f"(least) => ({WORDS})() >= least", arg=least, polling=100
    )


def test_a_live_turn(page):
    live = LiveTranscript(state=TEXTS[0])
    page.show(live)
    live.show(all_items(), head_with(TEXTS[1]))
    page.frame.locator(f"[data-item='{len(TEXTS) - 1}-6']").wait_for(state="attached")
    wait_for_words(page, 7 * len(TEXTS))


def drafts(end):
    return [
        AssistantMessageItem(
            id=f"{n}:pending",
            message_id=str(n),
            status="running",
            content=[text_block(text[:end])],
        )
        for n, text in enumerate(CUT)
    ]


@pytest.mark.parametrize("make", [LiveTranscript, TranscriptView])
def test_answers_cut_anywhere_while_they_are_written(page, make):
    view = make()
    view.show(drafts(1), head_with(TEXTS[1]))
    page.show(view)
    page.frame.locator("[data-item='0:pending']").wait_for(state="attached")
    page.evaluate(WATCH_ALL)
    for end in range(2, 1 + max(map(len, CUT))):
        view.show(drafts(end), head_with(TEXTS[1]))
    wait_for_words(page, 1)
    said = [
        AssistantMessageItem(
            id=f"s{n}", message_id=str(n), status="completed", content=[text_block(text)]
        )
        for n, text in enumerate(CUT)
    ]
    view.show(said, head_with(TEXTS[1]))
    page.frame.locator("[data-item='s0']").wait_for(state="attached")
    if make is LiveTranscript:
        wait_for_words(page, len(CUT))
    assert page.evaluate("() => window.bad") == []


def test_a_view_to_read(page):
    short = [text for text in TEXTS if len(text) < 400]
    # Some kinds of items of each text, others of the next one.
    items = [item for n, text in enumerate(short) for item in items_of(text, n)[n % 3 :: 3]]
    view = TranscriptView(height=5_000)
    view.show(items, head_with(TEXTS[1]))
    page.page.set_viewport_size({"width": 1280, "height": 5_000})
    page.show(view)
    log = page.frame.locator(".dari-reader [role=log]")
    seen = set()
    for _ in range(100):
        page.page.frames[-1].wait_for_function(
            "() => document.querySelector('.dari-row')"
            " && !document.querySelector('.dari-row > .dari-piece > .dari-more:only-child')"
        )
        seen |= set(log.evaluate(SAID))
        if len(seen) == len(items):
            break
        log.evaluate(ON)
    assert {item.id for item in items} - seen == set()


def test_a_chat_with_forms(page):
    view = ChatView(
        send=lambda *_: done(None),
        submit=lambda *_: done(None),
        decide=lambda *_: None,
        watch=lambda: None,
        agent=TEXTS[0],
        llms=TEXTS,
    )
    view.show(all_items()[:70], head_with(TEXTS[1]))
    field = {"kind": "choice", "choices": TEXTS, "required": True}
    view.ask(
        [
            {"id": str(n), "message_id": "m", "name": text, "fields": fields}
            for n, text in enumerate(TEXTS)
            for fields in ([], [{"name": text, "help": text, **field}])
            if n < 40 or not fields
        ]
    )
    page.show(view)
    wait_for_words(page, len(TEXTS))


def test_a_table_of_sessions(page):
    rows = [
        {"id": f"{n}{text}", "status": text, "agent": text, "llm": text, "name": text}
        | {"created": text, "metadata": {text: text}, "run": "", "task": ""}
        for n, text in enumerate(TEXTS)
    ]
    summaries = {row["id"]: {"words": row["name"], "turns": 1} for row in rows}
    view = SessionsView(
        load=lambda: done(rows),
        summaries=lambda ids: done({one: summaries[one] for one in ids}),
        costs=lambda ids: done(dict.fromkeys(ids, TEXTS[0])),
        open_one=lambda _: done(
            static_timeline(items_of(TEXTS[1]), head_with(TEXTS[1]))["text/html"]
        ),
    )
    page.show(view)
    page.frame.locator(".dari-sessions tbody tr").nth(99).wait_for()
    for _ in range(2):
        page.frame.get_by_role("button", name="more").last.click()
    page.frame.locator(".dari-sessions tbody tr").nth(len(TEXTS) - 1).wait_for()
    page.frame.locator(".dari-sessions tbody tr button").first.click()
    page.frame.locator(".dari-beside .dari-user").wait_for()
    wait_for_words(page, 6 * len(TEXTS))


def matrix():
    cell = {"error": TEXTS[0], "tools": TEXTS, "scores": {TEXTS[1]: TEXTS[2]}}
    cells = [
        MatrixCell(f"{n}-{c}", str(n), c, state=state, text=text, notes={text: text}, **cell)
        for n, text in enumerate(TEXTS)
        for c, state in (("a", "completed"), ("b", "failed"))
    ]
    rows = [MatrixRow(str(n), text, {text: text}) for n, text in enumerate(TEXTS)]
    columns = [MatrixColumn(c, TEXTS[0], llm=TEXTS[0], version=TEXTS[1]) for c in "ab"]
    return Matrix(TEXTS[0], TEXTS[1], rows, columns, cells)


def test_a_matrix_with_an_open_cell_and_a_comparison(page):
    def transcript(_):
        return [item for text in TEXTS[:40] for item in items_of(text)], head_with(TEXTS[0])

    view = MatrixView(matrix, transcript=transcript, rate=lambda *_: None)
    page.show(view)
    page.frame.locator("[data-cell='0-a']").click()
    page.frame.locator(".dari-pane .dari-answer").first.wait_for()
    wait_for_words(page, 2 * len(TEXTS) + 7 * 40)
    page.evaluate(STIR)
    page.frame.locator("[data-cell='0-a']").focus()
    for key in (" ", "ArrowRight", " ", "c"):
        page.page.keyboard.press(key)
    page.frame.locator(".dari-pane .dari-compare").wait_for()
    wait_for_words(page, 2 * len(TEXTS) + 40)


def test_static_outputs_of_batches_comparisons_and_files(page):
    cells = matrix().cells
    compared = [Compared(text, cells[n], items_of(text)) for n, text in enumerate(TEXTS[:6])]
    files = [
        ShownFile(f"{n}/{text}", 9, text.encode("utf-8", "replace")) for n, text in enumerate(TEXTS)
    ]
    changes = [
        ChangedFile(text, "changed", b"needle", text.encode("utf-8", "replace"), (6, 9))
        for text in TEXTS
    ]
    for bundle, least in (
        (static_matrix(matrix()), len(TEXTS)),
        (static_comparison(compared), 6 * len(compared)),
        (static_file_tree(TEXTS[0], files, unsafe=TEXTS[:5]), len(files)),
        (static_file_changes((TEXTS[0], TEXTS[1]), changes, same=1), 2 * len(changes)),
        (table(TEXTS[:9], [TEXTS[start : start + 9] for start in range(0, 252, 9)]), 252),
    ):
        before = page.evaluate(WORDS)
        page.show_html(bundle["text/html"])
        wait_for_words(page, before + least)
