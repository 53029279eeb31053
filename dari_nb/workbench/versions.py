"""Versions of an agent as people hold them: what each was published from, and what differs."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from .. import models
from ..errors import ApiError, InvalidRequestError, NotFoundError
from .listing import Listing
from .version_diff import MANIFEST, VersionDiff, diff_files, written

if TYPE_CHECKING:
    from .agent import Agent
    from .dari import Dari


class Version:
    """One immutable version of an agent (contract, section 4).

    >>> version = agent.version()  # doctest: +SKIP
    >>> version.system_prompt  # doctest: +SKIP
    'You are a support agent.'

    Attributes:
        resource: The version as the server sent it.
        agent_name: Its agent's name.
    """

    def __init__(
        self, dari: Dari, agent_id: str, agent_name: str, resource: models.AgentVersion
    ) -> None:
        self._dari = dari
        self._agent_id = agent_id
        self.agent_name = agent_name
        self.resource = resource

    @property
    def id(self) -> str:
        """The version's id."""
        return self.resource.id

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
        """
        try:
            files = self._dari.client.agents.bundle_files(self._agent_id, self.id)
        except NotFoundError:
            files = []
        return Listing(sorted(files, key=lambda file: file.path), _FILE_COLUMNS)

    def read(self, path: str) -> str:
        """Return the text of one of the files.

        Raises:
            NotFoundError: There is no such file.
            ApiError: It is no text.
        """
        return self._dari.client.agents.read_bundle_file(self._agent_id, self.id, path)

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
            raise InvalidRequestError(f"The server does not tell the manifest of {self.id}.")
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
        """
        files = self.files()
        if files:
            return {file.path: self._content(file) for file in files}
        try:
            return {MANIFEST: written(self.manifest)}
        except InvalidRequestError:
            return {}

    def diff(self, other: Version) -> VersionDiff:
        """Return what becomes of this version in another one; shown, it is a diff."""
        names = self.agent_name, other.agent_name
        name = names[0] if names[0] == names[1] else " → ".join(names)
        return diff_files(name, (self.id, other.id), self.contents(), other.contents())

    def to_dict(self) -> dict[str, Any]:
        """Return the version in the API's own shape."""
        return self.resource.to_dict()

    def __repr__(self) -> str:
        return f"<Version {self.id} of {self.agent_name}{' active' if self.is_active else ''}>"

    @cached_property
    def _whole(self) -> models.AgentVersion:
        """The version with what a list does not tell of it."""
        return self._dari.client.agents.version(self._agent_id, self.id)

    def _content(self, file: models.BundleFile) -> bytes | int:
        from ..render.files import DIFF_BYTES

        size = file.size_bytes or 0
        if size > DIFF_BYTES:
            return size
        try:
            return self.read(file.path).encode()
        except ApiError:
            return size


def versions_of(agent: Agent, dari: Dari) -> Listing[Version]:
    """Return the versions of an agent, in the server's order."""
    resources = dari.client.agents.versions(agent.id)
    listed = (Version(dari, agent.id, agent.name, resource) for resource in resources)
    return Listing(listed, _VERSION_COLUMNS)


def _size(size: int | None) -> str:
    from ..render.files import size_text

    return "" if size is None else size_text(size)


_FILE_COLUMNS = {
    "path": lambda file: file.path,
    "size": lambda file: _size(file.size_bytes),
}
_VERSION_COLUMNS = {
    "id": lambda version: version.id,
    "active": lambda version: "✓" if version.is_active else "",
    "created": lambda version: (version.resource.created_at or "")[:19].replace("T", " "),
    "size": lambda version: _size(version.resource.size_bytes),
}
