"""``%dari``: where am I, and what is there."""

from __future__ import annotations

import os
import shlex
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..suggestions import did_you_mean, no_llm_option
from .lines import options as opt
from .lines.options import MEANT, Option
from .lines.parser import HelpAsked, Line, LineParser
from .state import State, interruptible
from .usage import usage_error

if TYPE_CHECKING:
    from ..local import LocalDari, ModelState
    from ..resources import Dari, Tape

KEY_ENV = Option("--key-env", "NAME", "environment variable that holds the API key")
PATH = Option("--path", "FILE", "keep the local Dari's sessions in this file")
VIEW = Option("--view", None, "as a table to sort, filter, open and select in")
PROBE = Option("--probe", None, "look at the usual ports of this machine, too")
CONFIG = Option("--config", "FILE.toml", "LLMs, prices and agents for the local Dari")
AGENT = Option("--agent", "AGENT", "only sessions of this agent")
SINCE = Option("--since", "TIME", "only those since then: 2d, '3 hours', today, monday, 2026-05-18")


MODE = Option("--mode", "M", "auto: play, and ask live what is missing; play; record")
SPEED = Option("--speed", "S", "real, instant, or how many times as fast it plays")
PLAYER = Option("--view", None, "as a player: its turns as they happened")
FILES = Option("--files", None, "keep files that are attached or that turns leave")
RUN_TOOLS = Option("--run-tools", None, "run kernel tools again, and compare what they give")
EJECT = Option("--eject", None, "play and record no more")
_OF_SHELL = ("show", "diff", "check")
"""What `dari-local tape` does with tapes."""


@dataclass(frozen=True)
class Subcommand:
    """One ``%dari NAME …``: its parser and what it does with the parsed line and the words."""

    parser: LineParser
    run: Callable[[State, Line, list[str]], Any]
    help: str


def dari(state: State, line: str, commands: Mapping[str, Subcommand], magics: Iterable[str]) -> Any:
    """Run a subcommand; without one, tell where we are.

    Args:
        state: Where that is.
        line: What stands behind ``%dari``.
        commands: All subcommands.
        magics: The names of the other magics, which people may have meant.
    """
    name, _, rest = line.strip().partition(" ")
    if not name:
        return _status(state)
    asked = name.rstrip("?") or "help"
    command = commands.get(asked)
    if command is None:
        others = {magic.removeprefix("dari_"): f"%{magic}" for magic in magics}
        others |= {word: f"%dari_{magic}" for word, magic in MEANT.items()}
        hint = did_you_mean(asked, commands, others) or did_you_mean(asked, commands, closeness=0.6)
        raise usage_error(
            f"%dari has no {asked!r}{hint}; it has: {', '.join(commands)}", code="unknown_command"
        )
    if name.endswith("?") or (rest.rstrip().endswith("?") and not command.parser.takes_text):
        raise HelpAsked(command.parser.help())
    return command.run(state, *command.parser.words(rest))


class Status:
    """Where the magics are: shown as a small table."""

    def __init__(self, rows: list[tuple[str, str]]) -> None:
        self.rows = rows

    def __repr__(self) -> str:
        return self._repr_mimebundle_()["text/plain"]

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        from ..render import facts

        return facts(self.rows)


def _status(state: State, *, counting: bool = False) -> Status:
    connection = state.dari
    where = "local Dari, in this kernel" if connection.is_local else connection.base_url
    agent, session = state.agent, state.session
    llm = f" · {state.llm}" if state.llm else ""
    return Status(
        [
            ("server", where),
            *_storage_lines(connection, counting=counting),
            *_tape_of(connection, counting=counting),
            ("agent", f"{agent.name}{llm}" if agent else "none yet: %dari use NAME"),
            (
                "session",
                session.id
                if session
                else "none yet: %dari_send starts one, %dari sessions finds one",
            ),
            ("in Python", "d = dari_nb.connect() is this connection"),
            ("more", "%dari help"),
        ]
    )


def _storage_lines(connection: Dari, *, counting: bool) -> list[tuple[str, str]]:
    """Say where a local Dari keeps what there is, what that is, and how it outlives the kernel."""
    server = connection.server
    if server is None:
        return []
    if server.path is None:
        how = "in memory, until the kernel ends; in a file: %dari connect local --path FILE"
        return [("kept", how)]
    return [("kept", f"in {server.path}{_found(connection, server) if counting else ''}")]


def _tape_of(connection: Dari, *, counting: bool) -> list[tuple[str, str]]:
    from ..tapes.summary import tape_text
    from ..tapes.tape import mode_of

    tape = connection.tape
    if tape is None:
        return []
    speed = "" if tape.speed == "real" else f", speed {tape.speed}"
    holds = f"; {tape_text(tape.file)}" if counting else ""
    return [("tape", f"{tape.path}, mode {mode_of(tape)}{speed}{holds}")]


