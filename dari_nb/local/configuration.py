"""The configuration file of ``dari-local serve``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import msgspec

from ..errors import InvalidRequestError
from .gguf import BOXED
from .llm import Llms
from .store.sqlite_file.connecting import is_memory

EXAMPLE = """\
    [server]                    # host, port, db, step_delay; key_env: the variable with the key
    port = 8787
    internet_access = false     # whether sandboxes may reach this machine's network, all of it
    max_cost = 20.0             # US dollars that sessions may cost together

    [secrets]                   # variables that bundles may name as api_key_secret
    allow = ["TEAM_KEY"]

    [organizations."row two"]   # others, whose keys see only their own
    key_env = "ROW_TWO_KEY"     # also internet_access and max_cost

    [llms.small]                # an LLM by name; also provider, max_output_tokens, timeout …
    model = "llama3.2"
    base_url = "http://127.0.0.1:11434/v1"
    api_key_env = "SMALL_KEY"   # where it needs a key; the key itself stays out of the file
    options = {temperature = 0} # also top_p, seed, max_tokens, system
    tools = "auto"              # native, or schema for a model that knows no tools
    images = false              # whether it sees images that are attached
    # gguf = "model.gguf"       # in place of model and base_url: it runs on this machine

    [prices."llama3.2"]         # US dollars for a million tokens; also cached_input
    input = 0.15
    output = 0.60

    [agents]                    # paths are relative to the file
    files = ["mine.py"]
    bundles = ["support/"]
"""


class ServerTable(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """``[server]``: what the options of the command say, too; those win."""

    host: str | None = None
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] | None = None
    db: str | None = None
    key_env: str | None = None
    step_delay: Annotated[float, msgspec.Meta(ge=0)] | None = None
    internet_access: bool | None = None
    max_cost: Annotated[float, msgspec.Meta(ge=0)] | None = None


class SecretsTable(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """``[secrets]``: variables of the environment that bundles may name."""

    allow: list[str] = []


class OrganizationTable(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """``[organizations.NAME]``: another organization, what it may do, and where its key is."""

    key_env: str
    internet_access: bool | None = None
    max_cost: Annotated[float, msgspec.Meta(ge=0)] | None = None


class AgentsTable(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """``[agents]``: Python files that register functions, and folders with a ``dari.yml``."""

    files: list[str] = []
    bundles: list[str] = []


class _Tables(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    server: ServerTable = msgspec.field(default_factory=ServerTable)
    llms: dict[str, dict[str, Any]] = {}
    prices: dict[str, dict[str, Any]] = {}
    secrets: SecretsTable = msgspec.field(default_factory=SecretsTable)
    organizations: dict[str, OrganizationTable] = {}
    agents: AgentsTable = msgspec.field(default_factory=AgentsTable)


class Configuration(msgspec.Struct, kw_only=True):
    """What a configuration file says; its paths are relative to the file.

    Attributes:
        server: Options of the server.
        llms: LLMs by name, as `LocalDari` takes them.
        prices: Prices by model, as `LocalDari` takes them.
        database: The file of the server, if it has one.
        secrets: Variables of the environment that bundles may name.
        organizations: Other organizations by name.
        files: Python files with agents.
        bundles: Folders with bundles.
    """

    server: ServerTable = msgspec.field(default_factory=ServerTable)
    llms: dict[str, dict[str, Any]] = {}
    prices: dict[str, dict[str, Any]] = {}
    database: Path | None = None
    secrets: list[str] = []
    organizations: dict[str, OrganizationTable] = {}
    files: list[Path] = []
    bundles: list[Path] = []


def read_configuration(path: Path) -> Configuration:
    """Read a configuration file.

    Raises:
        InvalidRequestError: It cannot be read, or something in it is wrong; the text names the key.
    """
    try:
        # Decimal keeps a price as it is written.
        data = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidRequestError(f"{path}: {error}", code="invalid_config") from None
    _check_keys(path, data.get("llms"))
    try:
        prices = data.get("prices", {})
        tables = msgspec.convert(_plain(data) | {"prices": prices}, _Tables)
        llms = {name: _with_place(table, path.parent) for name, table in tables.llms.items()}
        Llms(llms, tables.prices)
    except (msgspec.ValidationError, InvalidRequestError) as error:
        raise InvalidRequestError(
            f"{path}: {_readable(str(error))}", code="invalid_config"
        ) from None
    return Configuration(
        server=tables.server,
        llms=llms,
        prices=tables.prices,
        database=None if is_memory(tables.server.db) else path.parent / str(tables.server.db),
        secrets=tables.secrets.allow,
        organizations=tables.organizations,
        files=[path.parent / name for name in tables.agents.files],
        bundles=[path.parent / name for name in tables.agents.bundles],
    )


def _check_keys(path: Path, llms: Any) -> None:
    for name, table in llms.items() if isinstance(llms, Mapping) else ():
        if isinstance(table, Mapping) and "api_key" in table:
            raise InvalidRequestError(
                f"{path}: llms.{name}.api_key: a key does not belong into a file. Put it into an "
                "environment variable, and name that as api_key_env.",
                code="exposed_api_key",
            )


def _with_place(llm: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Look for a model's file where the configuration is; a pulled model goes by its name."""
    gguf = llm.get("gguf")
    if not isinstance(gguf, str) or gguf in BOXED:
        return llm
    return {**llm, "gguf": str(folder / Path(gguf).expanduser())}


def _plain(value: Any) -> Any:
    """Make decimals ordinary numbers; exactness matters for prices only."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return float(value) if isinstance(value, Decimal) else value


def _readable(text: str) -> str:
    what, _, place = text.partition(" - at `$.")
    return f"{place.rstrip('`')}: {what}" if place else text
