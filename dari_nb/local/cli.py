"""The command ``dari-local``: a local Dari in a process of its own.

``dari-local serve`` serves the scripted agents until Ctrl-C. ``--agents FILE.py`` adds agents of
your own; inside that file ``server`` is the :class:`LocalDari`, so that lines from a notebook can
be moved there as they are::

    @server.agent("shout")
    def shout(prompt):
        return prompt.upper()

``--config FILE.toml`` says the same, and brings LLMs, prices and bundles; one is shown by
``dari-local serve --help``.
"""

from __future__ import annotations

import argparse
import ipaddress
import os
import signal
import socket
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from threading import Event

from ..errors import DariError, InvalidRequestError
from .configuration import EXAMPLE, Configuration, read_configuration
from .recordings import agent_name_of
from .server import LocalDari

HOST, PORT = "127.0.0.1", 8787
"""Where it listens unless told otherwise."""

_AGENTS = 'agents of your own: functions under @server.agent("name"); server is there by itself'
_RUNS = "recorded runs, one a line; each becomes a finished session"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status, 2 when it cannot start."""
    options = _parser().parse_args(argv)
    try:
        configuration = read_configuration(options.config) if options.config else Configuration()
        _fill(options, configuration)
        _check(options)
        return _serve(options, configuration)
    except KeyboardInterrupt:
        return 130
    except DariError as error:
        sys.stderr.write(f"dari-local: {error}\n")
        return 2


def load_agents(server: LocalDari, path: Path) -> None:
    """Run a file that registers agents; ``server`` is a name in it.

    Args:
        server: Where the agents are registered.
        path: A Python file. It can import its neighbours.

    Raises:
        InvalidRequestError: The file cannot be read, or it raises; the text names the line.
    """
    spec = spec_from_file_location(f"dari_agents_{path.stem}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise InvalidRequestError(f"{path} is no Python file.")
    module = module_from_spec(spec)
    vars(module)["server"] = server
    # Classes and functions look their module up by name when they are pickled or inspected.
    sys.modules[spec.name] = module
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise InvalidRequestError(_failure(path, error)) from error


def _failure(path: Path, error: Exception) -> str:
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == str(path)
    ]
    line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
    where = f"{path}, line {line}" if line else str(path)
    message = error.msg if isinstance(error, SyntaxError) else error
    return f"{where}: {type(error).__name__}: {message}"


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
    add = serve.add_argument
    add("--config", type=Path, metavar="FILE.toml", help="LLMs, prices, agents and options; below")
    add("--host", help=f"where to listen (default: {HOST})")
    add("--port", type=int, help=f"0 takes a free one (default: {PORT})")
    add("--db", type=Path, metavar="FILE", help="keep everything in this file (default: in memory)")
    add("--key", help="the key that clients must bring (default: a new one at each start)")
    add("--agents", type=Path, nargs="+", default=[], metavar="FILE.py", help=_AGENTS)
    add("--runs", type=Path, nargs="+", default=[], metavar="FILE.jsonl", help=_RUNS)
    add("--pace", type=float, metavar="S", help="seconds before each step of an agent")
    return parser


def _fill(options: argparse.Namespace, configuration: Configuration) -> None:
    """Take from the configuration what the command does not say."""
    table = configuration.server
    options.host = options.host or table.host or HOST
    options.port = options.port if options.port is not None else table.port
    options.port = PORT if options.port is None else options.port
    options.db = options.db or (options.config.parent / table.db if table.db else None)
    options.pace = float(table.pace or 0.0) if options.pace is None else options.pace
    if options.key is None and table.key_env is not None:
        options.key = os.environ.get(table.key_env)
        if not options.key:
            raise InvalidRequestError(
                f"{options.config}: server.key_env: the variable {table.key_env} is not set."
            )
    options.agents = [*configuration.files, *options.agents]


def _check(options: argparse.Namespace) -> None:
    if not _is_loopback(options.host) and not options.key:
        raise InvalidRequestError(
            f"--host {options.host} can be reached by other machines: give it a --key of your own."
        )
    if options.key is not None and not (options.key.isascii() and options.key.isprintable()):
        raise InvalidRequestError("--key must be printable ASCII, since it travels in a header.")
    if not 0 <= options.pace < float("inf"):
        raise InvalidRequestError("--pace must be 0 or more seconds.")


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
        pace=options.pace,
        llms=configuration.llms,
        prices=configuration.prices,
    )
    for folder in configuration.bundles:
        server.publish(folder)
    for path in options.agents:
        load_agents(server, path)
    for path in options.runs:
        _load_runs(server, path)
    with _stop_signals() as stop, server:
        sys.stdout.write(_greeting(server, options))
        sys.stdout.flush()
        stop.wait()
    sys.stdout.write("Stopped.\n")
    return 0


def _load_runs(server: LocalDari, path: Path) -> None:
    name = agent_name_of(path)
    if name in server.agents:
        # The database has them from an earlier start; a restart must not double them.
        sys.stdout.write(f"{path}: not loaded again, there is an agent {name!r} already\n")
        return
    sessions = server.load_runs(path)
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
Local Dari at {url}, {f"in {options.db}" if options.db else "in memory"}. Ctrl-C stops it.
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
