import pytest
from IPython.core.error import UsageError

from dari_nb.magics.lines import options as opt
from dari_nb.magics.lines.options import pairs, seconds
from dari_nb.magics.lines.parser import LineParser

PARSER = LineParser("%dari_send [options] TEXT", (*opt.SENDING, opt.SESSION))


@pytest.mark.parametrize(
    ("line", "values", "text"),
    [
        ("  What is  x - y?", {}, "What is  x - y?"),
        ("--llm=small Hello", {"llm": "small"}, "Hello"),
        ("-o turn --timeout 5 Hello", {"out": "turn", "timeout": "5"}, "Hello"),
        ("--out turn Hi", {"out": "turn"}, "Hi"),
        ('--file "my notes.md" --file b.md Hi', {"file": ["my notes.md", "b.md"]}, "Hi"),
        ("--meta 'k=a b' Hi", {"meta": ["k=a b"]}, "Hi"),
        ("--bg -- --llm is an option", {"bg": True}, "--llm is an option"),
        ('say "hi" and it\'s fine', {}, 'say "hi" and it\'s fine'),
    ],
)
def test_options_come_first_and_the_text_stays_as_written(line, values, text):
    parsed = PARSER.text(line)
    assert (parsed.values, parsed.text) == (values, text)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("--lmm small Hi", "unknown_option"),
        ("--zzz Hi", "unknown_option"),
        ("--llm", "missing_value"),
        ("Hi --llm small", "misplaced_argument"),
    ],
)
def test_wrong_option_is_refused(line, code):
    with pytest.raises(UsageError) as caught:
        PARSER.text(line)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("line", "values", "words"),
    [
        ("--llm small tour --bg", {"llm": "small", "bg": True}, ["tour"]),
        ("'my agent' --meta a=1 --meta b=2", {"meta": ["a=1", "b=2"]}, ["my agent"]),
        ("", {}, []),
    ],
)
def test_words_may_stand_between_options(line, values, words):
    parsed, found = PARSER.words(line)
    assert (parsed.values, found) == (values, words)


def test_an_open_quote_is_an_error():
    with pytest.raises(UsageError):
        PARSER.words("'tour")


def test_pairs_are_read_and_checked():
    assert pairs(["a=1", "b=x=y", "c="]) == {"a": "1", "b": "x=y", "c": ""}
    with pytest.raises(UsageError):
        pairs(["a"])


def test_seconds_are_positive_numbers():
    assert seconds(None) is None
    assert seconds("2.5") == 2.5
    for value in ("soon", "0", "-1", "nan"):
        with pytest.raises(UsageError):
            seconds(value)


def test_help_names_every_option():
    text = PARSER.help()
    assert all(option.flag in text and option.help in text for option in PARSER.options)


LISTS = LineParser("%dari_batch AGENT", (opt.FILE, opt.META, opt.TOOLS, opt.BACKGROUND))


@pytest.mark.parametrize(
    ("line", "values", "words"),
    [
        ("--tools a , b x", {"tools": ["a", "b"]}, ["x"]),
        ("--tools a,b, c --tools d x", {"tools": ["a", "b", "c", "d"]}, ["x"]),
        ("x --tools=a,b --bg", {"tools": ["a", "b"], "bg": True}, ["x"]),
        ('--file "a,b.csv" x', {"file": ["a,b.csv"]}, ["x"]),
        ("--meta a=1, b=2 x", {"meta": ["a=1", "b=2"]}, ["x"]),
        ("--meta a=red,green,b=2 x", {"meta": ["a=red,green", "b=2"]}, ["x"]),
        ("--meta a='x y',b=\"1,2\" x", {"meta": ["a=x y", "b=1,2"]}, ["x"]),
        ("--meta who=O'Brien x", {"meta": ["who=O'Brien"]}, ["x"]),
    ],
)
def test_several_values_stand_between_commas_or_behind_repeats(line, values, words):
    parsed, found = LISTS.words(line)
    assert (parsed.values, found) == (values, words)


@pytest.mark.parametrize(
    ("line", "values", "word", "text"),
    [
        ("echo --llm small --bg What?", {"llm": "small", "bg": True}, "echo", "What?"),
        ("echo -- --bg is an option", {}, "echo", "--bg is an option"),
        ("'my agent' it's 5 o'clock", {}, "my agent", "it's 5 o'clock"),
        ("", {}, "", ""),
    ],
)
def test_a_text_may_stand_behind_a_word(line, values, word, text):
    parsed, found = PARSER.word_and_text(line)
    assert (parsed.values, found, parsed.text) == (values, word, text)
