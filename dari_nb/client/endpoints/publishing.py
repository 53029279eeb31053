"""Publishing an agent from its source: all steps in one call (contract, sections 3 and 4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from os import PathLike
from typing import Any, Literal, TypeAlias

import msgspec

from ...bundles import Bundle
from ...errors import DariError
from ...models import PublishResult, Snapshot, SnapshotManifest
from .._request import Steps, Work
from . import agents, snapshots

Stage: TypeAlias = Literal["pack", "reserve", "upload", "check", "publish", "done"]


@dataclass(frozen=True)
class PublishProgress:
    """How far publishing is.

    Attributes:
        stage: What is being done now.
        sent: Bytes of the archive that have gone.
        total: Bytes of the archive; 0 while it is not packed.
    """

    stage: Stage
    sent: int = 0
    total: int = 0


def publish(
    source: str | PathLike[str] | bytes | Bundle,
    *,
    agent_id: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    on_progress: Callable[[PublishProgress], object] | None = None,
) -> Steps[PublishResult]:
    """Publish an agent from a folder with a ``dari.yml`` (contract, sections 3 and 4).

    The bundle is uploaded, checked by the server, and becomes the active version at once. When
    something fails, or an interrupt ends it, the snapshot is deleted again; a second interrupt
    leaves it.

    Args:
        source: The folder, a tar.gz, or a ``Bundle``.
        agent_id: The agent to make a version of; by default the one of the name in ``dari.yml``,
            which is new when there is none.
        metadata: Texts and booleans for the snapshot's record, such as ``git_commit_sha``.
        on_progress: Called at each stage, and as the upload goes on.

    Raises:
        InvalidRequestError: The folder cannot be packed.
        SnapshotFailedError: The server got something else than what was sent.
        ApiError: The manifest is invalid, or publishing was refused; ``detail`` says why.

    >>> published = client.agents.publish("agents/support")
    >>> published.agent_id, published.version_id
    ('agt_...', 'ver_...')
    """
    tell = on_progress or (lambda progress: None)
    tell(PublishProgress("pack"))
    bundle = yield from Work(lambda: _bundle(source)).answer()
    total = len(bundle.content)
    tell(PublishProgress("reserve", 0, total))
    reserve = snapshots.create(bundle.sha256, total, metadata=metadata)
    snapshot = yield from reserve.answer()
    try:
        read = yield from _fill(snapshot, bundle, tell)
        tell(PublishProgress("publish", total, total))
        published = yield from agents.publish_snapshot(snapshot.id, agent_id=agent_id).answer()
    except GeneratorExit:
        raise
    except BaseException as error:
        yield from _forget(snapshot, once=not isinstance(error, DariError))
        raise
    tell(PublishProgress("done", total, total))
    return published if published.agent_id else (yield from _with_its_agent(published, read))


def _bundle(source: str | PathLike[str] | bytes | Bundle) -> Bundle:
    if isinstance(source, Bundle):
        return source
    if isinstance(source, bytes):
        return Bundle.from_bytes(source)
    return Bundle.from_folder(source)


def _fill(
    snapshot: Snapshot, bundle: Bundle, notify: Callable[[PublishProgress], object]
) -> Steps[SnapshotManifest]:
    total = len(bundle.content)

    def report(sent: int) -> None:
        notify(PublishProgress("upload", sent, total))

    yield from snapshots.upload(snapshot, bundle.content, report=report).answer()
    notify(PublishProgress("check", total, total))
    yield from snapshots.finalize(snapshot.id)
    return (yield from snapshots.manifest(snapshot.id).answer())


def _with_its_agent(published: PublishResult, read: SnapshotManifest) -> Steps[PublishResult]:
    """Find the agent by its name, for a server that answers with the version alone."""
    try:
        agent = yield from agents.get(str(read.manifest.get("name") or ""))
    except DariError:
        # It is published all the same, and that must not look like a failure.
        return published
    return msgspec.structs.replace(published, agent_id=agent.id)


def _forget(snapshot: Snapshot, *, once: bool) -> Steps[None]:
    try:
        yield from replace(snapshots.delete(snapshot.id), once=once).answer()
    except DariError:
        # The failure that led here matters more; a snapshot in use stays, and should.
        return
