"""``%dari``: where am I, and what is there."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from IPython.core.error import UsageError

from . import options as opt
from .options import LineParser, Option, did_you_mean
from .state import State

KEY_ENV = Option("--key-env", "NAME", "environment variable that holds the API key")
PATH = Option("--path", "FILE", "keep the local Dari's sessions in this file")
VIEW = Option("--view", None, "as a table to sort, filter, open and select in")
PROBE = Option("--probe", None, "look at the usual ports of this machine, too")
CONFIG = Option("--config", "FILE.toml", "LLMs, prices and agents for the local Dari")
AGENT = Option("--agent", "AGENT", "only sessions of this agent")


@dataclass(frozen=True)
class Subcommand:
    """One ``%dari NAME …``: its parser and what it does with the parsed line and the words."""

    parser: LineParser
    run: Callable[[State, opt.Line, list[str]], Any]
    help: str


def dari(state: State, line: str) -> Any:
    """Run a subcommand; without one, tell where we are."""
    name, _, rest = line.strip().partition(" ")
    if not name:
        return _status(state)
    command = SUBCOMMANDS.get(name)
    if command is None:
        raise UsageError(
            f"%dari has no {name!r}{did_you_mean(name, SUBCOMMANDS)}; it has: "
            + ", ".join(SUBCOMMANDS)
        )
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


def _status(state: State) -> Status:
    connection = state.dari
    where = "local Dari, in this kernel" if connection.is_local else connection.base_url
    agent, session = state.agent, state.session
    llm = f" · {state.llm}" if state.llm else ""
    return Status(
        [
            ("server", where),
            ("agent", f"{agent.name}{llm}" if agent else "none yet: %dari use NAME"),
            ("session", session.id if session else "none yet: %dari_send starts one"),
            ("more", "%dari help"),
        ]
    )


def _use(state: State, line: opt.Line, words: list[str]) -> Status:
    if len(words) != 1:
        raise UsageError(f"name one agent\nusage: {SUBCOMMANDS['use'].parser.usage}")
    agent, llm = state.dari.agents.get(words[0]), line.get(opt.LLM)
    if llm and agent.llms and llm not in agent.llms:
        raise UsageError(
            f"{agent.name} has no LLM option {llm!r}{did_you_mean(llm, agent.llms)}; it has: "
            + ", ".join(agent.llms)
        )
    state.use(agent, llm)
    return _status(state)


def _agents(state: State, line: opt.Line, words: list[str]) -> Any:
    return state.dari.agents.list()


def _sessions(state: State, line: opt.Line, words: list[str]) -> Any:
    metadata = opt.pairs(line.get(opt.META))
    sessions = state.dari.sessions
    show = sessions.view if line.has(VIEW) else sessions.list
    return show(agent=line.get(AGENT), metadata=metadata or None)


def _llms(state: State, line: opt.Line, words: list[str]) -> Any:
    found = state.dari.llms(state.agent, probe=line.has(PROBE))
    if found:
        return found
    more = [] if line.has(PROBE) else [("on this machine", "%dari llms --probe looks for some")]
    own = "%dari connect local --config FILE.toml, or dari_nb.connect('local', llms={…})"
    return Status([("LLMs", "none are known"), *more, ("your own", own)])


def _connect(state: State, line: opt.Line, words: list[str]) -> Status:
    from ..workbench import connect

    if len(words) > 1:
        raise UsageError(
            "an API key does not belong into a notebook: set DARI_API_KEY, or name another "
            "variable with --key-env"
        )
    variable = line.get(KEY_ENV)
    if variable is not None and variable not in os.environ:
        raise UsageError(f"the environment has no {variable}: set it before the kernel starts")
    key = os.environ[variable] if variable else None
    target = words[0] if words else None
    connect(target, api_key=key, path=line.get(PATH), config=line.get(CONFIG))
    state.forget()
    return _status(state)


def _help(state: State, line: opt.Line, words: list[str]) -> Help:
    return Help()


class Help:
    """All magics with their options."""

    def __repr__(self) -> str:
        from .catalogue import PARSERS

        width = max(len(command.parser.usage) for command in SUBCOMMANDS.values())
        commands = [f"  {c.parser.usage:<{width}}  {c.help}" for c in SUBCOMMANDS.values()]
        return "\n\n".join(["\n".join(["%dari", *commands]), *(p.help() for p in PARSERS.values())])


SUBCOMMANDS = {
    "use": Subcommand(
        LineParser("%dari use AGENT [--llm L]", (opt.LLM,)), _use, "make an agent the current one"
    ),
    "agents": Subcommand(LineParser("%dari agents", ()), _agents, "list the agents"),
    "sessions": Subcommand(
        LineParser("%dari sessions [--agent AGENT] [--meta K=V] [--view]", (AGENT, opt.META, VIEW)),
        _sessions,
        "list sessions",
    ),
    "llms": Subcommand(
        LineParser("%dari llms [--probe]", (PROBE,)), _llms, "list the LLMs at hand"
    ),
    "connect": Subcommand(
        LineParser(
            "%dari connect [local|URL] [--path F] [--config F] [--key-env NAME]",
            (PATH, CONFIG, KEY_ENV),
        ),
        _connect,
        "connect elsewhere",
    ),
    "help": Subcommand(LineParser("%dari help", ()), _help, "show this"),
}
