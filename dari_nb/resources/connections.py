"""Which Dari is meant: argument, environment, or the embedded local one."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .._secret import hidden
from ..errors import DariError, InvalidRequestError
from .dari import Dari
from .tapes.tape import Tape, held, warn_of_slip

if TYPE_CHECKING:
    from ..local import LocalDari
    from ..local.configuration import Configuration

Environment = tuple[str | None, str | None]
"""The URL and the API key that the environment names."""

API_URL = "https://api.dari.dev/v1"
LOCAL_STEP_DELAY = 0.25
"""Seconds between the steps of the demo agents, so that a reader sees them work."""

MAX_STEP_DELAY = 60.0
_RECORDS = "What is sent here is played and recorded."
_RECORDS_NOTHING = "Nothing is recorded yet: write `with dari.recording(…):`, or `%dari tape …`."
_NO_KEY = "none-is-needed-to-play"

_current: Dari | None = None
_default: tuple[Dari, Environment] | None = None
"""The last connection that nobody named, and the environment that it followed from."""
_making = threading.RLock()
"""Held while the current one is made: completion may ask for one on a thread of its own."""
_servers: dict[str | None, LocalDari] = {}


def connect(
    target: str | None = None,
    *,
    base_url: str | None = None,
    api_key: str | None = None,
    path: str | Path | None = None,
    llms: Mapping[str, Mapping[str, Any]] | None = None,
    prices: Mapping[str, Mapping[str, Any]] | None = None,
    config: str | Path | None = None,
    tape: str | Path | Tape | None = None,
) -> Dari:
    """Return the current connection, or with arguments a new one, which becomes the current one.

    Without arguments it is the one that the magics use, ``%dari connect local --path course.db``
    for one: nobody leaves a server or a file without naming another. A new one is made where there
    is none yet, where the current one was closed, and where the environment names another server
    by now than the one that it was taken from.

    Arguments win over the environment (``DARI_API_KEY``, ``DARI_API_URL``); without a key, the
    embedded local Dari is used, which needs no network. Nothing is sent yet, but with a tape, for
    which a hosted Dari is asked for its agents. Where a model was
    pulled (:func:`dari_nb.local.pull_model`), its agent ``assistant`` answers with that.

    Args:
        target: ``"local"`` for the embedded one, or a base URL.
        base_url: Where the API is, with or without ``/v1``.
        api_key: The organization's key. It is kept in memory only.
        path: A file in which the embedded Dari keeps its sessions; in memory when left out.
        llms: LLMs for the embedded Dari, such as
            ``{"small": {"model": "llama3.2", "base_url": "http://127.0.0.1:11434/v1"}}``; see
            :meth:`dari_nb.local.LocalDari.add_llms`, or ``{"mine": {"gguf": "path.gguf"}}`` for a
            model that runs on this machine. They come with the agent ``assistant``.
        prices: What tokens cost there, as in ``add_llms``.
        config: A configuration file for the embedded Dari, the one that ``dari-local serve``
            takes: LLMs, prices, agents, and the file of ``[server]``. Its Python files are run.
        tape: A tape to play and to record on, whichever Dari is asked, see :meth:`Dari.insert`; one
            that is in stays in when this is left out. One that only plays needs no key.

    Raises:
        InvalidRequestError: The arguments contradict each other, a key is missing, or something
            in the configuration or about the tape is wrong.
        TapeError: The tape is broken.
        DariError: A tape is to be recorded on, and the hosted Dari cannot be asked for its agents.

    >>> d = dari.connect("local")
    >>> d.is_local, dari.connect() is d
    (True, True)
    """
    global _current
    api_key = hidden(api_key)  # by its own name, which a traceback would show
    given = (target, base_url, api_key, path, llms, prices, config, tape)
    try:
        with _making:
            is_named = any(one is not None for one in given)
            _current = _connected(*given) if is_named else _going_on() or _made_by_default()
            return _current
    except DariError as error:
        raise error.with_traceback(None) from None  # its text says all


def current() -> Dari:
    """Return the current connection, making the default one when there is none yet.

    Raises:
        InvalidRequestError: It was closed.

    >>> dari.connect("local") is dari.current()
    True
    """
    if _current is not None and _current.is_closed:
        raise InvalidRequestError(
            "The current connection is closed: connect again, with %dari connect or in Python.",
            code="connection_closed",
        )
    with _making:
        return _current or connect()


def recording(tape: str | Path | Tape) -> Recording:
    """Play and record on a tape in a ``with`` block, and then go on as before.

    It is that of the current connection, to whichever Dari: see :meth:`Dari.insert`.

    Args:
        tape: The file, or a :class:`Tape`, which says more.

    Returns:
        What ``with`` takes, which hands over the tape, for ``as``. Without ``with`` it does
        nothing, and warns when it goes.

    Raises:
        InvalidRequestError: The tape cannot be used.
        TapeError: The tape is broken.
        DariError: The agents of a hosted Dari cannot be listed.

    >>> with dari.recording("lesson.tape") as tape:
    ...     turn = d.agents["calculator"].send("2 / 3").wait()
    """
    return Recording(tape)


class Recording(AbstractContextManager["Tape"]):
    """What plays and records on a tape as long as a ``with`` block goes on.

    Args:
        tape: The file, or a tape.

    >>> with dari.recording("lesson.tape") as tape:
    ...     tape is d.tape
    True
    """

    def __init__(self, tape: str | Path | Tape) -> None:
        self._tape = tape
        self._has_begun = False
        self._goes_back: list[Callable[[], object]] = []

    def __enter__(self) -> Tape:
        self._has_begun = True
        d = current()
        before, tape = d.tape, held(self._tape)
        d.insert(tape)
        self._goes_back.append(d.eject if before is None else partial(d.insert, before))
        return tape

    def __exit__(self, *error: object) -> None:
        self._goes_back.pop()()

    def __del__(self) -> None:
        if not self._has_begun:
            warnings.warn(_RECORDS_NOTHING, stacklevel=2)

    def __repr__(self) -> str:
        return _RECORDS if self._goes_back else _RECORDS_NOTHING


def _going_on() -> Dari | None:
    """Return the current connection, if there is one that has not ended."""
    now = _current
    if now is None or now.is_closed:
        return None
    if _default is not None and _default[0] is now and _default[1] != _environment():
        return None
    if now.server is None:
        return now
    if not _is_running(now.server):
        return _connect_local(now.server.path)
    take_in_pulled(now.server)
    return now


def _made_by_default() -> Dari:
    global _default
    made = _connected()
    _default = (made, _environment())
    return made


def _environment() -> Environment:
    return os.environ.get("DARI_API_URL"), hidden(os.environ.get("DARI_API_KEY"))


def _connected(
    target: str | None = None,
    base_url: str | None = None,
    api_key: str | None = None,
    path: str | Path | None = None,
    llms: Mapping[str, Mapping[str, Any]] | None = None,
    prices: Mapping[str, Mapping[str, Any]] | None = None,
    config: str | Path | None = None,
    tape: str | Path | Tape | None = None,
) -> Dari:
    if target is not None and base_url is not None:
        raise InvalidRequestError(
            "Give the URL once: as the first argument or as base_url.", code="conflicting_arguments"
        )
    known_url, known_key = _environment()
    if target != "local":
        base_url = base_url or target
    base_url = base_url or (known_url if target is None else None)
    api_key = api_key or (known_key if target != "local" else None)
    if target == "local" or (base_url is None and api_key is None):
        return _connect_local(path, llms, prices, config, tape)
    if llms or prices or config:
        raise InvalidRequestError(
            "llms=, prices= and config= are for the embedded Dari: connect('local').",
            code="conflicting_arguments",
        )
    d = _connect_remote(base_url or API_URL, api_key or _no_key_for(tape), path)
    if tape is not None:
        try:
            d.insert(tape)
        except BaseException:
            d.close()
            raise
    return d


def _no_key_for(tape: str | Path | Tape | None) -> str | None:
    """What stands for a key where a tape plays, so that nothing is asked."""
    if tape is None:
        return None
    from ..tapes.tape import mode_of

    return _NO_KEY if mode_of(held(tape)) == "play" else None


def _connect_local(
    path: str | Path | None = None,
    llms: Mapping[str, Mapping[str, Any]] | None = None,
    prices: Mapping[str, Mapping[str, Any]] | None = None,
    config: str | Path | None = None,
    tape: str | Path | Tape | None = None,
) -> Dari:
    from ..local import LocalDari
    from ..local.store.sqlite_file.connecting import is_memory

    configuration = _configuration(config)
    if path is None and configuration is not None:
        path = configuration.database
    key = None if is_memory(path) else os.path.realpath(Path(str(path)).expanduser())
    server = _servers.get(key)
    if server is None or (key is not None and not _is_running(server)):
        server = _servers[key] = LocalDari(key, step_delay=_step_delay())
    if not _is_running(server):
        server.start()
    if configuration is not None:
        _fill(server, configuration)
    take_in_pulled(server, llms or {}, prices or {})
    if tape is not None:
        warn_of_slip(held(tape), stacklevel=5)
        server.insert(held(tape))
    return Dari(server.url, server.api_key, server)


def take_in_pulled(
    server: LocalDari,
    llms: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
    prices: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> None:
    """Give a local Dari the models that were pulled meanwhile, and more LLMs and prices."""
    from ..local.gguf import pulled_llms

    pulled = {name: llm for name, llm in pulled_llms().items() if name not in server.llms}
    if pulled or llms or prices:
        server.add_llms({**pulled, **llms}, prices)


def _configuration(config: str | Path | None) -> Configuration | None:
    if config is None:
        return None
    from ..local.configuration import read_configuration

    return read_configuration(Path(config).expanduser())


def _fill(server: LocalDari, configuration: Configuration) -> None:
    """Give a server what a configuration brings; again, it replaces what it brought before."""
    from ..local.apply_config import apply_config

    table = configuration.server
    server.set_limits(
        internet_access=table.internet_access,
        max_cost=table.max_cost,
        secrets=configuration.secrets,
    )
    server.add_llms(configuration.llms, configuration.prices)
    apply_config(server, configuration, configuration.files)


def _is_running(server: LocalDari) -> bool:
    try:
        return bool(server.url)
    except InvalidRequestError:
        return False


def _step_delay() -> float:
    text = os.environ.get("DARI_LOCAL_STEP_DELAY", str(LOCAL_STEP_DELAY))
    try:
        step_delay = float(text)
    except ValueError:
        step_delay = -1.0
    if not 0 <= step_delay <= MAX_STEP_DELAY:
        raise InvalidRequestError(
            f"DARI_LOCAL_STEP_DELAY must be seconds from 0 to {MAX_STEP_DELAY:g}, got {text}.",
            code="invalid_step_delay",
        )
    return step_delay


def _connect_remote(base_url: str, api_key: str | None, path: str | Path | None) -> Dari:
    if path is not None:
        raise InvalidRequestError(
            "path= is for the embedded Dari: connect('local', path=…).",
            code="conflicting_arguments",
        )
    if not base_url.startswith(("http://", "https://")):
        raise InvalidRequestError(
            f"{base_url!r} is no URL: give one that starts with https://, or 'local'.",
            code="invalid_url",
        )
    if not api_key:
        raise InvalidRequestError(
            f"No API key for {base_url}: set DARI_API_KEY, or use the local Dari, which needs "
            "none: dari_nb.connect('local'), or %dari connect local.",
            code="api_key_missing",
        )
    return Dari(base_url, api_key)
