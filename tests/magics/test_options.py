import pytest
from IPython.core.error import UsageError

from dari_nb.magics import options as opt
from dari_nb.magics.options import LineParser, pairs, seconds

PARSER = LineParser("%dari_send [options] TEXT", (*opt.SENDING, opt.SESSION))


@pytest.mark.parametrize(
    ("line", "values", "text"),
    [
        ("", {}, ""),
        ("Hello there", {}, "Hello there"),
        ("  What is  x - y?", {}, "What is  x - y?"),
        ("--bg Hello", {"bg": True}, "Hello"),
        ("--llm small Hello", {"llm": "small"}, "Hello"),
        ("--llm=small Hello", {"llm": "small"}, "Hello"),
        ("-o turn --timeout 5 Hello", {"out": "turn", "timeout": "5"}, "Hello"),
        ("--out turn Hi", {"out": "turn"}, "Hi"),
        ('--file "my notes.md" --file b.md Hi', {"file": ["my notes.md", "b.md"]}, "Hi"),
        ("--meta 'k=a b' Hi", {"meta": ["k=a b"]}, "Hi"),
        ("--bg -- --llm is an option", {"bg": True}, "--llm is an option"),
        ("-- -5 + 3", {}, "-5 + 3"),
        ("-5 + 3", {}, "-5 + 3"),
        ("what does git log --oneline do", {}, "what does git log --oneline do"),
        ('say "hi" and it\'s fine', {}, 'say "hi" and it\'s fine'),
        ("--quiet", {"quiet": True}, ""),
    ],
)
def test_options_come_first_and_the_text_stays_as_written(line, values, text):
    parsed = PARSER.text(line)
    assert (parsed.values, parsed.text) == (values, text)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--lmm small Hi", r"unknown option --lmm \(did you mean --llm\?\)"),
        ("--zzz Hi", "unknown option --zzz; %dari help lists all, .* behind --\nusage: %dari_send"),
        ("--llm", "--llm needs a value: --llm L"),
        ("Hi --llm small", "--llm stands behind the text: put options first"),
        ("Hi there --bg", "--bg stands behind the text"),
    ],
)
def test_what_is_wrong_is_said_in_a_line_or_two(line, message):
    with pytest.raises(UsageError, match=message) as caught:
        PARSER.text(line)
    assert str(caught.value).count("\n") <= 1


@pytest.mark.parametrize(
    ("line", "values", "words"),
    [
        ("tour", {}, ["tour"]),
        ("tour --llm small", {"llm": "small"}, ["tour"]),
        ("--llm small tour --bg", {"llm": "small", "bg": True}, ["tour"]),
        ("'my agent' --meta a=1 --meta b=2", {"meta": ["a=1", "b=2"]}, ["my agent"]),
        ("", {}, []),
    ],
)
def test_words_may_stand_between_options(line, values, words):
    parsed, found = PARSER.words(line)
    assert (parsed.values, found) == (values, words)


def test_an_open_quote_is_an_error():
    with pytest.raises(UsageError, match="quote is left open"):
        PARSER.words("'tour")


def test_pairs_are_read_and_checked():
    assert pairs(["a=1", "b=x=y", "c="]) == {"a": "1", "b": "x=y", "c": ""}
    with pytest.raises(UsageError, match="--meta takes K=V, not 'a'"):
        pairs(["a"])


def test_seconds_are_positive_numbers():
    assert seconds(None) is None
    assert seconds("2.5") == 2.5
    for value in ("soon", "0", "-1", "nan"):
        with pytest.raises(UsageError, match="takes seconds"):
            seconds(value)


def test_help_names_every_option():
    text = PARSER.help()
    assert all(option.flag in text and option.help in text for option in PARSER.options)
