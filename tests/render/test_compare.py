"""Cells side by side: how answers are worded, and where tool paths part."""

import gzip
import itertools
import json
import random
import time
from pathlib import Path

import pytest

from dari_nb.models import (
    AssistantMessageItem,
    ToolCallItem,
    UserMessageItem,
    text_block,
)
from dari_nb.render.compare import Compared, compare_html, compare_paper
from dari_nb.render.matrix import MatrixCell
from dari_nb.render.tool_paths import aligned
from dari_nb.render.wording import worded, wording_html

ROOT = Path(__file__).parents[2]
RUNS = [ROOT / "notebooks" / "runs.jsonl", ROOT.parent / "shared/data/airline-gpt4o.jsonl.gz"]


def call(name, turn="m", **arguments):
    return ToolCallItem(tool_name=name, arguments=arguments, message_id=turn, status="completed")


def said(text, turn="m"):
    content = [text_block(text)] if text else []
    return AssistantMessageItem(status="completed", content=content, message_id=turn)


def compared(name, *items, **cell):
    return Compared(name, MatrixCell(name, "r", "l", state="completed", **cell), items)


def marked(left, right):
    pair = worded(left, right)
    return (wording_html(pair[0], "del"), wording_html(pair[1], "ins"))


@pytest.mark.parametrize(
    ("left", "right", "html"),
    [
        ("to the card", "to the card", ("to the card", "to the card")),
        (
            "refundable in full. Yes",
            "refundable to the card. Yes",
            ("refundable <del>in full</del>. Yes", "refundable <ins>to the card</ins>. Yes"),
        ),
        ("on 2024-05-20 now", "on 2024-05-21 now",
         ("on <del>2024-05-20</del> now", "on <ins>2024-05-21</ins> now")),
        ("one\ntwo  three", "one two three", ("one<br>two  three", "one two three")),
        ("a < b & c", "a < b & d", ("a &lt; b &amp; <del>c</del>", "a &lt; b &amp; <ins>d</ins>")),
        ("kept", "kept and more", ("kept", "kept <ins>and more</ins>")),
    ],
)  # fmt: skip
def test_words_that_only_one_has_are_marked(left, right, html):
    assert marked(left, right) == html


def test_nothing_of_a_text_is_lost_by_marking_it():
    random.seed(1)
    words = ["the", "a", "card", "is", "on", "file,", "2024-05-20.", "<b>", "\n", "wide\u00a0space"]
    for _ in range(300):
        pair = [" ".join(random.choices(words, k=random.randint(1, 30))) for _ in "ab"]
        stretches = worded(*pair)
        for text, found in zip(pair, stretches or (), strict=stretches is not None):
            assert "".join(part.text for part in found).strip() == text.strip()
        if stretches:
            shared = [
                " ".join("".join(p.text for p in f if p.is_shared).split()) for f in stretches
            ]
            assert shared[0] == shared[1]


def test_texts_with_hardly_a_word_in_common_are_not_marked_all_over():
    assert worded("I am sorry for your loss, Mia Li.", "Flights leave at six and seven.") is None


@pytest.mark.parametrize("words", ["ab", "abcdefgh", [f"w{n}" for n in range(400)]])
def test_comparing_takes_little_time_whatever_the_texts(words):
    random.seed(2)
    left, right = (" ".join(random.choices(words, k=3_000)) for _ in "ab")
    start = time.perf_counter()
    worded(left, right)
    assert time.perf_counter() - start < 2


def kinds(*paths):
    return [(step.kind, [c and c.tool_name for c in step.calls]) for step in aligned(paths)]


def test_paths_are_aligned_by_names_and_then_by_arguments():
    left = [call("user", id=1), call("flights", day=20), call("book", card="x")]
    right = [call("user", id=1), call("flights", day=21), call("flights", day=20), call("refund")]
    assert kinds(left, right) == [
        ("same", ["user", "user"]),
        ("only here", [None, "flights"]),
        ("same", ["flights", "flights"]),
        ("only here", ["book", None]),
        ("only here", [None, "refund"]),
    ]


def test_a_call_with_other_arguments_names_them():
    [step] = aligned([[call("book", day=20, seats=2)], [call("book", seats=2, day=21, bags=1)]])
    assert step.kind == "other arguments"
    assert step.differing() == ["day", "bags"]


def test_the_order_of_arguments_does_not_matter():
    assert aligned([[call("f", a=1, b=2)], [call("f", b=2, a=1)]])[0].kind == "same"


def test_three_paths_are_aligned_with_each_other():
    a, b, c = [call("x"), call("y")], [call("y")], [call("x"), call("z"), call("y")]
    assert kinds(a, b, c) == [
        ("only here", ["x", None, "x"]),
        ("only here", [None, None, "z"]),
        ("same", ["y", "y", "y"]),
    ]


