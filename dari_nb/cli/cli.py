"""The command ``dari-local``: a local Dari in a process of its own.

``dari-local serve`` serves the demo agents until Ctrl-C. ``--agents FILE.py`` adds agents of
your own; inside that file ``server`` is the :class:`LocalDari`, so that lines from a notebook can
be moved there as they are::

    @server.agent("shout")
    def shout(prompt):
        return prompt.upper()

``--config FILE.toml`` says the same, and brings LLMs, prices and bundles; one is shown by
``dari-local serve --help``.

``dari-local backup DB OUT`` copies a database and its workspaces, whether it is served or not.

``dari-local model pull smollm2`` gets a very small language model, which runs on this machine.

``dari-local tape show|diff|check FILE`` looks at tapes, which are recorded turns;
``dari-local tape check --live FILE`` asks again what is on one.
"""

from __future__ import annotations

import argparse
import ipaddress
import os
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

from ..errors import DariError, InvalidRequestError
from ..local.apply_config import apply_config
from ..local.backups import back_up_file
from ..local.configuration import EXAMPLE, Configuration, read_configuration
from ..local.gguf import BOXED, lacking, list_models, pull_model, pulled_llms, remove_model
from ..local.server import LocalDari
from ..local.service.organizations import usable_key
from ..local.workspaces.workspaces import workspaces_folder
from ..transcript.formats import agent_name_of
from .tapes import ABOUT, add_tape_commands

HOST, PORT = "127.0.0.1", 8787
"""Where it listens unless told otherwise."""