def _found(connection: Dari, server: LocalDari) -> str:
    """Say what was in the file, so that a slip in its name is seen."""
    from ..render import count_text
    from ..render.page.session_lines import local_time_text

    sessions = connection.sessions.list()
    if not sessions:
        return ": a new file" if server.is_new else ": no sessions yet"
    newest = local_time_text(sessions[0].resource.created_at)
    return f": {count_text(len(sessions), 'session')}" + (
        f", the newest {newest}" if newest else ""
    )


def _use(state: State, line: Line, words: list[str]) -> Status:
    if len(words) != 1:
        raise usage_error(
            f"name one agent\nusage: {SUBCOMMANDS['use'].parser.usage}", code="missing_agent"
        )
    agent, llm = state.dari.agents.get(words[0]), line.get(opt.LLM)
    if llm and agent.llms and llm not in agent.llms:
        raise usage_error(
            no_llm_option(agent.name, llm, agent.llms).rstrip("."), code="llm_not_found"
        )
    state.use(agent, llm)
    return _status(state)


def _agents(state: State, line: Line, words: list[str]) -> Any:
    return state.dari.agents.list()


def _sessions(state: State, line: Line, words: list[str]) -> Any:
    metadata, sessions = opt.pairs(line.get(opt.META)), state.dari.sessions
    wanted = {
        "agent": line.get(AGENT),
        "metadata": metadata or None,
        "since": line.get(SINCE),
        "text": " ".join(words),
    }
    if line.has(VIEW):
        return sessions.view(**wanted)
    found = sessions.list(**wanted)
    if found.first_alone:
        session_id = found.first_alone.id
        found.notes += [
            f"to go on with one: %dari_send --session {session_id} …",
            f"to read one: %dari_transcript {session_id}",
        ]
    return found


def _llms(state: State, line: Line, words: list[str]) -> Any:
    from ..resources.agents.local_models import models_to_have

    found = state.dari.llms(state.agent, probe=line.has(PROBE))
    box = models_to_have(state.dari.server) if state.dari.server else []
    if found:
        found.notes += [f"{name}, {how}" for name, how in box]
        return found
    more = [] if line.has(PROBE) else [("on this machine", "%dari llms --probe looks for some")]
    own = "%dari connect local --config FILE.toml, or dari_nb.connect('local', llms={…})"
    return Status([("LLMs", "none are known"), *box, *more, ("your own", own)])


def _model(state: State, line: Line, words: list[str]) -> Status:
    from ..local import list_models, pull_model, remove_model
    from ..resources.connections import take_in_pulled

    actions = ("list", "pull", "remove")
    action, *names = words or ["list"]
    if action not in actions:
        hint = did_you_mean(action, actions)
        raise usage_error(
            f"%dari model has no {action!r}{hint}; it has: {', '.join(actions)}",
            code="unknown_command",
        )
    if len(names) != (action != "list"):
        raise usage_error(f"usage: {SUBCOMMANDS['model'].parser.usage}", code="missing_name")
    if action == "pull":
        with interruptible("interrupted; nothing was kept, and the same line pulls it anew"):
            pull_model(names[0])
        if state.dari.server is not None:
            take_in_pulled(state.dari.server)
    elif action == "remove":
        remove_model(names[0])
        serving = " (a kernel that has begun to use it may do so until it ends)"
        return Status(
            [(names[0], f"removed{serving}; to get it anew: %dari model pull {names[0]}")]
        )
    return Status([(each.name, _model_line(each)) for each in list_models()])


def _model_line(model: ModelState) -> str:
    from ..local.gguf import lacking

    size = f"{model.size // 1_000_000} MB, {model.licence}"
    what = f"{model.model}, {model.about} ({size})"
    if model.path is None:
        return f"{what}; to get it: %dari model pull {model.name}"
    return f"{what}; {lacking() or f'%dari_agent assistant --llm {model.name} asks it'}"


def _tape(state: State, line: Line, words: list[str]) -> Any:
    connection = state.dari
    if line.has(EJECT):
        connection.eject()
        return _status(state)
    tape = _tape_named(connection.tape, line, words)
    # What looks at it comes first: where that cannot be, the tape that is in stays as it is.
    player = tape.view() if line.has(PLAYER) else None
    # A tape that is named only to be viewed isn't recorded on.
    only_looks = bool(words) and player is not None
    try:
        if tape is not connection.tape and not only_looks:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what is shown below says it, too
                connection.insert(tape)
    except BaseException:
        if player is not None:
            player.close()
        raise
    return _status(state, counting=True) if player is None else player


