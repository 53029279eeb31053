"""Versions of an agent as people hold them: what each was published from, and what differs."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ... import models
from ...errors import ApiError, DariError, InvalidRequestError, NotFoundError
from ...printable import printable
from ..listing import Listing
from .version_diff import MANIFEST, VersionDiff, change_text, diff_files, written

if TYPE_CHECKING:
    import pandas as pd

    from ..connection import Link

_NUMBER = re.compile(r"v?([0-9]{1,9})")


class Version:
    """One immutable version of an agent (contract, section 4).

    >>> published = d.agents.publish_prompt("greeter", "Greet.", llm="openai/gpt-5.5")
    >>> published.version.system_prompt.strip()
    'Greet.'

    Attributes:
        resource: The version as the server sent it.
        agent_name: Its agent's name.
    """

    def __init__(
        self, link: Link, agent_id: str, agent_name: str, resource: models.AgentVersion
    ) -> None:
        self._link = link
        self._agent_id = agent_id
        self.agent_name = agent_name
        self.resource = resource

    @property
    def id(self) -> str:
        """The version's id."""
        return self.resource.id

    @property
    def number(self) -> int | None:
        """Its number among its agent's versions, from 1; ``None`` when the server does not tell."""
        return self._link.version_number(self.id)

    @property
    def is_active(self) -> bool | None:
        """Whether new sessions use it, as of when it was asked; ``None`` when nothing tells."""
        return self.resource.is_active

    @property
    def llms(self) -> list[str]:
        """The ``llm_id`` options that a session can choose; empty when the server does not tell."""
        return self._whole.llms

    def files(self) -> Listing[models.BundleFile]:
        """Return the files that it was published from; none where it is no bundle.

        A Python function of a local Dari, for example, has no files.

        Raises:
            ApiError: The server refused it.

        >>> published = d.agents.publish_prompt("greeter", "Greet.", llm="openai/gpt-5.5")
        >>> [file.path for file in published.version.files()]
        ['dari.yml', 'prompts/system.md']
        """
        try:
            files = self._link.client.agents.bundle_files(self._agent_id, self.id)
        except NotFoundError:
            files = []
        return Listing(sorted(files, key=lambda file: file.path), _FILE_COLUMNS)

    def read(self, path: str) -> str:
        """Return the text of one of the files.

        Args:
            path: As :meth:`files` tells it.

        Raises:
            NotFoundError: There is no such file.
            ApiError: It is no text.

        >>> published = d.agents.publish_prompt("greeter", "Greet.", llm="openai/gpt-5.5")
        >>> published.version.read("prompts/system.md").strip()
        'Greet.'
        """
        return self._link.client.agents.read_bundle_file(self._agent_id, self.id, path)

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """Its ``dari.yml`` (contract, section 15).

        Raises:
            InvalidRequestError: The server neither has the file nor tells what is in it.
        """
        import yaml  # type: ignore[import-untyped]

        try:
            told = yaml.safe_load(self.read(MANIFEST))
        except (NotFoundError, yaml.YAMLError):
            told = self._whole.to_dict().get("manifest")
        if not isinstance(told, dict):
            raise InvalidRequestError(
                f"The server does not tell the manifest of {self.id}.", code="not_supported"
            )
        return told

    @cached_property
    def system_prompt(self) -> str | None:
        """Its system prompt; ``None`` when it has none, as where code answers."""
        place = (self.manifest.get("instructions") or {}).get("system")
        if not isinstance(place, str):
            return None
        try:
            return self.read(place)
        except NotFoundError:
            # An agent without a bundle has the prompt itself in its manifest.
            return None if self.files() else place

    def contents(self) -> dict[str, bytes | int]:
        """Return its files by path; of what is no text or large, only the size in bytes.

        Of a version without files it is the manifest that the server tells, as ``dari.yml``.

        Raises:
            ApiError: The server refused it.

        >>> list(agent.version().contents())
        ['dari.yml']
        """
        files = self.files()
        if files:
            return {file.path: self._content(file) for file in files}
        try:
            return {MANIFEST: written(self.manifest)}
        except InvalidRequestError:
            return {}

    def diff(self, other: Version) -> VersionDiff:
        """Return what becomes of this version in another one; shown, it is a diff.

        Args:
            other: The version that it becomes.

        Raises:
            ApiError: The server refused it.

        >>> prompts, llm = ("Greet.", "Greet twice."), "openai/gpt-5.5"
        >>> one, two = [d.agents.publish_prompt("greeter", p, llm=llm).version for p in prompts]
        >>> one.diff(two).changed
        ['prompts/system.md']
        """
        names = self.agent_name, other.agent_name
        name = names[0] if names[0] == names[1] else " → ".join(names)
        diff = diff_files(name, (self.id, other.id), self.contents(), other.contents())
        diff.numbers = (self.number, other.number)
        return diff

    def to_dict(self) -> dict[str, Any]:
        """Return the version in the API's own shape.

        >>> agent.version().to_dict()["id"] == agent.active_version_id
        True
        """
        return self.resource.to_dict()

    def __repr__(self) -> str:
        name = " ".join(filter(None, _names(self)))
        active = " active" if self.is_active else ""
        return printable(f"<Version {name} of {self.agent_name}{active}>")

    @cached_property
    def _whole(self) -> models.AgentVersion:
        """The version with what a list does not tell of it."""
        return self._link.client.agents.version(self._agent_id, self.id)

    def _content(self, file: models.BundleFile) -> bytes | int:
        from ...render.files.files import DIFF_BYTES

        size = file.size_bytes or 0
        if size > DIFF_BYTES:
            return size
        try:
            return self.read(file.path).encode()
        except ApiError:
            return size


