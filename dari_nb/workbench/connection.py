"""Which Dari is meant: argument, environment, or the embedded local one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._secret import hidden
from ..errors import InvalidRequestError
from .dari import Dari

if TYPE_CHECKING:
    from ..local import LocalDari
    from ..local.configuration import Configuration

API_URL = "https://api.dari.dev/v1"
LOCAL_PACE = 0.25
"""Seconds between the steps of the scripted agents, so that a reader sees them work."""

MOST_PACE = 60.0

_current: Dari | None = None
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
) -> Dari:
    """Connect to a Dari and make it the current one.

    Arguments win over the environment (``DARI_API_KEY``, ``DARI_API_URL``); without a key, the
    embedded local Dari is used, which needs no network. Nothing is sent yet.

    Args:
        target: ``"local"`` for the embedded one, or a base URL.
        base_url: Where the API is, with or without ``/v1``.
        api_key: The organization's key. It is kept in memory only.
        path: A file in which the embedded Dari keeps its sessions; in memory when left out.
        llms: LLMs for the embedded Dari, such as
            ``{"small": {"model": "llama3.2", "base_url": "http://127.0.0.1:11434/v1"}}``; see
            :meth:`dari_nb.local.LocalDari.add_llms`. They come with the agent ``assistant``.
        prices: What tokens cost there, as in ``add_llms``.
        config: A configuration file for the embedded Dari, the one that ``dari-local serve``
            takes: LLMs, prices, agents, and the file of ``[server]``. Its Python files are run.

    Raises:
        InvalidRequestError: The arguments contradict each other, a key is missing, or something
            in the configuration is wrong.

    >>> d = connect("local")
    >>> d.is_local
    True
    """
    global _current
    api_key = hidden(api_key)
    if target is not None and base_url is not None:
        raise InvalidRequestError("Give the URL once: as the first argument or as base_url.")
    if target != "local":
        base_url = base_url or target
    base_url = base_url or (os.environ.get("DARI_API_URL") if target is None else None)
    api_key = api_key or hidden(os.environ.get("DARI_API_KEY") if target != "local" else None)
    if target == "local" or (base_url is None and api_key is None):
        _current = _connect_local(path, llms, prices, config)
    elif llms or prices or config:
        raise InvalidRequestError(
            "llms=, prices= and config= are for the embedded Dari: connect('local')."
        )
    else:
        _current = _connect_remote(base_url or API_URL, api_key, path)
    return _current


def current() -> Dari:
    """Return the current connection, making the default one when there is none yet.

    Raises:
        InvalidRequestError: It was closed.
    """
    if _current is not None and _current.is_closed:
        raise InvalidRequestError("The current connection is closed: connect again.")
    return _current or connect()


def _connect_local(
    path: str | Path | None,
    llms: Mapping[str, Mapping[str, Any]] | None,
    prices: Mapping[str, Mapping[str, Any]] | None,
    config: str | Path | None,
) -> Dari:
    from ..local import LocalDari

    configuration = _configuration(config)
    if path is None and config is not None and configuration and configuration.server.db:
        path = Path(config).expanduser().parent / configuration.server.db
    key = None if path is None else str(Path(path).expanduser().resolve())
    server = _servers.get(key)
    if server is None or (key is not None and not _is_running(server)):
        server = _servers[key] = LocalDari(key, pace=_pace())
    if not _is_running(server):
        server.start()
    if configuration is not None:
        _fill(server, configuration)
    if llms or prices:
        server.add_llms(llms or {}, prices)
    return Dari(server.url, server.api_key, server)


def _configuration(config: str | Path | None) -> Configuration | None:
    if config is None:
        return None
    from ..local.configuration import read_configuration

    return read_configuration(Path(config).expanduser())


def _fill(server: LocalDari, configuration: Configuration) -> None:
    """Give a server what a configuration brings; again, it replaces what it brought before."""
    from ..local.cli import load_agents

    server.add_llms(configuration.llms, configuration.prices)
    for folder in configuration.bundles:
        server.publish(folder)
    for path in configuration.files:
        load_agents(server, path)


def _is_running(server: LocalDari) -> bool:
    try:
        return bool(server.url)
    except InvalidRequestError:
        return False


def _pace() -> float:
    text = os.environ.get("DARI_LOCAL_PACE", str(LOCAL_PACE))
    try:
        pace = float(text)
    except ValueError:
        pace = -1.0
    if not 0 <= pace <= MOST_PACE:
        raise InvalidRequestError(
            f"DARI_LOCAL_PACE={text} is no pace: give seconds from 0 to {MOST_PACE:g}."
        )
    return pace


def _connect_remote(base_url: str, api_key: str | None, path: str | Path | None) -> Dari:
    if path is not None:
        raise InvalidRequestError("path= is for the embedded Dari: connect('local', path=…).")
    if not base_url.startswith(("http://", "https://")):
        raise InvalidRequestError(
            f"{base_url!r} is no URL: give one that starts with https://, or 'local'."
        )
    if not api_key:
        raise InvalidRequestError(
            f"No API key for {base_url}: set DARI_API_KEY, or use the local Dari, which needs none."
        )
    return Dari(base_url, api_key)
