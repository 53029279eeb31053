import math
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dari_nb.local.demo_agents.arithmetic import find_arithmetic
from dari_nb.local.demo_agents.expressions import ExpressionError, evaluate, to_latex


@pytest.mark.parametrize(
    ("sentence", "expressions"),
    [
        ("What is 2+2?", ["2 + 2"]),
        ("15% of 80", ["15 / 100 * 80"]),
        ("20 percent of 50, please", ["20 / 100 * 50"]),
        ("17 % 5 and 17 mod 5", ["17 % 5", "17 % 5"]),
        ("10% + 5", ["10 / 100 + 5"]),
        ("1,234.5 * 2", ["1234.5 * 2"]),
        ("max(1,200) + 1", ["max(1, 200) + 1"]),
        ("the square root of 16 plus 2", ["sqrt(16) + 2"]),
        ("2^10, 5 squared, 2 to the power of 3", ["2 ** 10", "5 ** 2", "2 ** 3"]),
        ("6 \u00d7 7 \u00f7 2 \u2212 1", ["6 * 7 / 2 - 1"]),
        ("How much is 100 divided by 7?", ["100 / 7"]),
        ("-3 + 5", ["- 3 + 5"]),
        ("((1+2)*3", ["(1 + 2) * 3"]),
        ("sin(pi / 2) and e", ["sin(pi / 2)"]),
        ("2 + * 3", ["2 + * 3"]),
        ("I have 3 apples and 4 pears", []),
        ("What is a closure?", []),
        ("", []),
    ],
)
def test_arithmetic_is_found_in_sentences(sentence, expressions):
    assert find_arithmetic(sentence) == expressions


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("2 + 3 * 4", 14),
        ("-2 ** 2", -4),
        ("7 // 2 + 7 % 2", 4),
        ("log(8, 2)", 3),
        ("sqrt(16) + cbrt(27)", 7),
        ("factorial(20)", math.factorial(20)),
        ("round(2.567, 1)", 2.6),
        ("2 ** -1", 0.5),
        ("max(1, 2, 3) * tau", 3 * math.tau),
    ],
)
def test_expressions_have_their_values(expression, value):
    assert evaluate(expression) == pytest.approx(value)


@pytest.mark.parametrize(("expression", "value"), [("17 / 100 * 240", 40.8), ("0.1 + 0.2", 0.3)])
def test_no_rounding_of_the_computer_shows_in_a_value(expression, value):
    assert evaluate(expression) == value


@pytest.mark.parametrize(
    "expression",
    [
        "9 ** 9 ** 9",
        "2 ** 5000",
        "factorial(400) * factorial(400) * factorial(400)",
        "round(1, -10 ** 9)",
        "1 / 0",
        "(-8) ** 0.5",
        "(" * 300 + "1" + ")" * 300,
        "-" * 400 + "1",
        "1" * 501,
        "__import__('os')",
        "(1).__class__",
        "[1 for _ in (1,)]",
        "max(*[1])",
        "x",
        "2 +",
    ],
)
def test_what_is_no_bounded_arithmetic_is_refused_before_it_is_large(expression):
    tracemalloc.start()
    try:
        with pytest.raises(ExpressionError):
            evaluate(expression)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("expression", "latex"),
    [
        ("15 / 100 * 80", r"\frac{15}{100} \times 80"),
        ("(1 + 2) * 3", r"\left(1 + 2\right) \times 3"),
        ("1 - (2 - 3)", r"1 - \left(2 - 3\right)"),
        ("(-2) ** 2", r"\left(-2\right)^{2}"),
        ("(1 / 2) ** 2", r"\left(\frac{1}{2}\right)^{2}"),
        ("sqrt(2) + abs(-1)", r"\sqrt{2} + \left|-1\right|"),
        ("log(8, 2) + log10(100)", r"\log_{2}\left(8\right) + \log_{10}\left(100\right)"),
        ("7 % 3 // 2", r"\left\lfloor\frac{7 \bmod 3}{2}\right\rfloor"),
        ("asin(1) * pi", r"\mathrm{asin}\left(1\right) \times \pi"),
    ],
)
def test_expressions_are_written_as_latex(expression, latex):
    assert to_latex(expression) == latex


@given(st.text("0123456789+-*/%^(). ,e", max_size=80) | st.text(max_size=80))
def test_no_sentence_breaks_the_search(sentence):
    for expression in find_arithmetic(sentence):
        try:
            value = evaluate(expression)
        except ExpressionError:
            continue
        assert math.isfinite(value) if isinstance(value, float) else True
        assert to_latex(expression)


@pytest.mark.parametrize("text", ["1+", "("])
def test_a_sentence_is_read_to_a_bounded_length(text, lines_run):
    find_arithmetic(text)
    work = [
        lines_run(lambda times=times: find_arithmetic(text * times)) for times in (10**4, 10**5)
    ]
    assert work[0] == work[1]
