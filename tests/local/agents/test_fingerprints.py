"""Functions told apart by their code, in any process."""

import subprocess
import sys
from functools import partial

import pytest

from dari_nb.local import LocalDari
from dari_nb.resources import Dari
from dari_nb.tapes import read_tape

SOURCE = """
import functools
from dari_nb.local.agents.fingerprint import fingerprint_of
{blank}
def made(around):
    def agent(prompt, n={default}):
        return [x for x in {{"a", "b", "c"}} if x in {{"a", "b", "c", "d"}}], around, {constant}
    return agent
class Kept:
    def __call__(self, prompt):
        return {constant}
print(*map(fingerprint_of, (made({around}), functools.partial(made(1), {default}), Kept())))
"""


def fingerprint(seed="0", **values):
    source = SOURCE.format(**{"blank": "", "default": 1, "constant": 2, "around": 3, **values})
    done = subprocess.run(
        [sys.executable, "-c", source],
        env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_the_same_function_is_the_same_in_another_process_and_place():
    assert fingerprint() == fingerprint(seed="7", blank="\n\n")


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({"default": 9}, [False, False, True]),
        ({"around": '"9"'}, [False, True, True]),
    ],
)
def test_another_value_is_another_function(changed, same):
    pairs = zip(fingerprint(), fingerprint(**changed), strict=True)
    assert [one == other for one, other in pairs] == same


def test_what_has_no_code_has_its_options_only():
    with LocalDari(demo_agents=False) as server:
        server.agent("joined")(partial(", ".join))
        server.agent("joined")("; ".join)
        assert server.agents == ["joined"]


def test_a_tape_plays_whatever_the_function_has_become(tmp_path):
    path = tmp_path / "kept.tape"
    for answer in ("one", "two"):
        with LocalDari() as server, Dari(server.url, server.api_key, server) as d:
            server.agent("told")(lambda prompt, *, answer=answer: answer)
            server.insert(path)
            assert d.agents["told"].send("x").wait(20).text == "one"
    assert len(read_tape(path).turns) == 1