def versions_of(link: Link, agent: models.Agent) -> Listing[Version]:
    """Return the versions of an agent, in the server's order."""
    resources = link.client.agents.versions(agent.id)
    link.know_versions(resources)
    listed = (Version(link, agent.id, agent.name, resource) for resource in resources)
    return Listing(listed, _VERSION_COLUMNS, names=_names, frame=_frame)


def changes_of_versions(
    link: Link, agent: models.Agent, version_ids: Iterable[str | None]
) -> dict[str, str]:
    """Say in a few words what each of some versions has that the one before it had not.

    Only prompts and manifests are looked at. Where the server tells neither, nothing is said.
    """
    ids = list(dict.fromkeys(one for one in version_ids if one))
    link.learn_versions(agent.id, *ids)
    changes: dict[str, str] = {}
    with contextlib.suppress(DariError):
        resources = [link.client.agents.version(agent.id, one) for one in ids] if ids[1:] else []
        versions = [Version(link, agent.id, agent.name, resource) for resource in resources]
        for before, after in pairwise(sorted(versions, key=lambda one: one.number or 0)):
            changes[after.id] = _change_text(before, after)
    return changes


def _change_text(before: Version, after: Version) -> str:
    if words := change_text(before.system_prompt or "", after.system_prompt or ""):
        return words
    keys = sorted({*before.manifest, *after.manifest})
    other = [key for key in keys if before.manifest.get(key) != after.manifest.get(key)]
    return f"other {', '.join(other)}" if other else ""


def version_id_of(
    link: Link, agent: models.Agent, version: str | int | Version | None
) -> str | None:
    """Read how people name a version: itself, its id, or its number, ``2``, ``"2"`` or ``"v2"``.

    Raises:
        InvalidRequestError: It names no version, or none has this number; the text tells which
            there are.
    """
    if isinstance(version, Version):
        return version.id
    if version is None:
        return None
    number = _NUMBER.fullmatch(str(version))
    if number is None:
        if not isinstance(version, str):
            raise InvalidRequestError(
                f"version is a number or an id, not {version!r:.80}.", code="invalid_version"
            )
        return version
    try:
        return versions_of(link, agent)[f"v{int(number[1])}"].id
    except KeyError as error:
        raise InvalidRequestError(
            f"{agent.name}: {error.args[0]}.", code="version_not_found"
        ) from None


def _names(version: Version) -> tuple[str, str]:
    return _number(version), version.id


def _number(version: Version) -> str:
    return f"v{version.number}" if version.number else ""


def _frame(versions: Sequence[Version]) -> pd.DataFrame:
    from ...frames import versions_frame

    return versions_frame((version.number, version.resource) for version in versions)


def _size(size: int | None) -> str:
    from ...render.files.files import size_text

    return "" if size is None else size_text(size)


_FILE_COLUMNS = {
    "path": lambda file: file.path,
    "size": lambda file: _size(file.size_bytes),
}
_VERSION_COLUMNS = {
    "version": _number,
    "active": lambda version: "✓" if version.is_active else "",
    "created": lambda version: (version.resource.created_at or "")[:19].replace("T", " "),
    "size": lambda version: _size(version.resource.size_bytes),
    "id": lambda version: version.id,
}
