"""``dari-local tape``: what is on a tape, what differs between two, and what is wrong with one."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from ..errors import InvalidRequestError
from ..tapes import Recording, differences, flaws_of, parsed, read_tape, settle
from ..tapes.summary import count_of, summary_of

ABOUT = "tapes: show one, compare two, check one, settle a conflict that git left in one"
_OTHER = "the tape that it is compared with; by default the one that git has"


def add_tape_commands(tape: argparse.ArgumentParser) -> None:
    """Add the commands."""
    commands = tape.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, about: str, run: Callable[[argparse.Namespace], int]) -> None:
        command = commands.add_parser(name, help=about, description=f"{about}.")
        command.set_defaults(run=run)
        if name == "diff":
            command.add_argument("old", type=Path, nargs="?", metavar="OLD", help=_OTHER)
        command.add_argument("file", type=Path, metavar="FILE", help="a tape")

    add("show", "what is on it: sessions, turns and marks", _show)
    add("diff", "which turns came, went, or were answered otherwise; 1 when any did", _diff)
    add("check", "what is wrong with it; 1 when something is", _check)
    add("settle", "keep the turns of both sides where git left a conflict", _settle)


def _show(options: argparse.Namespace) -> int:
    _write(summary_of(read_tape(options.file)))
    return 0


def _diff(options: argparse.Namespace) -> int:
    new = read_tape(options.file)
    old = read_tape(options.old) if options.old else _committed(options.file)
    found = differences(old, new)
    _write(map(str, found))
    return int(bool(found))


def _check(options: argparse.Namespace) -> int:
    tape = read_tape(options.file)
    flaws = [str(flaw) for flaw in flaws_of(tape)]
    if not tape.is_closed:
        flaws.append("it has no last line: the recording was cut off, and plays up to there")
    _write(f"{options.file}, {flaw}" for flaw in flaws)
    if not flaws:
        turns = count_of(len(tape.turns), "turn")
        _write([f"{options.file}: {turns}, nothing is wrong"])
    return int(bool(flaws))


def _settle(options: argparse.Namespace) -> int:
    tape = settle(options.file)
    turns = count_of(len(tape.turns), "turn")
    _write([f"{options.file}: {turns}; git add tells git that it is settled"])
    return 0


def _committed(file: Path) -> Recording:
    """The tape as the last commit has it."""
    command = ("git", "show", f"HEAD:./{file.name}")
    try:
        done = subprocess.run(command, cwd=file.parent, capture_output=True, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        raise InvalidRequestError(
            f"git has no {file} to compare it with: name the other tape first."
        ) from None
    return parsed(done.stdout, f"{file} in git")


def _write(lines: Iterable[str]) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")
