from types import SimpleNamespace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.error import UsageError

from dari_nb.magics.interpolate import interpolate

NAMES = {
    "who": "Ada",
    "i": 7,
    "row": {"k": "v", "deep": [1, {"x": "y"}]},
    "obj": SimpleNamespace(name="n", items=["a", "b"]),
    "brace": "{who}",
    "n": "N",
    "x": "X",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hi {who}!", "Hi Ada!"),
        ("{who}{i}{who}", "Ada7Ada"),
        ("{who}, {who}", "Ada, Ada"),
        ("#{i}: v{i}", "#7: v7"),
        ("{row['k']} {row[\"k\"]} {row['deep'][1]['x']}", "v v y"),
        ("{obj.name} {obj.items[-1]}", "n b"),
        ("{brace}", "{who}"),
    ],
)
def test_names_and_paths_are_replaced_once(text, expected):
    assert interpolate(text, NAMES) == expected


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "b": {"c": []}}',
        "{}",
        "{ who }",
        "{{who}}",
        r"\frac{x}{n} and \sqrt[3]{x}",
        r"x_{i}^{n}",
        r"\begin{array}{n} \text{who}",
        "function f() { return x; }",
        "{x, n}",
        "{i + 1}",
        "{who!r}",
        'print(f"{who}: {i}")',
        "f'{who}'",
        "{obj.missing} {row['none']} {row[0]} {absent.attribute}",
        "${who}",
        "{who",
        "{who.__class__()}",
    ],
)
def test_other_braces_pass_through_untouched(text):
    assert interpolate(text, NAMES) == text


def test_a_plain_name_that_is_not_defined_is_an_error_that_names_it():
    with pytest.raises(UsageError, match=r"\{whom\} is not defined"):
        interpolate("Hi {whom}", NAMES)


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
        assert "is not defined" in str(error)  # noqa: PT017
