"""Publishing an agent: a folder, or a prompt with tools; nothing new where nothing changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...bundles import Bundle
from ...client import PublishProgress
from ...errors import InvalidRequestError
from ...models import PublishResult
from ...printable import printable
from ..connection.progress import Progress
from .agent import Agent
from .version_diff import MANIFEST, Files, VersionDiff, diff_files
from .versions import Version

if TYPE_CHECKING:
    from ..connection import Link

_STAGES = {
    "upload": "kB uploaded",
    "check": "kB uploaded, being checked",
    "publish": "kB uploaded, being published",
    "done": "kB published",
}


class Published:
    """What publishing came to; shown, it says so and what changed.

    Attributes:
        agent: The agent; ``None`` after a dry run for a new one.
        version: The agent's active version now; ``None`` after a dry run for a new agent.
        is_new: Whether this is, or would be, a new version.
        is_dry_run: Whether nothing was published.
        diff: What changed against the version that was active before.
        notes: What else is to be known, such as tools that cannot run on the server's machine.

    >>> published = d.agents.publish_prompt("usher", "Be brief.", llm="openai/gpt-5.5")
    >>> published.outcome, published.version.number
    ('new agent, published', 1)
    """

    def __init__(
        self,
        agent: Agent | None,
        version: Version | None,
        diff: VersionDiff,
        *,
        is_new: bool,
        is_dry_run: bool = False,
        notes: list[str] | None = None,
    ) -> None:
        self.agent = agent
        self.version = version
        self.diff = diff
        self.is_new = is_new
        self.is_dry_run = is_dry_run
        self.notes = notes or []

    @property
    def outcome(self) -> str:
        """What happened, in a few words."""
        if not self.is_new:
            return f"unchanged, still {_called(self.version)}"
        is_first = self.diff.versions[0] is None
        if self.is_dry_run:
            return f"{'a new agent' if is_first else 'a new version'}, if it were published"
        return "new agent, published" if is_first else "new version, active now"

    def to_mimebundle(self) -> dict[str, str]:
        """Return it as a static MIME bundle: HTML, Markdown and plain text."""
        return self.diff.to_mimebundle(self.outcome, self.notes)

    def __str__(self) -> str:
        return self.to_mimebundle()["text/plain"]

    def __repr__(self) -> str:
        return printable(f"<Published {self.diff.agent_name}: {self.outcome}>")

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self.to_mimebundle()


def _called(version: Version | None) -> str:
    if version is None:
        return ""
    return f"v{version.number}" if version.number else version.id


def publish(
    link: Link, source: str | Path | Bundle, *, agent_id: str | None = None, dry_run: bool = False
) -> Published:
    """Publish a folder or a bundle, unless it is active as it is; see :meth:`Agents.publish`."""
    bundle = source if isinstance(source, Bundle) else Bundle.from_folder(Path(source).expanduser())
    manifest = next(data for path, data in bundle.contents() if path == MANIFEST)
    agent = _agent(link, manifest, agent_id)
    before = agent.version() if agent and agent.active_version_id else None
    if before is not None and before.resource.archive_sha256 == bundle.sha256:
        return _unchanged(agent, before, len(bundle.files))
    name = agent.name if agent else _name(manifest)
    old: Files = before.contents() if before else {}
    old_id = before.id if before else None
    diff = diff_files(name, (old_id, None), old, _comparable(bundle.contents()))
    if dry_run:
        return Published(agent, before, diff, is_new=True, is_dry_run=True)
    sent = _sent(link, bundle, agent_id)
    agent = Agent(link, link.client.agents.get(sent.agent_id))
    version = agent.version(sent.version_id)
    diff.versions = (old_id, version.id)
    diff.numbers = (before.number if before else None, version.number)
    notes = [str(note) for note in sent.extra.get("notes") or ()]
    return Published(agent, version, diff, is_new=True, notes=notes)


def _unchanged(agent: Agent | None, before: Version, count: int) -> Published:
    diff = VersionDiff(before.agent_name, (None, None), [], count)
    return Published(agent, before, diff, is_new=False)


def _agent(link: Link, manifest: bytes, agent_id: str | None) -> Agent | None:
    if agent_id is not None:
        return Agent(link, link.client.agents.get(agent_id))
    named = [one for one in link.client.agents.list() if one.name == _name(manifest)]
    # Of several the server says which names are meant, when it is asked to publish.
    return Agent(link, named[0]) if len(named) == 1 else None


def _name(manifest: bytes) -> str:
    import yaml  # type: ignore[import-untyped]

    try:
        name = yaml.safe_load(manifest)["name"]
    except yaml.MarkedYAMLError as error:
        line = getattr(error.problem_mark, "line", 0) + 1
        raise InvalidRequestError(
            f"{MANIFEST}, line {line}: {error.problem}.", code="invalid_manifest"
        ) from None
    except (yaml.YAMLError, ValueError):
        raise InvalidRequestError(
            f"{MANIFEST} is no readable YAML.", code="invalid_manifest"
        ) from None
    except (KeyError, TypeError):
        raise InvalidRequestError(f"{MANIFEST} has no name.", code="invalid_manifest") from None
    return str(name)


def _comparable(contents: Iterator[tuple[str, bytes]]) -> dict[str, bytes | int]:
    from ...render.files.files import DIFF_BYTES, text_of

    return {
        path: data if len(data) <= DIFF_BYTES and text_of(data) is not None else len(data)
        for path, data in contents
    }


def _sent(link: Link, bundle: Bundle, agent_id: str | None) -> PublishResult:
    """Send it; what takes longer than a second tells how far it is."""
    total = max(1, round(len(bundle.content) / 1000))
    with Progress(total, _STAGES["upload"]) as progress:

        def notify(step: PublishProgress) -> None:
            progress.noun = _STAGES.get(step.stage, progress.noun)
            done = round(total * step.sent / step.total) if step.total else 0
            progress.advance(done - progress.done)

        return link.client.agents.publish(bundle, agent_id=agent_id, on_progress=notify)
