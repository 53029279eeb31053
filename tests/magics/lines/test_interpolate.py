from datetime import date
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
    "day": date(2024, 5, 6),
    "n2": 2,
    "i2": 1,
    "words": ["one", "two"],
    "key": "k",
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
        ("{pi:.2f} {pi:8.3f}| {pi:.0%}", "3.14    3.142| 314%"),
        ("{i:03d} {i:>4}{i:<4}| {i:+} {i:x}", "007    77   | +7 7"),
        ("{who!r} {who!s} {who!a:>7}", "'Ada' Ada   'Ada'"),
        ("{day:%Y-%m-%d} {day:%d. %B}", "2024-05-06 06. May"),
        ("{who:>{i}}|{pi:.{n2}f}", "    Ada|3.14"),
        ("{who: ^7}|{who:*^7}", "  Ada  |**Ada**"),
        ("{words[i2]} {row[key]} {obj.items[i2]:>3}", "two v   b"),
        ("{who:} {obj.name!r}", "Ada 'n'"),
        ('{"who": "{who}", "i": {i}}', '{"who": "Ada", "i": 7}'),
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
        "{whom:x}",
        "p{color:red} {margin:0;padding:2px} {opacity:.5}",
        "{ who:>9 } {i: 1, who: 2} {who!x}",
        "{who=} {len(who)} {who or i} {row['k'].upper()}",
        'print(f"{who}: {i}")',
        "f'{who}'",
        "rf'{who}'",
        "${who}",
        "{who",
        "{who.__class__()}",
    ],
)
def test_other_braces_pass_through_untouched(text):
    assert interpolate(text, NAMES) == text


@pytest.mark.parametrize("field", ["{whom}", "{whom.name}", "{whom['a']}", "{whom[0]!r:>9}"])
def test_undefined_name_is_an_error(field):
    with pytest.raises(UsageError) as caught:
        interpolate(f"Hi {field}", NAMES)
    assert caught.value.code == "name_not_defined"


@pytest.mark.parametrize(
    "text", ["{whom!r}", "{pirce:.2f}", "{cuont:03d}", "{dya:%Y-%m}", "{n3:>9}", "{whom!r:x}"]
)
def test_a_name_with_a_conversion_or_a_plain_format_is_meant_too(text):
    with pytest.raises(UsageError, match="is not defined"):
        interpolate(text, NAMES)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("{obj.itmes}", r"no attribute 'itmes' \(did you mean items\?\)"),
        ("{frame.shapes}", r"no attribute 'shapes' \(did you mean shape\?\)"),
        ("{row['none']}", "there is no 'none'"),
        ("{row[0]}", "there is no 0"),
        ("{words[9]}", "list index out of range"),
        ("{words[nope]}", "nope is not defined .* stands in quotes"),
        ("{i[0]}", "'int' object is not subscriptable"),
        ("{i:nonsense}", "Invalid format specifier"),
        ("{frame:.2f}", "unsupported format string"),
        ("{who:{nope}}", r"\{nope\} is not defined"),
        ("{who:.{i.no}f}", "no attribute 'no'"),
    ],
)
def test_a_path_from_a_name_that_leads_nowhere_is_an_error_that_says_so(text, cause):
    with pytest.raises(UsageError, match=cause):
        interpolate(text, NAMES | {"frame": pd.DataFrame({"a": [1]})})


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
