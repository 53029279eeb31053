"""Cells side by side: how answers are worded, and where tool paths part."""

import random
import re

import pytest

from dari_nb.models import (
    AssistantMessageItem,
    ToolCallItem,
    UserMessageItem,
    text_block,
)
from dari_nb.render.calls.alignment import aligned
from dari_nb.render.markup.wording import Unmarked, worded, wording_html
from dari_nb.render.matrix.compare import Compared, compare_html, static_comparison
from dari_nb.render.matrix.matrix import MatrixCell


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
        if stretches is not Unmarked.ALL_DIFFERS:
            for text, found in zip(pair, stretches, strict=True):
                assert "".join(part.text for part in found).strip() == text.strip()
            shared = [
                " ".join("".join(p.text for p in f if p.is_shared).split()) for f in stretches
            ]
            assert shared[0] == shared[1]


def test_texts_with_hardly_a_word_in_common_are_not_marked_all_over():
    assert worded("I am sorry for your loss, Mia Li.", "Flights leave at six and seven.") is (
        Unmarked.ALL_DIFFERS
    )


def kinds(*paths):
    return [(step.kind, [c and c.tool_name for c in step.calls]) for step in aligned(paths)]


def test_trajectories_are_aligned_by_names_and_then_by_arguments():
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


LEFT = compared(
    "small", UserMessageItem(content=[text_block("Refund?")], message_id="m"),
    call("fare", id=1), said("Yes, in full."), latency_s=3.2, cost_usd="0.01", scores={"ok": True},
)  # fmt: skip
RIGHT = compared("large", call("fare", id=2), call("pay"), said("Yes, to the card."), latency_s=9.0)


def test_a_comparison_begins_with_the_question(read):
    forms = static_comparison([LEFT, RIGHT])
    assert all("Refund?" in form for form in forms.values())
    assert read(compare_html([LEFT, LEFT])).text.startswith("smallsmallTaskRefund?")


@pytest.mark.parametrize("place", [10, 3990])
def test_what_is_the_same_around_a_word_that_differs_is_left_out_of_long_answers(read, place):
    words = [f"word{number}" for number in range(4000)]
    pair = [
        compared(name, said(" ".join([*words[:place], name, *words[place + 1 :]])))
        for name in ("left", "right")
    ]
    for text in (read(compare_html(pair)).text, static_comparison(pair)["text/plain"]):
        shown = {int(number) for number in re.findall(r"word(\d+)", text)}
        assert shown - {place} == {*range(max(0, place - 100), min(4000, place + 101))} - {place}
        assert "characters not shown, the same in all" in text
        assert "left" in text
        assert "right" in text


def test_words_of_questions_that_differ_are_marked():
    def of(*texts):
        items = [UserMessageItem(content=[text_block(text)], message_id="m") for text in texts]
        return compare_html([compared(one.text, one) for one in items])

    html = of("And plums?", "And figs and plums?")
    assert "<td>And plums?</td><td>And <ins>figs and</ins> plums?</td>" in html
    assert "<td>**Go**.</td><td>- six - seven</td>" in of("**Go**.", "- six\n- seven")


def test_answers_worded_too_differently_are_set_as_they_were_meant(read):
    pair = [compared("l", said("# Yes\n\nIn **full**.")), compared("r", said("- six\n- seven"))]
    html = compare_html(pair)
    assert "Answer · all differs" in read(html).text
    assert "<strong>full</strong>" in html
    assert "<li>six</li>" in html
    same = [compared("l", said("It is 5.")), compared("r", said("It is 6."))]
    assert "all differs" not in compare_html(same)


FAR = "\n".join(f"line {n} of what both say" for n in range(5_000))


@pytest.mark.parametrize(
    ("left", "right", "first"),
    [
        (f"{FAR} LEFT{FAR}", f"{FAR} RIGHT{FAR}", ("LEFTline", "RIGHTline")),
        (f"{FAR}  LEFT", f"{FAR.replace(' ', '  ')} RIGHT", ("LEFT", "RIGHT")),
        ("x" * 90_000 + "LEFT", "x" * 90_000 + "RIGHT", ("LEFT", "RIGHT")),
    ],
    ids=["in the middle", "other spaces", "without spaces"],
)
def test_the_first_word_that_differs_is_shown_however_far_back(read, left, right, first):
    turn = said("the same", "m1"), said("the same", "m2")
    pairs = [
        [compared("l", said(left)), compared("r", said(right))],
        [compared("l", said(left, "m1"), turn[1]), compared("r", said(right, "m1"), turn[1])],
        [compared(name, UserMessageItem(content=[text_block(asked)], message_id="m"), turn[0])
         for name, asked in (("l", left), ("r", right))],
    ]  # fmt: skip
    for pair in pairs:
        for kind, form in static_comparison(pair).items():
            text = read(form.partition("</style>")[2]).text if kind == "text/html" else form
            text = " ".join(text.replace("<br>", " ").split())
            assert all(one in text for one in first)
            assert "characters not shown, the same in all" in text
            assert len(text) < 100_000