def paths_of_runs():
    """The tool paths of recorded runs, task by task."""
    for file in filter(Path.exists, RUNS):
        opened = gzip.open if file.suffix == ".gz" else open
        with opened(file, "rt", encoding="utf-8") as lines:
            runs = sorted(map(json.loads, lines), key=lambda run: run["task_id"])
        for _, trials in itertools.groupby(runs, key=lambda run: run["task_id"]):
            yield [list(calls_of(run["messages"])) for run in trials]


def calls_of(messages):
    for message in messages:
        for tool_call in message.get("tool_calls") or ():
            function = tool_call["function"]
            yield ToolCallItem(tool_name=function["name"], arguments=function["arguments"])


def longest_common(a, b):
    """How many names two paths share in order, computed in another way."""
    lengths = {(i, len(b)): 0 for i in range(len(a) + 1)} | {(len(a), j): 0 for j in range(len(b))}
    for i in range(len(a) - 1, -1, -1):
        for j in range(len(b) - 1, -1, -1):
            longer = max(lengths[i + 1, j], lengths[i, j + 1])
            lengths[i, j] = 1 + lengths[i + 1, j + 1] if a[i] == b[j] else longer
    return lengths[0, 0]


def test_recorded_paths_are_complete_in_order_and_share_as_much_as_they_can():
    tasks = list(paths_of_runs())
    assert len(tasks) >= 3
    for trials in tasks:
        for a, b in itertools.combinations(trials, 2):
            steps = aligned([a, b])
            assert [s.calls[0] for s in steps if s.calls[0]] == a
            assert [s.calls[1] for s in steps if s.calls[1]] == b
            pairs = [s for s in steps if None not in s.calls]
            assert all(s.calls[0].tool_name == s.calls[1].tool_name for s in pairs)
            names = [[c.tool_name for c in path] for path in (a, b)]
            assert len(pairs) == longest_common(*names)


def test_long_paths_are_aligned_in_reasonable_time():
    random.seed(3)
    paths = [
        [call(random.choice("abcd"), n=random.randint(0, 3)) for _ in range(300)] for _ in "ab"
    ]
    start = time.perf_counter()
    aligned(paths)
    assert time.perf_counter() - start < 2


LEFT = compared(
    "small", UserMessageItem(content=[text_block("Refund?")], message_id="m"),
    call("fare", id=1), said("Yes, in full."), seconds=3.2, cost="0.01", scores={"ok": True},
)  # fmt: skip
RIGHT = compared("large", call("fare", id=2), call("pay"), said("Yes, to the card."), seconds=9.0)


def test_a_comparison_tells_figures_answers_and_calls(read):
    text = read(compare_html([LEFT, RIGHT])).text
    for part in ("Time3.2 s9.0 s", "Cost$0.01—", "Calls12", "okyes—", "Call 1 · other arguments",
                 "fareid 1fareid 2", "Call 2 · only here—pay"):  # fmt: skip
        assert part in text
    assert "Yes, <del>in full</del>." in compare_html([LEFT, RIGHT])


def test_answers_of_earlier_turns_are_folded_and_the_last_ones_stand_beside_each_other():
    left = compared("l", said("first " * 30, "1"), said("The end.", "2"))
    right = compared(
        "r", said("first " * 30, "1"), said("more", "2"), said("The end!", "3"), said("", "4")
    )
    html = compare_html([left, right])
    assert html.count("<details>") == 2
    assert "<td>The end<del>.</del></td><td>The end<ins>!</ins></td>" in html


def test_without_items_the_cell_speaks(read):
    failed = Compared("x", MatrixCell("x", "r", "l", state="failed", error="overloaded"), [])
    text = compare_paper([failed, LEFT])["text/plain"]
    assert "overloaded" in text
    assert "failed" in text


def test_the_forms_say_the_same():
    forms = compare_paper([LEFT, RIGHT])
    for part in ("in full", "to the card", "other arguments", "only here", "0.01"):
        assert all(part in form for form in forms.values())
    bars = {line.count("|") for line in forms["text/markdown"].splitlines()}
    assert bars == {4}


HOSTILE = "<img src=x onerror=1>|`](javascript:1) \u202e</td></table><script>1</script>"


def test_hostile_texts_stay_texts(read):
    items = [call(HOSTILE, **{HOSTILE: HOSTILE}), said(HOSTILE)]
    others = [call(HOSTILE, **{HOSTILE: "x"}), said(HOSTILE + " more")]
    pair = [compared(HOSTILE, *items, scores={HOSTILE: HOSTILE}), compared("b", *others)]
    forms = compare_paper(pair)
    page = read(forms["text/html"].partition("</style>")[2])
    assert page.roots == 1
    assert page.text.count("onerror=1") >= 6
    for form in forms.values():
        assert "\u202e" not in form
    assert "<img" not in forms["text/markdown"]
