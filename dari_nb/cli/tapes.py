"""``dari-local tape``: what is on a tape, what differs between two, and what is wrong with one."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import InvalidRequestError
from ..git import run_git
from ..local.demo_agents import BUILT_IN
from ..local.gguf import BOXED
from ..local.llm import ASSISTANT, NO_ASSISTANT
from ..local.python_files import load_score
from ..local.server import LocalDari
from ..render.plain.visible import visible
from ..tapes import (
    Recording,
    Scrubber,
    Tape,
    differences,
    flaws_of,
    parsed,
    read_tape,
)
from ..tapes.differences import noted_otherwise
from ..tapes.files import files_folder
from ..tapes.growing import journals_left
from ..tapes.summary import count_of, summary_of
from ..tapes.writing import Kind, put_pieces, refuse_place

if TYPE_CHECKING:
    from ..checks import Check

ABOUT = "tapes: show one, compare two, check one"
_CHECK = "what is wrong with it, or with --live what no longer holds; 1 when something is"
_LIVE_STATUS = (
    "With --live: 0 when all holds, 1 when something does not, 2 when it cannot be asked."
)
_LIVE = (
    "What was recorded is asked again, of the agents of --agents and --config, as dari-local serve "
    "takes them, or with --connect of another Dari. Named are agents and LLMs that are gone, other "
    "outcomes, other tools, answers without what a turn's metadata expects, and scores that fell. "
    "The tape stays as it is."
)
_NO_OWN_AGENTS = "Asked was a local Dari without agents of yours: --agents FILE.py brings them."
_NO_AGENT_IN = (
    'In {files} is no agent beside those of every local Dari: @server.agent("NAME") above a '
    "function makes it one."
)
_NO_MODEL = "{llm} is not there yet: dari-local model pull {llm}."
_CONNECT = "ask the Dari there (default: DARI_API_URL), with the key in a variable"
_KEY = "the variable with the key (default: DARI_API_KEY)"
_SCORE = "a file with score(answer), which gives a number: answer.text, .tools, .asked, .metadata"
_SCRUBBED = (
    "what must not be on it, as secrets of a tape; what is asked again is told without it; "
    "may be given again"
)
_VOLATILE = "what does not count in errors; may be given again"
_NOT_CLOSED = (
    "it has no last line: the recording was cut off, and plays up to there; what is recorded next "
    'writes one, or put {"scrubbed":{}} there'
)
_DIFF = (
    "which turns came, went, were asked or answered otherwise, or have other marks, comments or "
    "metadata; 1 when any did"
)
_OTHER = "the tape that it is compared with; by default the one that git has"

_MOST_FLAWS = 20
"""Findings that are shown of a tape."""
_MOST_NAMES = 10

_REPORT = Kind("report", "report.md", re.compile(rb"# .+, asked again\n").fullmatch)
MakeServer = Callable[[argparse.Namespace], LocalDari]
AddOptions = Callable[[Any], None]
T = TypeVar("T")


def add_tape_commands(
    tape: argparse.ArgumentParser, server_to_ask: MakeServer, add_agents: AddOptions
) -> None:
    """Add the commands.

    Args:
        tape: Where they are added.
        server_to_ask: Makes the server that is asked again what is on a tape.
        add_agents: Adds the options that say which agents it has.
    """
    commands = tape.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, about: str, run: Callable[[argparse.Namespace], int]) -> None:
        command = commands.add_parser(name, help=about, description=f"{about}.")
        command.set_defaults(run=run)
        if name == "diff":
            command.add_argument("old", type=Path, nargs="?", metavar="OLD", help=_OTHER)
        command.add_argument("file", type=Path, metavar="FILE", help="a tape")

    add("show", "what is on it: sessions, turns and marks", _show)
    add("diff", _DIFF, _diff)
    add("check", _CHECK, _check)
    _add_secrets(commands.choices["check"])
    _add_live(commands.choices["check"], server_to_ask, add_agents)


def _add_secrets(check: argparse.ArgumentParser) -> None:
    about: dict[str, Any] = {"action": "append", "default": [], "help": _SCRUBBED}
    check.add_argument("--secret", metavar="REGEX", dest="secrets", **about)


def _add_live(
    check: argparse.ArgumentParser, server_to_ask: MakeServer, add_agents: AddOptions
) -> None:
    check.set_defaults(server_to_ask=server_to_ask)
    check.description = f"{_CHECK}. {_LIVE_STATUS}"
    live = check.add_argument_group("asking again", _LIVE)
    live.add_argument("--live", action="store_true", help="ask again, and name what is otherwise")
    add_agents(live)
    add = live.add_argument
    add("--connect", type=_url, nargs="?", const="", metavar="URL", help=_CONNECT)
    add("--key-env", default="DARI_API_KEY", metavar="NAME", help=_KEY)
    add("--score", type=Path, metavar="FILE.py", help=_SCORE)
    add("--volatile", action="append", default=[], metavar="REGEX", help=_VOLATILE)
    add(
        "--timeout",
        type=float,
        default=600.0,
        metavar="S",
        help="seconds for a turn, and for each answer (600)",
    )
    add("--report", metavar="FILE.md", help="where to write a report in Markdown; - is the output")


def _url(text: str) -> str:
    if text and "://" not in text:
        raise argparse.ArgumentTypeError(f"{text} is no URL; without one it stands behind FILE")
    return text


def _show(options: argparse.Namespace) -> int:
    tape = _telling_of_left(options.file, read_tape)
    _write([*summary_of(tape), *_left(options.file, tape)])
    return 0


def _diff(options: argparse.Namespace) -> int:
    new = read_tape(options.file)
    old = read_tape(options.old) if options.old else _committed(options.file)
    found = [*map(str, differences(old, new)), *noted_otherwise(old, new)]
    _write(found)
    return int(bool(found))


def _check(options: argparse.Namespace) -> int:
    if options.live:
        return _check_live(options)
    for name in ("config", "agents", "connect", "score", "volatile", "report"):
        if getattr(options, name) not in (None, []):
            raise InvalidRequestError(f"--{name} is for --live.", code="conflicting_arguments")
    return _check_file(options)


def _check_live(options: argparse.Namespace) -> int:
    from ..checks import check_server

    report = None if options.report in (None, "-") else Path(options.report)
    if report is not None:
        refuse_place(report, _REPORT)
    told: dict[str, Any] = {
        "score": load_score(options.score) if options.score else None,
        "timeout": options.timeout,
        "report": lambda text: sys.stderr.write(f"{text}\n"),
    }
    tape = Tape(options.file, volatile=options.volatile, secrets=options.secrets)
    own = set[str]()
    if options.connect is None:
        with options.server_to_ask(options) as server:
            own |= {*server.agents} - {*BUILT_IN, ASSISTANT}
            check = check_server(tape, server.url, server.api_key, **told)
    else:
        check = check_server(tape, *_address(options), **told)
    _write([check.to_markdown() if options.report == "-" else repr(check)])
    if report is not None:
        put_pieces([check.to_markdown(), "\n"], report, _REPORT)
    if options.connect is None:
        lacks = "" if own else _none_of_ones_own(options.agents)
        sys.stderr.writelines(f"{hint}\n" for hint in _hints(check, lacks))
    # What could not be asked is no reason to say that something does not hold.
    return 1 if check else 2 * bool(check.unasked)


def _none_of_ones_own(files: Sequence[Path]) -> str:
    return _NO_AGENT_IN.format(files=", ".join(map(str, files))) if files else _NO_OWN_AGENTS


def _hints(check: Check, lacks: str) -> Iterator[str]:
    """Say how a local Dari gets what it lacked: agents of one's own, where it ``lacks`` any."""
    agents, llms = (
        dict.fromkeys(one.recorded for one in check if one.what == what)
        for what in ("agent", "llm")
    )
    if ASSISTANT in agents:
        yield NO_ASSISTANT
    if lacks and not agents.keys() <= {ASSISTANT}:
        yield lacks
    yield from (_NO_MODEL.format(llm=llm) for llm in llms if llm in BOXED)


