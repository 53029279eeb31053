"""Publishing a bundle straight from a folder of this machine."""

from __future__ import annotations

import gzip
import hashlib
import io
import logging
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

from ..errors import InvalidRequestError
from .bundle import MAX_ARCHIVE, BundleError, read_bundle
from .manifest import ManifestError, read_manifest
from .records import FIRST_ORG
from .schema import now
from .store import Store
from .tooling import tool_notes

_log = logging.getLogger(__name__)
_LEFT_OUT = {".dari", ".git", ".pytest_cache", ".venv", "__pycache__", "node_modules", ".DS_Store"}


def publish_folder(store: Store, folder: Path) -> str:
    """Publish a folder's bundle for the first organization; returns the active version's id.

    A folder that is active as it is makes no new version.

    Raises:
        InvalidRequestError: It is no bundle, or breaks a rule; the text says which.
    """
    try:
        archive = _packed(folder)
        files = read_bundle(archive)
        manifest, _ = read_manifest(files)
    except (BundleError, ManifestError, OSError) as error:
        raise InvalidRequestError(f"{folder}: {error}") from None
    for note in tool_notes(manifest, files):
        _log.warning("%s: %s", folder, note)
    name, sha256 = str(manifest["name"]), hashlib.sha256(archive).hexdigest()
    with store.transaction():
        agent = store.agent_named(name)
        active = store.version(agent.id, agent.active_version_id) if agent else None
        if active is not None and active.archive_sha256 == sha256:
            return active.id
        snapshot = store.add_snapshot(FIRST_ORG, sha256, len(archive), {"origin": "folder"}, now())
        store.keep_archive(snapshot.id, archive)
        store.settle_snapshot(snapshot.id, None)
        return store.add_version(agent, name, manifest, snapshot_id=snapshot.id).id


def _packed(folder: Path) -> bytes:
    """The folder as a tar.gz whose bytes follow from names and contents alone."""
    if not (folder / "dari.yml").is_file():
        raise BundleError("there is no dari.yml")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(_files(folder)):
            content = (folder / path).read_bytes()
            if buffer.tell() + len(content) > 4 * MAX_ARCHIVE:
                raise BundleError("the folder is too large for a bundle")
            member = tarfile.TarInfo(path)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    archive = gzip.compress(buffer.getvalue(), mtime=0)
    if len(archive) > MAX_ARCHIVE:
        raise BundleError(f"the archive is larger than {MAX_ARCHIVE} bytes")
    return archive


def _files(folder: Path) -> Iterator[str]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in _LEFT_OUT]
        for name in names:
            path = Path(place) / name
            if name not in _LEFT_OUT and path.is_file() and not path.is_symlink():
                yield path.relative_to(folder).as_posix()