def test_a_megabyte_on_either_side_is_compared_with_little_work(lines_run):
    random.seed(5)
    left, right = ("".join(random.choices("ab \n", k=1_000_000)) for _ in "ab")
    pair = [compared("l", said(left)), compared("r", said(right))]
    assert lines_run(lambda: static_comparison(pair)) < 3_000_000


def test_a_score_that_raised_is_not_one_that_was_not_given(read):
    wrong = compared("l", said("Yes."), scores={"ok": None}, score_errors={"ok": "KeyError: 'x'"})
    rated = compared("r", said("Yes."), scores={"rating": 4}, notes={"rating": "a bit short"})
    text = read(compare_html([wrong, rated])).text
    assert "okerror: KeyError: 'x'—" in text
    assert "rating—4 “a bit short”" in text


def gave(result, **more):
    return ToolCallItem(
        tool_name="stock", arguments={"of": "tea"}, status="completed", result=result, **more
    )


def test_the_same_call_with_another_result_shows_both(read):
    pair = [compared(str(n), gave(n), said("Some.")) for n in (12, 99)]
    for form in static_comparison(pair).values():
        assert "Call 1 · other result" in form
        assert "12" in form
        assert "99" in form
    assert "→ <del>12</del>" in compare_html(pair)
    assert "→ <ins>99</ins>" in compare_html(pair)
    long = [compared(str(n), gave("x" * 500 + f" {n} " + "y" * 500)) for n in (12, 99)]
    text = static_comparison(long)["text/plain"]
    assert " 12 " in text
    assert " 99 " in text
    assert len(text) < 1_000
    failed = compared("f", gave(None, is_error=True))
    assert "Call 1 · other result" in compare_html([compared("d", gave(None)), failed])
    same = [compared(str(n), gave({"a": 1}), said("Some.")) for n in "ab"]
    assert "Call 1 · same" in compare_html(same)


@pytest.mark.parametrize(
    ("left", "right", "wanted"),
    [
        (r"So $$\frac{2}{3} \approx 0.667$$.", r"So $$\frac{2}{3} \approx 0.6667$$.", 2),
        ("from $5 to $6, then $7", "from $5 to $6, then $8", 0),
        (r"broken $$\frac{ here", r"broken $$\frac{ there", 0),
    ],
)
def test_formulas_are_set_and_told_apart_as_a_whole(left, right, wanted):
    html = compare_html([compared("l", said(left)), compared("r", said(right))])
    assert html.count("<math") == wanted
    assert ("$$" in re.sub(r"<math.*?</math>", "", html)) == left.startswith("broken")


def test_code_is_set_as_it_is():
    pair = [compared(str(n), said(f"Not `9 ** 9 ** {n}` <b>")) for n in (9, 8)]
    html = compare_html(pair)
    assert "<del><code>9 ** 9 ** 9</code></del> &lt;b&gt;" in html
    assert "<ins><code>9 ** 9 ** 8</code></ins> &lt;b&gt;" in html


def test_answers_of_earlier_turns_are_folded_and_the_last_ones_stand_beside_each_other():
    left = compared("l", said("first " * 30, "1"), said("The end.", "2"))
    right = compared(
        "r", said("first " * 30, "1"), said("more", "2"), said("The end!", "3"), said("", "4")
    )
    html = compare_html([left, right])
    assert html.count("<details>") == 1
    assert html.count('<td colspan="2"><details>') == 1
    assert "<td>The end<del>.</del></td><td>The end<ins>!</ins></td>" in html


def test_without_items_the_cell_speaks(read):
    failed = Compared("x", MatrixCell("x", "r", "l", state="failed", error="overloaded"), [])
    text = static_comparison([failed, LEFT])["text/plain"]
    assert "overloaded" in text
    assert "failed" in text


HOSTILE = "<img src=x onerror=1>|`](javascript:1) \u202e</td></table><script>1</script>"


def test_hostile_texts_stay_texts(read):
    items = [call(HOSTILE, **{HOSTILE: HOSTILE}), said(HOSTILE)]
    others = [call(HOSTILE, **{HOSTILE: "x"}), said(HOSTILE + " more")]
    pair = [compared(HOSTILE, *items, scores={HOSTILE: HOSTILE}), compared("b", *others)]
    forms = static_comparison(pair)
    page = read(forms["text/html"].partition("</style>")[2])
    assert page.roots == 1
    assert page.text.count("onerror=1") >= 6
    for form in forms.values():
        assert "\u202e" not in form
    assert "<img" not in forms["text/markdown"]


def test_tokens_are_a_line_where_any_are_told():
    told = {"input_tokens": 1204, "output_tokens": 1, "reasoning_tokens": 0}
    pair = [compared("a", said("x"), usage=told), compared("b", said("x"))]
    assert "1,204 tokens in · 1 out · 0 thought" in compare_html(pair)
    assert "tokens" not in compare_html(pair[1:] * 2).lower().split("</style>")[-1]
    assert compare_html(pair).lower().count("token") == 1
    only_out = compared("a", said("x"), usage={"output_tokens": 1})
    assert "1 token out" in compare_html([only_out, *pair[1:]])