def _address(options: argparse.Namespace) -> tuple[str, str]:
    url = options.connect or os.environ.get("DARI_API_URL")
    key = os.environ.get(options.key_env)
    if not url:
        raise InvalidRequestError(
            "--connect: give a URL, or set the variable DARI_API_URL.", code="missing_url"
        )
    if not key:
        raise InvalidRequestError(
            f"--connect: the variable {options.key_env} is not set.", code="missing_variable"
        )
    return url, key


def _check_file(options: argparse.Namespace) -> int:
    file = options.file
    scrubber = Scrubber(Tape(file, secrets=options.secrets).secrets)
    tape = _telling_of_left(file, read_tape)
    flaws = [str(flaw) for flaw in flaws_of(tape, scrubber, folder=files_folder(file))]
    if not tape.is_closed:
        flaws.append(_NOT_CLOSED)
    _write(f"{file}, {flaw}" for flaw in flaws[:_MOST_FLAWS])
    if len(flaws) > _MOST_FLAWS:
        _write([f"{file}: {len(flaws)} findings, of which the first {_MOST_FLAWS} are shown"])
    left = _left(file, tape)
    _write(left)
    if not flaws and not left:
        _write([f"{file}: {count_of(len(tape.turns), 'turn')}, nothing is wrong"])
    return int(bool(flaws or left))


def _telling_of_left(file: Path, read: Callable[[Path], T]) -> T:
    """Read a tape; of one that is not there, say what a killed process has left of it."""
    try:
        return read(file)
    except InvalidRequestError:
        _write(_left(file, Recording()))
        raise


def _left(file: Path, tape: Recording) -> list[str]:
    return [f"{file}: {text}" for text in journals_left(Tape(file).file, tape)]


def _committed(file: Path) -> Recording:
    """Read the tape as the last commit has it."""
    try:
        done = run_git(file.parent, "show", f"HEAD:./{file.name}", environment=os.environ)
    except OSError:
        done = None
    if done is None or done.returncode:
        raise InvalidRequestError(
            f"git has no {file} to compare it with: name the other tape first.",
            code="file_not_found",
        )
    return parsed(done.stdout, f"{file} in git")


def _write(lines: Iterable[str]) -> None:
    for line in lines:
        # What a tape says is somebody else's: it moves no cursor.
        sys.stdout.write(f"{visible(line)}\n")