def _tape_named(now: Tape | None, line: Line, words: list[str]) -> Tape:
    """The tape that a line names, or the one that is in, used as the line says."""
    from ..resources import Tape

    settings = _tape_settings(line)
    if words:
        _check_tape_name(words)
        return Tape(" ".join(words), **settings)
    if now is None:
        raise usage_error(
            f"no tape is in\nusage: {SUBCOMMANDS['tape'].parser.usage}", code="missing_tape"
        )
    return replace(now, **settings) if settings else now


def _tape_settings(line: Line) -> dict[str, Any]:
    """How a tape is to be used, as far as it is said."""
    speed = line.get(SPEED)
    return {
        **({"mode": line.get(MODE)} if line.get(MODE) else {}),
        **({"speed": _speed(speed)} if speed else {}),
        **({"run_tools": True} if line.has(RUN_TOOLS) else {}),
        **({"files": True} if line.has(FILES) else {}),
    }


def _check_tape_name(words: list[str]) -> None:
    """Words may be meant as something else than a file that is not there."""
    from ..tapes.tape import MODES

    [word, *more] = words
    options = {**{mode: f"--mode {mode}" for mode in MODES}, "view": "--view"}
    for command, rest in ((word, more), (words[-1], words[:-1])):
        if not rest or command not in (*_OF_SHELL, *options):
            continue
        meant = f"!dari-local tape {command} {shlex.join(rest)}"
        if command in options:
            meant = f"%dari tape {' '.join(rest)} {options[command]}"
        raise usage_error(
            f"it is {meant}; a tape that is called so stands in quotes", code="unknown_command"
        )
    if more or Path(word).expanduser().exists():
        return
    if word in _OF_SHELL:
        raise usage_error(
            f"it is !dari-local tape {word} FILE; a tape that is called so is ./{word}",
            code="unknown_command",
        )
    if word in MODES:
        raise usage_error(
            f"{word} is a mode: %dari tape FILE --mode {word}", code="unknown_command"
        )
    if word in ("eject", "view"):
        raise usage_error(f"it is %dari tape --{word}, with two dashes", code="unknown_command")
    if word == "help":
        raise usage_error("it is %dari help tape, or %dari tape --help", code="unknown_command")
    if word in ("off", "stop"):
        raise usage_error("to play and record no more: %dari tape --eject", code="unknown_command")


def _speed(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text  # real, instant, or what the tape refuses


def _connect(state: State, line: Line, words: list[str]) -> Status:
    from ..resources import connect

    if len(words) > 1:
        raise usage_error(
            "an API key does not belong into a notebook: set DARI_API_KEY, or name another "
            "variable with --key-env",
            code="exposed_api_key",
        )
    variable = line.get(KEY_ENV)
    if variable is not None and variable not in os.environ:
        raise usage_error(
            f"the environment has no {variable}: set it before the kernel starts",
            code="missing_variable",
        )
    key = os.environ[variable] if variable else None
    target = words[0] if words else None
    connect(target, api_key=key, path=line.get(PATH), config=line.get(CONFIG))
    return _status(state, counting=True)


SUBCOMMANDS = {
    "use": Subcommand(
        LineParser(
            "%dari use AGENT [--llm L]", (opt.LLM,), example="%dari use calculator --llm small"
        ),
        _use,
        "make an agent the current one",
    ),
    "agents": Subcommand(LineParser("%dari agents", ()), _agents, "list the agents"),
    "sessions": Subcommand(
        LineParser(
            "%dari sessions [WORDS] [options]",
            (AGENT, opt.META, SINCE, VIEW),
            example="%dari sessions passport --since yesterday",
        ),
        _sessions,
        "list sessions, by WORDS of their first message",
    ),
    "llms": Subcommand(
        LineParser("%dari llms [--probe]", (PROBE,), example="%dari llms"),
        _llms,
        "list the LLMs at hand",
    ),
    "model": Subcommand(
        LineParser(
            "%dari model [list | pull NAME | remove NAME]",
            (),
            example="%dari model pull smollm2",
        ),
        _model,
        "language models that run on this machine",
    ),
    "tape": Subcommand(
        LineParser(
            "%dari tape [FILE] [--mode M] [--speed S] [--run-tools] [--files] [--view] [--eject]",
            (MODE, SPEED, RUN_TOOLS, FILES, PLAYER, EJECT),
            example="%dari tape lesson.tape --speed 2",
        ),
        _tape,
        "play and record on a tape: recorded turns in a file",
    ),
    "connect": Subcommand(
        LineParser(
            "%dari connect [local|URL] [--path F] [--config F] [--key-env NAME]",
            (PATH, CONFIG, KEY_ENV),
            example="%dari connect local --path course.db",
        ),
        _connect,
        "connect elsewhere",
    ),
}
