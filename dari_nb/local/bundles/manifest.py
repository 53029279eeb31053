"""``dari.yml`` with the files it names, checked in full (contract, section 15)."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import msgspec
import yaml  # type: ignore[import-untyped]

from ..network.addresses import base_url
from ..store.records import ENV_NAME, JsonObject
from .archive import Files
from .tools import BUILT_IN_TOOLS, Tool, check_skill, check_tool

_MAX_YAML = 256 * 1024
_MAX_NESTING = 50
_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `(?:key` in `)?(?P<place>\$.*)`)?$", re.DOTALL)

Text = Annotated[str, msgspec.Meta(min_length=1)]
EnvName = Annotated[str, msgspec.Meta(pattern=rf"^{ENV_NAME}\Z")]


class ManifestError(ValueError):
    """``dari.yml`` or a file it names is wrong; the text names the place."""


class Option(msgspec.Struct, kw_only=True):
    """One model."""

    model: Text
    provider: Literal["openrouter", "openai", "anthropic"] | None = None
    base_url: str | None = None
    api_key_secret: EnvName | None = None


class Options(msgspec.Struct, kw_only=True):
    """Several models, one of which is the default."""

    default: Text
    options: Annotated[dict[str, Option], msgspec.Meta(min_length=1)]


class RuntimeServer(msgspec.Struct, kw_only=True):
    """An HTTP server in the sandbox that runs the turns."""

    command: Text
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)]
    health_path: str = "/health"
    advance_path: str | None = None


class Harness(msgspec.Struct, kw_only=True):
    """The long form of the harness."""

    kind: Literal["pi", "customRuntimeServer"]
    protocol: Literal["dari-runtime-v1"]
    customRuntimeServer: RuntimeServer | None = None  # noqa: N815


class Instructions(msgspec.Struct):
    """Where the system prompt is."""

    system: Text


class Packages(msgspec.Struct):
    """Packages of the sandbox."""

    apt: list[str] = []


class Setup(msgspec.Struct):
    """What the sandbox runs once."""

    script: Text


class Sandbox(msgspec.Struct, kw_only=True):
    """Where the agent works; what the contract does not describe passes through."""

    provider: Literal["e2b", "modal"] = "e2b"
    provider_api_key_secret: EnvName | None = None
    internet_access: bool = False
    runtimes: dict[Literal["node", "python", "go"], str] | None = None
    packages: Packages | None = None
    setup: Setup | None = None
    dockerfile: Text | None = None
    env: dict[EnvName, str] = {}
    secrets: list[EnvName] = []
    storage_binding: Text | None = None


class Skill(msgspec.Struct):
    """A skill and its folder."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*\Z", max_length=64)]
    path: Text


