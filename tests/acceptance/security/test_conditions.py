"""Conditions of a view (``where=``) are read, and never run as code."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dari_nb as dari
from dari_nb.errors import DariError

TOUCH = "__import__('pathlib').Path('ran').touch()"
HOSTILE = [
    TOUCH,
    f"@{TOUCH}",
    f'@pd.eval("{TOUCH}")',
    f"exact = @{TOUCH}",
    f"exact = yes and {TOUCH}",
    f"`exact` == 1 or {TOUCH}",
    f"index.map(lambda _: {TOUCH})",
    f"exact.__class__.__mro__[1].__subclasses__() or {TOUCH}",
    f"'''{TOUCH}'''",
    f'f"{{{TOUCH}}}"',
    f"exec({TOUCH!r})",
    "exact = '",
    'text = "',
    "exact = no; import os",
    "(" * 5_000,
    "not " * 5_000 + "exact",
    "exact = no and " * 5_000 + "exact = no",
    "a" * 100_000,
    "exact > 1e999999",
    "exact = " + "9" * 5_000,
    "\u202e\0\x1b[31m",
    "ﬀ = \uff11 \u2003and\u00a0no",
    "😀 > 😀",
]


WORDS = ["exact", "text", "=", ">", "(", ")", "and", "or", "not", "@", "'", '"', "1"]


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    with (
        pytest.MonkeyPatch.context() as patch,
        dari.local.LocalDari() as server,
        dari.Dari(server.url, server.api_key) as d,
    ):
        patch.chdir(tmp_path_factory.mktemp("ratings"))
        batch = d.batches.run("echo", ["one", "two"]).wait()
        batch.score("exact", lambda turn: "one" in turn.text)
        yield batch


def refusal(batch, where):
    """View the cells that fit a condition; returns the error if it's refused."""
    try:
        batch.view(where=where).close()
    except DariError as error:
        return error
    return None


@pytest.mark.parametrize("where", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_condition_is_never_run(batch, tmp_path, monkeypatch, where):
    monkeypatch.chdir(tmp_path)
    error = refusal(batch, where)
    assert error is None or error.code == "invalid_where"
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=60)
@given(where=st.text() | st.lists(st.sampled_from(WORDS)).map(" ".join))
def test_any_condition_is_read_or_refused(batch, where):
    error = refusal(batch, where)
    assert error is None or error.code == "invalid_where"


def test_only_unknown_column_is_refused(batch):
    assert refusal(batch, "nothing > 1") is not None
    assert refusal(batch, "exact = yes") is None
