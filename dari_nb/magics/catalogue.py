"""All magics and subcommands by name: what runs, what help lists and completion offers."""

from __future__ import annotations

import textwrap

from . import batches, chatting, dari, loading, publishing, sending, showing
from .dari import Subcommand
from .helping import NOTES, Help, listed, on_topic
from .lines.parser import Line, LineParser
from .reference import EXAMPLES, NAMES, WORDS
from .state import State

WIDTH = 100
"""Characters of a line that each front end has room for."""

PARSERS: dict[str, LineParser] = {
    "dari_send": sending.SEND,
    "dari_agent": sending.AGENT,
    "dari_batch": batches.BATCH,
    "dari_publish": publishing.PUBLISH,
    "dari_follow": sending.FOLLOW,
    "dari_cancel": sending.CANCEL,
    "dari_chat": chatting.CHAT,
    "dari_transcript": showing.TRANSCRIPT,
    "dari_workspace": showing.WORKSPACE,
    "dari_frame": loading.FRAME,
}


def overview() -> str:
    """Return the magics and the subcommands of ``%dari``, a line each."""
    magics = [(parser.brief, parser.does) for parser in PARSERS.values()]
    own = [(command.parser.brief, command.help) for command in COMMANDS.values()]
    lines = [*magics, ("%dari", "tell where one is: server, agent, session"), *own]
    width = max(len(usage) for usage, _ in lines)
    return "\n".join(f"{usage:<{width}}  {does}" for usage, does in lines)


def _help(state: State, line: Line, words: list[str]) -> Help:
    magics = {name.removeprefix("dari_"): parser.help() for name, parser in PARSERS.items()}
    own = {name: f"{c.help}\n\n{c.parser.help()}" for name, c in COMMANDS.items()}
    topics = magics | own | NOTES
    if words:
        return Help(on_topic(words[-1], topics))
    more = f"%dari help TOPIC tells more, with options and an example: {listed(topics)}."
    return Help(f"{overview()}\n\n{textwrap.fill(more, WIDTH, break_long_words=False)}")


COMMANDS: dict[str, Subcommand] = {
    **dari.SUBCOMMANDS,
    "help": Subcommand(
        LineParser("%dari help [TOPIC]", (), is_text=True, example="%dari help Session.view"),
        _help,
        "show this",
    ),
}
"""The subcommands of ``%dari``."""

_MAGICS = (name.removeprefix("dari_") for name in PARSERS)
TOPICS = tuple(dict.fromkeys([*_MAGICS, *COMMANDS, *NOTES, *WORDS, EXAMPLES, *NAMES]))
"""What ``%dari help`` can tell of alone, beside what is below public names."""

TAKES_TEXT = frozenset(["dari", *(name for name, of in PARSERS.items() if of.takes_text)])
"""The magics on whose line people write text, or ask: to its end it belongs to the magic."""
