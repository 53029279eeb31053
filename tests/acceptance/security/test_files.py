"""Bundles, files and workspaces that try to leave their folder, or to fill memory or disk."""

import gzip
import hashlib
import io
import tarfile

import httpx
import pytest

import dari_nb as dari
from dari_nb.errors import ApiError, BadRequestError

MANIFEST = b"""\
name: evil
harness: pi
instructions: {system: prompts/system.md}
llm: {default: small, options: {small: {provider: openai, model: m}}}
"""
SECRET = "the secret of this machine"


def member(name, content=b"", **fields):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, io.BytesIO(content)


def archive(*members):
    """Return a bundle with a manifest, a prompt, and further members."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for info, content in (member("dari.yml", MANIFEST), *members):
            tar.addfile(info, content)
    return buffer.getvalue()


def prompt(**fields):
    return member("prompts/system.md", **({"content": b"Be brief."} | fields))


BUNDLES = {
    "parent folder": archive(prompt(), member("../evil", b"x")),
    "inner parent": archive(prompt(), member("a/../../evil", b"x")),
    "absolute": archive(prompt(), member("/tmp/evil", b"x")),
    "symlink": archive(prompt(content=b"", type=tarfile.SYMTYPE, linkname="/etc/passwd")),
    "hard link": archive(prompt(content=b"", type=tarfile.LNKTYPE, linkname="/etc/passwd")),
    "device": archive(prompt(), member("zero", type=tarfile.CHRTYPE, devmajor=1, devminor=5)),
    "bomb": archive(prompt(), member("zeros", bytes(300_000_000))),
    "bomb in bomb": gzip.compress(archive(prompt(), member("zeros", bytes(50_000_000)))),
    "no archive": gzip.compress(b"x" * 1000),
    "cut off": archive(prompt())[:-20],
}


def publish(server, packed):
    """Upload a bundle and publish it, with nothing checked on this side."""
    with dari.Client(server.url, server.api_key) as client:
        snapshot = client.snapshots.create(hashlib.sha256(packed).hexdigest(), len(packed))
        client.snapshots.upload(snapshot, packed)
        client.snapshots.finalize(snapshot.id)
        client.agents.publish_snapshot(snapshot.id)


def test_plain_bundle_is_published(server, d):
    publish(server, archive(prompt()))
    assert "evil" in d.agents


@pytest.mark.parametrize("name", BUNDLES)
def test_hostile_bundle_is_refused(server, d, name):
    with pytest.raises(ApiError) as raised:
        publish(server, BUNDLES[name])
    assert 400 <= raised.value.status < 500
    assert raised.value.code
    assert "evil" not in d.agents
    assert d.agents["echo"].send("still there").text


@pytest.fixture
def writer(server, tmp_path):
    """Add an agent that makes links in its workspace, and answers with names of ``.up`` files."""
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET)

    @server.agent("writer")
    def writer(prompt, turn):
        (turn.workspace / "link.txt").symlink_to(secret)
        (turn.workspace / "folder").symlink_to(tmp_path)
        (turn.workspace / "own.txt").write_text("own")
        return " ".join(path.name for path in turn.workspace.iterdir() if path.suffix == ".up")


def test_workspace_holds_no_file_behind_link(d, writer):
    session = d.agents["writer"].send("Write.").wait().session
    with session.workspace(wait=60) as workspace:
        assert [file.path for file in workspace.files()] == ["own.txt"]


@pytest.mark.parametrize("path", ["..", "../..", "/etc", "folder", "a/../../..", "folder/..", "\0"])
def test_path_outside_workspace_is_refused(d, writer, path):
    session = d.agents["writer"].send("Write.").wait().session
    session.workspace(wait=60).close()
    with pytest.raises(BadRequestError):
        session.workspace(paths=[path])


@pytest.mark.parametrize("name", ["../../evil.up", "/tmp/evil.up", "a\\..\\evil.up"])
def test_attached_file_stays_in_workspace(server, d, writer, name):
    headers = {"Authorization": f"Bearer {server.api_key}"}
    files = {"file": (name, b"x")}
    sent = httpx.post(f"{server.url}/v1/files", headers=headers, files=files).json()
    content = [{"type": "text", "text": "Look."}, {"type": "file", "file_id": sent["id"]}]
    with dari.Client(server.url, server.api_key) as client:
        turn = client.agents.send(d.agents["writer"].id, content)
    assert d.sessions.get(turn.session.id).turn().text == "evil.up"
