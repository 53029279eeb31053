"""A prompt arrives at the agent as it was typed; only names in braces are filled in."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NAMES = """
import datetime, types
import pandas as pd
name, place, price, n, which = "Ada", "O'Hare", 3.14159, 3, 1
day = datetime.date(2024, 5, 6)
table = pd.DataFrame({"a": [1, 2], "b": [3.5, 4.25]})
rows, row = ["one", "two"], {"key": "value"}
box = types.SimpleNamespace(weight=1.5, label="fragile")
"""

TEXTS = [
    "What is a closure?",
    "really??",
    "?",
    "Hi!",
    "!ls -la?",
    "15% of 86.8",
    "%timeit x?",
    "%dari_send inside?",
    'did she say "that?"',
    "it's 'odd' isn't it?",
    '"quoted whole"',
    'one " alone',
    "(unclosed?",
    '{"a": 1, "b": [2, {"c": null}]}',
    "{}",
    "{1 + 1}",
    "{len(rows)}",
    "{ name }",
    "{{name}}",
    "{% if name %}{{ name }}{% endif %}",
    "p{color:red} body {margin: 0}",
    "function f(x) { return x; }",
    'print(f"{name}: {price:.2f}")',
    "${name} and $name and $HOME",
    r"$\frac{a}{b}$ and $\sum_{i=0}^{n} x_{n}$",
    r"\textbf{name}",
    r"C:\new\table.txt and \n and \d+",
    "\\",
    "https://example.com/?q=a%20b&c=d#part",
    "a; %dari_send b; c;",
    "# a heading, no comment?",
    "-5 + 3?",
    "x = len(y)?",
    "two  spaces and a\ttab",
    "🎉 👩‍👩‍👧 naïve, Ωmega, 闭包是什么? ما هي؟",
    "<b>bold</b> & <script>alert(1)</script>?",
    "| a | b |",
    "what does --help do?",
    "x" * 5000 + "?",
]

FILLED = [
    ("{name}?", "Ada?"),
    ("{name}'s {n}% {name}{n}", "Ada's 3% Ada3"),
    ("{price:.2f} {price:.0%} {n:03d} {name:>5}|", "3.14 314% 003   Ada|"),
    ("{name!r} {place!r} {name!s}", "'Ada' \"O'Hare\" Ada"),
    ("{day:%d.%m.%Y}", "06.05.2024"),
    ("{table.shape} {box.weight:.3f} {box.label!r}", "(2, 2) 1.500 'fragile'"),
    ("{rows[0]} {rows[-1]} {rows[which]}", "one two two"),
    ("{row['key']} {row[\"key\"]}", "value value"),
    ('{"name": "{name}", "n": {n}}', '{"name": "Ada", "n": 3}'),
]

UNDEFINED = [
    ("{nope}", "name_not_defined"),
    ("{nope!r}", "name_not_defined"),
    ("{nope:.2f}", "name_not_defined"),
    ("{nope.shape}", "name_not_defined"),
    ("{nopes[0]}", "name_not_defined"),
    ("{table.shapes}", "invalid_expression"),
    ("{rows[9]}", "invalid_expression"),
    ("{rows[nope]}", "invalid_expression"),
    ("{row['none']}", "invalid_expression"),
    ("{n:nonsense}", "invalid_expression"),
    ("{n.real.nope} of {name}", "invalid_expression"),
]

PIECES = [
    "{name}",
    "{nope}",
    "{rows[0]}",
    "{",
    "}",
    "\\",
    "%",
    "?",
    "!",
    "'",
    '"',
    "#",
    "--bg ",
    "\t",
]
WRITTEN = (
    st.lists(
        st.sampled_from(PIECES) | st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]),
        min_size=1,
    )
    .map("".join)
    .filter(str.strip)
)


@pytest.fixture(scope="module", autouse=True)
def names(kernel):
    kernel.run(NAMES)


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:30])
def test_text_arrives_as_typed(kernel, heard, text):
    for cell in (
        f"%dari_send {text}",
        f"%%dari_send --quiet\n{text}",
        f"turn = %dari_send --quiet {text}",
        f"%dari_agent listener --quiet {text}",
    ):
        kernel.run(cell)
    assert heard == [text] * 4


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=WRITTEN)
def test_raw_text_arrives_as_typed(kernel, heard, text):
    heard.clear()
    kernel.run(f"%%dari_send --raw --quiet\n{text}\n{text}")
    kernel.run(f"%dari_send --raw --quiet -- {text}")
    assert heard == [f"{text}\n{text}".strip(), text.strip()]


def test_text_of_several_lines_arrives_whole(kernel, heard):
    text = "first\n  indented {name}?\n\n%dari_send?\nx = !ls"
    kernel.run(f"%%dari_send\n{text}\n")
    assert heard == [text.replace("{name}", "Ada")]


@pytest.mark.parametrize(("text", "expected"), FILLED)
def test_names_in_braces_become_values(kernel, heard, text, expected):
    kernel.run(f"%dari_send {text}")
    kernel.run(f"%%dari_send\n{text}")
    assert heard == [expected] * 2


def test_values_are_not_filled_again(kernel, heard):
    kernel.run("braces = '{name}'\n%dari_send {braces}")
    assert heard == ["{name}"]


def test_names_in_functions_are_local(kernel, heard):
    kernel.run(
        "def ask(name, number):\n"
        "    turn = %dari_send {name} {number:.1f}?\n"
        "    return turn.text\n"
        "answer = ask('Bo', 2.55)"
    )
    assert heard == ["Bo 2.5?"]
    assert kernel.value("answer") == "small heard you"


def test_dataframe_in_braces_becomes_table(kernel, heard):
    kernel.run("%dari_send Look at {table} and think")
    [prompt] = heard
    lines = [re.findall(r"[^\s|]+", line) for line in prompt.splitlines() if "|" in line]
    assert lines[0] == ["a", "b"]
    assert lines[-2:] == [["1", "3.5"], ["2", "4.25"]]
    assert prompt.startswith("Look at")
    assert prompt.endswith("and think")


def test_raw_option_leaves_braces(kernel, heard):
    kernel.run("%dari_send --raw {name} {nope} {price:.2f}")
    kernel.run("%%dari_agent listener --raw\n{table.shape}")
    assert heard == ["{name} {nope} {price:.2f}", "{table.shape}"]


@pytest.mark.parametrize(("text", "code"), UNDEFINED)
def test_undefined_name_is_refused(refused, heard, text, code):
    assert refused(f"%dari_send {text}") == code
    assert refused(f"%%dari_agent listener\nHi\n{text}") == code
    assert refused(f"turn = %dari_send {text}") == code
    assert refused(f"%%dari_batch listener\nHi\n{text}") == code
    assert heard == []
