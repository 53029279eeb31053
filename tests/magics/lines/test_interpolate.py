from types import SimpleNamespace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.error import UsageError

from dari_nb.magics.lines.interpolate import interpolate

NAMES = {
    "who": "Ada",
    "i": 7,
    "row": {"k": "v", "deep": [1, {"x": "y"}]},
    "obj": SimpleNamespace(name="n", items=["a", "b"]),
    "brace": "{who}",
    "n": "N",
    "x": "X",
    "pi": 3.14159,
    "n2": 2,
    "i2": 1,
    "words": ["one", "two"],
    "key": "k",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{brace}", "{who}"),
        ("{row['deep'][1]['x']} {obj.items[-1]}", "y b"),
        ("{who!r} {who!s} {who!a:>7}", "'Ada' Ada   'Ada'"),
        ("{who:>{i}}|{pi:.{n2}f}", "    Ada|3.14"),
        ("{who: ^7}|{who:*^7}", "  Ada  |**Ada**"),
        ("{words[i2]} {row[key]} {obj.items[i2]:>3}", "two v   b"),
    ],
)
def test_names_and_paths_are_replaced_once(text, expected):
    assert interpolate(text, NAMES) == expected


@pytest.mark.parametrize(
    "text",
    [
        r"\frac{x}{n} and \sqrt[3]{x}",
        r"\begin{array}{n} \text{who}",
        "{x, n}",
        "{whom:x}",
        "{ who:>9 } {i: 1, who: 2} {who!x}",
        "{who=} {len(who)} {who or i} {row['k'].upper()}",
        "rf'{who}'",
        "{who",
        "{who.__class__()}",
    ],
)
def test_other_braces_pass_through_untouched(text):
    assert interpolate(text, NAMES) == text


@pytest.mark.parametrize("field", ["{whom['a']}", "{whom[0]!r:>9}", "{dya:%Y-%m}", "{whom!r:x}"])
def test_undefined_name_is_an_error(field):
    with pytest.raises(UsageError) as caught:
        interpolate(f"Hi {field}", NAMES)
    assert caught.value.code == "name_not_defined"


@pytest.mark.parametrize(
    "text",
    ["{frame.shapes}", "{row[0]}", "{i[0]}", "{frame:.2f}", "{who:.{i.no}f}"],
)
def test_path_that_leads_nowhere_is_an_error(text):
    with pytest.raises(UsageError) as caught:
        interpolate(text, NAMES | {"frame": pd.DataFrame({"a": [1]})})
    assert caught.value.code == "invalid_expression"


def test_a_frame_becomes_a_markdown_table_that_says_what_it_leaves_out():
    frame = pd.DataFrame({"a": range(23), "b|c": ["x\ny"] * 23})
    text = interpolate("{frame}", {"frame": frame})
    lines = text.splitlines()
    assert lines[0] == r"| a | b\|c |"
    assert lines[2] == "| 0 | x<br>y |"
    assert lines[-1] == "(3 more of 23 rows not shown)"
    assert len([line for line in lines if line.startswith("|")]) == 22


def test_a_series_becomes_a_table_too():
    assert "| 3 |" in interpolate("{s}", {"s": pd.Series([3], name="s")})


@given(st.text(alphabet='ab{}[]".\\_^$ \n'))
def test_without_names_a_text_is_unchanged_or_refused(text):
    try:
        assert interpolate(text, {}) == text
    except UsageError as error:
        assert error.code == "name_not_defined"  # noqa: PT017