class Manifest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The shape of ``dari.yml``."""

    name: Text
    harness: Literal["pi"] | Harness
    instructions: Instructions
    llm: JsonObject | None = None
    sandbox: Sandbox | None = None
    built_in_tools: list[Literal["read", "bash", "edit", "write", "grep", "find", "ls"]] | None = (
        None
    )
    custom_tools: list[Tool] = []
    skills: list[Skill] = []
    extensions: list[Any] = []


def read_manifest(files: Files) -> tuple[JsonObject, str]:
    """Check a bundle's ``dari.yml`` and everything it refers to.

    Returns:
        The manifest as it is written, and the text of the system prompt.

    Raises:
        ManifestError: Something is wrong; the text names the place.
    """
    try:
        data = read_yaml(files, "dari.yml")
        manifest: Manifest = _shaped(data, Manifest)
        _check_llm(manifest)
        _check_sandbox(manifest.sandbox or Sandbox(), files)
        _check_parts(manifest, files)
        prompt = _prompt(files, manifest.instructions.system)
    except ManifestError:
        raise
    except ValueError as error:
        raise ManifestError(str(error)) from None
    return data, prompt


def read_yaml(files: Files, path: str) -> JsonObject:
    """Read one file of a bundle as a mapping.

    Raises:
        ManifestError: It is missing or no such YAML.
    """
    if path not in files:
        raise ManifestError(f"{path} is missing in the bundle")
    return parse_yaml(files[path], path)


def parse_yaml(text: bytes, path: str) -> JsonObject:
    """Read YAML as a mapping of what JSON can hold; aliases could grow without bound.

    Raises:
        ManifestError: It is no such YAML.
    """
    if len(text) > _MAX_YAML:
        raise ManifestError(f"{path} is larger than {_MAX_YAML} bytes")
    try:
        plain = _plain(text)
    except (yaml.YAMLError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise ManifestError(f"{path} is no readable YAML: {error}") from None
    if not isinstance(plain, dict):
        raise ManifestError(f"{path} is no mapping")
    return plain


def _plain(text: bytes) -> Any:
    depth = 0
    # Looked at event by event: what is nested deeply takes long, or all of the stack, to load.
    for event in yaml.parse(text, yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("aliases are not allowed")  # noqa: TRY004
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_NESTING:
            raise ValueError("it is nested too deeply")
    return msgspec.json.decode(msgspec.json.encode(yaml.safe_load(text)))


def _shaped(data: Any, shape: Any, place: str = "") -> Any:
    try:
        return msgspec.convert(data, shape)
    except msgspec.ValidationError as error:
        match = _PLACE.match(str(error))
        assert match is not None
        at = (place + (match["place"] or "").removeprefix("$")).strip(".")
        raise ManifestError(f"dari.yml{', ' + at if at else ''}: {match['what']}") from None


def _check_llm(manifest: Manifest) -> None:
    kind = manifest.harness if isinstance(manifest.harness, str) else manifest.harness.kind
    if isinstance(manifest.harness, Harness) and kind == "customRuntimeServer":
        if manifest.harness.customRuntimeServer is None:
            raise ManifestError("dari.yml, harness: customRuntimeServer is missing")
    elif manifest.llm is None:
        raise ManifestError("dari.yml: the harness pi needs llm")
    if manifest.llm is None:
        return
    if "options" not in manifest.llm:
        _check_address(_shaped(manifest.llm, Option, "llm"), "llm")
        return
    several: Options = _shaped(manifest.llm, Options, "llm")
    for name, option in several.options.items():
        _check_address(option, f"llm.options.{name}")
    if several.default not in several.options:
        raise ManifestError(f"dari.yml, llm.default: {several.default!r} is none of the options")


def _check_address(option: Option, place: str) -> None:
    try:
        if option.base_url is not None:
            base_url(option.base_url)
    except ValueError as error:
        raise ManifestError(f"dari.yml, {place}: {error}") from None


def _check_sandbox(sandbox: Sandbox, files: Files) -> None:
    if sandbox.dockerfile and (sandbox.runtimes or sandbox.packages or sandbox.setup):
        raise ManifestError(
            "dari.yml, sandbox: dockerfile goes not together with runtimes, packages or setup"
        )
    if sandbox.dockerfile and sandbox.dockerfile not in files:
        raise ManifestError(f"dari.yml, sandbox.dockerfile: no file {sandbox.dockerfile!r}")


def _check_parts(manifest: Manifest, files: Files) -> None:
    names = set(BUILT_IN_TOOLS)
    for place, tool in enumerate(manifest.custom_tools):
        if tool.name in names:
            raise ManifestError(f"dari.yml, custom_tools[{place}]: {tool.name!r} is taken")
        names.add(tool.name)
        check_tool(tool, files, f"dari.yml, custom_tools[{place}]", parse_yaml)
    for place, skill in enumerate(manifest.skills):
        check_skill(skill.name, skill.path, files, f"dari.yml, skills[{place}]", parse_yaml)


def _prompt(files: Files, path: str) -> str:
    if path not in files:
        raise ManifestError(f"dari.yml, instructions.system: no file {path!r}")
    try:
        return files[path].decode()
    except UnicodeDecodeError:
        raise ManifestError(f"{path} is not UTF-8") from None