_UNREAD = 141
"""The status of commands whose output nobody reads any more, as shells tell it."""
_CONFIG = "LLMs, prices, agents and options, as dari-local serve --help tells"
_AGENTS = (
    'agents of your own: functions under @server.agent("name"); server is there by itself, and '
    "what else they use the file imports, as with import dari_nb as dari"
)
_BACKUP = "copy a database and its workspaces, at any time"
_MODEL = "models that run on this machine: pull one, list them, remove one"
_KEY = "the key that clients must bring (default: a new one at each start); processes show it"
_INTERNET = "sandboxes may reach the network if their manifest asks; it is all of this machine's"
_SECRETS = "variables of the environment that bundles may name as keys of their LLMs"
_RUNS = "recorded runs of any known format; each becomes a finished session"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status, 2 when it cannot start."""
    options = _parser().parse_args(argv)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # Who read this has gone, as head does; what is left would be an error at the end again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _UNREAD
    except KeyboardInterrupt:
        return 130
    except DariError as error:
        sys.stderr.write(f"dari-local: {error}\n")
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "dari-local",
        description="A complete Dari on this machine.",
        epilog="dari-local serve --help tells what can be served, and from which configuration.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser(
        "serve",
        help="serve until Ctrl-C; --config FILE.toml: LLMs, prices, agents",
        epilog=f"the file of --config; what the command says wins:\n\n{EXAMPLE}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_options(serve)
    backup = commands.add_parser("backup", help=_BACKUP, description=f"{_BACKUP.capitalize()}.")
    _add_places(backup)
    model = commands.add_parser("model", help=_MODEL, description=f"{_MODEL.capitalize()}.")
    _add_model_commands(model)
    tape = commands.add_parser("tape", help=ABOUT, description=f"{ABOUT.capitalize()}.")
    add_tape_commands(tape, _server_to_ask, _add_agents)
    return parser


def _add_options(serve: argparse.ArgumentParser) -> None:
    serve.set_defaults(run=_configure_and_serve)
    add = serve.add_argument
    _add_agents(serve, "+")
    add("--host", help=f"where to listen (default: {HOST})")
    add("--port", type=int, help=f"0 takes a free one (default: {PORT})")
    add("--db", type=Path, metavar="FILE", help="keep everything in this file (default: in memory)")
    keys = serve.add_mutually_exclusive_group()
    keys.add_argument("--key", help=_KEY)
    keys.add_argument("--key-env", metavar="NAME", help="the variable that holds it instead")
    add("--runs", type=Path, nargs="+", default=[], metavar="FILE", help=_RUNS)
    add("--internet-access", action="store_true", default=None, help=_INTERNET)
    add("--max-cost", metavar="USD", help="what sessions may cost together in US dollars")
    add("--secrets", nargs="+", default=[], metavar="NAME", help=_SECRETS)
    add("--step-delay", type=float, metavar="S", help="seconds before each step of an agent")


def _add_agents(command: Any, several: int | str = 1) -> None:
    """Add the options that say which agents there are; where a file stands beside, each by one."""
    add = command.add_argument
    add("--config", type=Path, metavar="FILE.toml", help=_CONFIG)
    files: dict[str, Any] = {"type": Path, "nargs": several, "action": "extend", "default": []}
    add("--agents", metavar="FILE.py", help=_AGENTS, **files)


def _add_places(backup: argparse.ArgumentParser) -> None:
    backup.set_defaults(run=_back_up)
    backup.add_argument("db", type=Path, metavar="DB", help="the file of a local Dari")
    backup.add_argument("out", type=Path, metavar="OUT", help="the file to make")
    backup.add_argument("--overwrite", action="store_true", help="replace a backup that is there")


def _back_up(options: argparse.Namespace) -> int:
    back_up_file(options.db, options.out, overwrite=options.overwrite)
    folder = workspaces_folder(options.out.resolve())
    workspaces = f", workspaces in {folder}" if folder.exists() else ""
    sys.stdout.write(f"{options.db} is copied to {options.out}{workspaces}\n")
    return 0


def _add_model_commands(model: argparse.ArgumentParser) -> None:
    commands = model.add_subparsers(required=True, metavar="COMMAND")
    about = f"which one: {', '.join(BOXED)}"
    pull = commands.add_parser("pull", help="download one, once, into the user's cache folder")
    pull.set_defaults(run=_pull)
    pull.add_argument("name", metavar="NAME", help=about)
    listing = commands.add_parser("list", help="which there are, and where")
    listing.set_defaults(run=_list)
    remove = commands.add_parser("remove", help="remove one from the cache folder")
    remove.set_defaults(run=_remove)
    remove.add_argument("name", metavar="NAME", help=about)


def _pull(options: argparse.Namespace) -> int:
    path = pull_model(options.name)
    missing = lacking()
    more = f"\n{missing}" if missing else ""
    sys.stdout.write(f"{options.name}, {BOXED[options.name].about}, is in {path}{more}\n")
    return 0


def _list(options: argparse.Namespace) -> int:
    for model in list_models():
        where = model.path or f"not here: dari-local model pull {model.name}"
        size = f"{model.size // 1_000_000} MB, {model.licence}"
        sys.stdout.write(f"{model.name}: {model.model}, {model.about} ({size}); {where}\n")
    return 0


def _remove(options: argparse.Namespace) -> int:
    was_there = remove_model(options.name)
    sys.stdout.write(f"{options.name} {'is removed' if was_there else 'was not here'}\n")
    return 0


def _configure_and_serve(options: argparse.Namespace) -> int:
    configuration = read_configuration(options.config) if options.config else Configuration()
    _fill(options, configuration)
    _check(options)
    return _serve(options, configuration)


def _fill(options: argparse.Namespace, configuration: Configuration) -> None:
    """Take from the configuration what the command does not say."""
    table = configuration.server
    options.host = options.host or table.host or HOST
    options.port = options.port if options.port is not None else table.port
    options.port = PORT if options.port is None else options.port
    options.db = options.db or configuration.database
    options.step_delay = (
        float(table.step_delay or 0.0) if options.step_delay is None else options.step_delay
    )
    if options.key_env is not None:
        options.key = _variable(options.key_env, "--key-env")
    elif options.key is None and table.key_env is not None:
        options.key = _variable(table.key_env, f"{options.config}: server.key_env")
    if options.internet_access is None:
        options.internet_access = bool(table.internet_access)
    options.max_cost = table.max_cost if options.max_cost is None else options.max_cost
    options.secrets = [*configuration.secrets, *options.secrets]
    options.agents = [*configuration.files, *options.agents]


def _variable(name: str, where: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise InvalidRequestError(
            f"{where}: the variable {name} is not set.", code="missing_variable"
        )
    return value


def _check(options: argparse.Namespace) -> None:
    if options.key is not None:
        usable_key(options.key, "--key")
    if not _is_loopback(options.host) and not options.key:
        raise InvalidRequestError(
            f"--host {options.host} can be reached by other machines: give it a --key of your own, "
            "or a --key-env, which no list of processes shows.",
            code="api_key_missing",
        )
    if not 0 <= options.step_delay < float("inf"):
        raise InvalidRequestError(
            "--step-delay must be 0 or more seconds.", code="invalid_step_delay"
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _serve(options: argparse.Namespace, configuration: Configuration) -> int:
    server = LocalDari(
        options.db,
        host=options.host,
        port=options.port,
        api_key=options.key,
        step_delay=options.step_delay,
        llms={**pulled_llms(), **configuration.llms},
        prices=configuration.prices,
        internet_access=options.internet_access,
        max_cost=options.max_cost,
        secrets=options.secrets,
    )
    apply_config(server, configuration, options.agents)
    for path in options.runs:
        _load_runs(server, path)
    with _stop_signals() as stop, server:
        sys.stdout.write(_greeting(server, options))
        sys.stdout.flush()
        stop.wait()
    sys.stdout.write("Stopped.\n")
    return 0


def _server_to_ask(options: argparse.Namespace) -> LocalDari:
    """A server with the agents that a command names, which keeps nothing."""
    configuration = read_configuration(options.config) if options.config else Configuration()
    table = configuration.server
    server = LocalDari(
        llms={**pulled_llms(), **configuration.llms},
        prices=configuration.prices,
        internet_access=bool(table.internet_access),
        max_cost=table.max_cost,
        secrets=configuration.secrets,
    )
    apply_config(server, configuration, [*configuration.files, *options.agents])
    return server


def _load_runs(server: LocalDari, path: Path) -> None:
    name = agent_name_of(path)
    if name in server.agents:
        # The database has them from an earlier start; a restart must not double them.
        sys.stdout.write(f"{path}: not loaded again, there is an agent {name!r} already\n")
        return
    sessions = server.load_runs(path, name)
    sys.stdout.write(f"{path}: {len(sessions)} runs, agent {name!r}\n")


@contextmanager
def _stop_signals() -> Iterator[Event]:
    """Give an event that Ctrl-C and a polite kill set, while the block runs."""
    stop = Event()
    kinds = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(kind, lambda *_: stop.set()) for kind in kinds]
    try:
        yield stop
    finally:
        for kind, handler in zip(kinds, before, strict=True):
            signal.signal(kind, handler)


def _greeting(server: LocalDari, options: argparse.Namespace) -> str:
    url = _reachable(server.url, options.host)
    # A key that someone chose is not repeated on a screen that others may see.
    key = "'<your --key>'" if options.key else server.api_key
    llms = f"LLMs: {', '.join(server.llms)}\n" if server.llms else ""
    return f"""\
Local Dari at {url}, {f"in {server.path}" if server.path else "in memory"}. Ctrl-C stops it.
Agents: {", ".join(server.agents)}
{llms}
Paste into the shell that starts Jupyter (or, with %env and without "export", into a cell):

export DARI_API_URL={url}
export DARI_API_KEY={key}

Then dari_nb.connect() and the magics find it.
"""


def _reachable(url: str, host: str) -> str:
    """Name this machine where the address stands for all of its interfaces."""
    try:
        is_any = ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return url
    return f"http://{socket.gethostname()}:{url.rsplit(':', 1)[1]}" if is_any else url
