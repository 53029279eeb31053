"""Bundles are the same bytes for the same files; publishing takes all steps, or cleans up."""

import asyncio
import gzip
import hashlib
import io
import os
import shutil
import signal
import tarfile
import threading

import pytest
from starlette.responses import JSONResponse, Response, StreamingResponse

from dari_nb import errors
from dari_nb.client import AsyncClient, Bundle, PublishProgress

FILES = {
    "dari.yml": b"name: support\n",
    "prompts/system.md": b"You help.\n",
    "tools/run.sh": b"#!/bin/sh\n",
    "z é.md": b"",
}
STEPS = [
    ("POST", "/v1/source-snapshots"),
    ("PUT", "/v1/storage/put"),
    ("POST", "/v1/source-snapshots/src_1/finalize"),
    ("GET", "/v1/source-snapshots/src_1/manifest"),
]
DELETED = ("DELETE", "/v1/source-snapshots/src_1")
PUBLISHED = {"agent_id": "agt_1", "version_id": "ver_1"}


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "agent"
    for name, content in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    (root / "tools/run.sh").chmod(0o700)
    return root


@pytest.fixture
def ready(dari):
    """A server that takes a bundle."""
    dari.answer(
        "POST",
        "/source-snapshots",
        {
            "source_snapshot_id": "src_1",
            "upload_url": f"{dari.url}/v1/storage/put?signature=hush",
            "upload_headers": {"Content-Type": "application/gzip", "x-goog-content-sha256": "ab"},
            "status": "pending_upload",
        },
    )
    dari.answer("PUT", "/storage/put", Response())
    dari.answer("POST", "/source-snapshots/src_1/finalize", {"id": "src_1", "status": "ready"})
    dari.answer("GET", "/source-snapshots/src_1/manifest", {"manifest": {"name": "support"}})
    dari.answer("DELETE", "/source-snapshots/src_1", Response(status_code=204))
    dari.answer("POST", "/agents", JSONResponse(PUBLISHED, 201))
    dari.answer("POST", "/agents/agt_1/versions", JSONResponse(PUBLISHED, 201))
    return dari


def steps(dari) -> list[tuple[str, str]]:
    return [(seen.method, seen.path) for seen in dari.seen]


def test_a_bundle_is_a_plain_tar_of_sorted_regular_files(folder):
    bundle = Bundle.from_folder(folder)
    with tarfile.open(fileobj=io.BytesIO(bundle.content), mode="r:gz") as archive:
        members = archive.getmembers()
        assert {one.name: archive.extractfile(one).read() for one in members} == FILES
    assert [one.name for one in members] == sorted(FILES) == list(bundle.files)
    assert {one.name: one.mode for one in members if one.mode != 0o644} == {"tools/run.sh": 0o755}
    assert {(one.mtime, one.uid, one.gid, one.uname, one.gname) for one in members} == {
        (0, 0, 0, "", "")
    }
    assert bundle.content[:10] == b"\x1f\x8b\x08" + bytes(6) + b"\xff"
    assert gzip.decompress(bundle.content)
    assert bundle.sha256 == hashlib.sha256(bundle.content).hexdigest()


def test_the_same_files_are_the_same_bytes_wherever_and_whenever(folder, tmp_path):
    copy = tmp_path / "elsewhere"
    shutil.copytree(folder, copy)
    for path in copy.rglob("*"):
        os.utime(path, (1, 1))
    (copy / "prompts/system.md").chmod(0o600)
    assert Bundle.from_folder(copy) == Bundle.from_folder(str(folder))
    (copy / "prompts/system.md").write_bytes(b"You do not help.\n")
    assert Bundle.from_folder(copy).sha256 != Bundle.from_folder(folder).sha256


def test_files_that_are_written_make_the_same_bundle_as_a_folder_of_them(folder):
    packed = Bundle.from_folder(folder)
    contents = packed.read()
    assert list(contents) == list(packed.files)
    manifest = {"dari.yml": contents["dari.yml"]}
    others = {name.partition("/")[0] for name in packed.files} - {"dari.yml"}
    assert Bundle.from_files(manifest, folder=folder, places=others).sha256 == packed.sha256


@pytest.mark.parametrize("place", ["../x", "nowhere"])
def test_what_lies_elsewhere_is_not_taken_along(folder, place):
    with pytest.raises(errors.InvalidRequestError, match=place):
        Bundle.from_files({"dari.yml": b"name: a\n"}, folder=folder, places=[place])


def test_outside_of_git_what_tools_leave_behind_is_left_out(folder):
    for name in (".venv/lib.py", "a/__pycache__/x.pyc", "node_modules/m.js", ".DS_Store"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    assert set(Bundle.from_folder(folder).files) == set(FILES)


def test_a_folder_without_a_manifest_is_refused(tmp_path):
    with pytest.raises(errors.InvalidRequestError):
        Bundle.from_folder(tmp_path)


def archive_of(name: str, **fields) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("dari.yml"))
        entry = tarfile.TarInfo(name)
        for key, value in fields.items():
            setattr(entry, key, value)
        archive.addfile(entry)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        archive_of("x")[:40],
        archive_of("../x"),
    ],
)
def test_an_archive_that_breaks_the_rules_is_refused_before_anything_is_sent(
    dari, sync_side, content
):
    with pytest.raises(errors.InvalidRequestError):
        sync_side.ask(dari.url, "agents.publish", content)
    assert dari.seen == []


@pytest.mark.parametrize("agent_id", [None, "agt_1"])
def test_publishing_takes_all_steps_in_order(ready, side, folder, agent_id):
    told: list[PublishProgress] = []
    options = {"agent_id": agent_id, "metadata": {"origin": "ci"}, "on_progress": told.append}
    published = side.ask(ready.url, "agents.publish", folder, **options)
    bundle = Bundle.from_folder(folder)
    last = "/v1/agents/agt_1/versions" if agent_id else "/v1/agents"
    assert steps(ready) == [*STEPS, ("POST", last)]
    assert ready.seen[0].json == {
        "format": "tar.gz",
        "sha256": bundle.sha256,
        "size_bytes": len(bundle.content),
        "metadata": {"origin": "ci"},
    }
    assert ready.seen[4].json == {"source_snapshot_id": "src_1"}
    assert (published.agent_id, published.version_id) == ("agt_1", "ver_1")
    stages = [progress.stage for progress in told]
    assert stages == ["pack", "reserve", "upload", "check", "publish", "done"]
    assert told[2].sent == told[2].total == len(bundle.content)


def test_the_upload_has_exactly_the_given_headers_and_no_key(ready, side, folder):
    options = {"headers": {"X-Team": "blue"}, "cookies": {"a": "b"}}
    side.ask(ready.url, "agents.publish", folder, options=options)
    (put,) = ready.asked("/storage/put")
    bundle = Bundle.from_folder(folder)
    assert put.body == bundle.content
    assert put.query == [("signature", "hush")]
    assert dict(put.headers) == {
        "host": ready.url.removeprefix("http://"),
        "content-type": "application/gzip",
        "x-goog-content-sha256": "ab",
        "content-length": str(len(bundle.content)),
    }


def test_a_large_upload_tells_how_far_it_is(ready, sync_side, folder):
    (folder / "large.bin").write_bytes(os.urandom(300_000))
    told: list[PublishProgress] = []
    sync_side.ask(ready.url, "agents.publish", folder, on_progress=told.append)
    sent = [progress.sent for progress in told if progress.stage == "upload"]
    assert sent == sorted(sent)
    assert len(sent) == 5
    assert ready.asked("/storage/put")[0].body == Bundle.from_folder(folder).content


def test_an_upload_is_tried_again_whole(ready, sync_side, folder):
    ready.answer("PUT", "/storage/put", Response(status_code=503), Response())
    sync_side.ask(ready.url, "agents.publish", folder)
    first, second = ready.asked("/storage/put")
    assert first.body == second.body


FAILED = {"source_snapshot_id": "src_1", "status": "failed", "failure_reason": "checksum differs"}


@pytest.mark.parametrize(
    ("method", "path", "answer", "kind", "sent", "deleted"),
    [
        ("PUT", "/storage/put", Response("expired", 403), errors.PermissionDeniedError, 2, 204),
        (
            "POST",
            "/source-snapshots/src_1/finalize",
            JSONResponse(FAILED),
            errors.SnapshotFailedError,
            3,
            409,
        ),
        (
            "GET",
            "/source-snapshots/src_1/manifest",
            JSONResponse({"detail": "harness: unknown"}, 400),
            errors.BadRequestError,
            4,
            500,
        ),
        ("POST", "/agents", JSONResponse({"detail": "two"}, 409), errors.ConflictError, 5, 204),
        ("POST", "/agents", JSONResponse({"detail": "later"}, 503), errors.ServerError, 5, 204),
    ],
)
def test_after_a_failure_the_snapshot_is_deleted_and_the_failure_raised(
    ready, side, folder, method, path, answer, kind, sent, deleted
):
    ready.answer(method, path, answer)
    ready.answer("DELETE", "/source-snapshots/src_1", Response(status_code=deleted))
    with pytest.raises(kind) as raised:
        side.ask(ready.url, "agents.publish", folder)
    assert steps(ready) == [*[*STEPS, ("POST", "/v1/agents")][:sent], DELETED]
    assert "hush" not in str(raised.value)


@pytest.mark.parametrize("url", [None, "/relative", "ftp://x/y"])
def test_a_snapshot_without_a_usable_address_is_given_up(ready, sync_side, folder, url):
    ready.answer("POST", "/source-snapshots", {"source_snapshot_id": "src_1", "upload_url": url})
    with pytest.raises(errors.InvalidRequestError):
        sync_side.ask(ready.url, "agents.publish", folder)
    assert steps(ready) == [STEPS[0], DELETED]


def test_an_unreachable_storage_is_named_without_its_signature(ready, sync_side, folder):
    answer = {"id": "src_1", "upload_url": "http://127.0.0.1:1/put?signature=hush"}
    ready.answer("POST", "/source-snapshots", answer)
    with pytest.raises(errors.ConnectionFailedError, match=r"127\.0\.0\.1:1") as raised:
        sync_side.ask(ready.url, "agents.publish", folder)
    assert "hush" not in str(raised.value) + repr(raised.value)


def interrupting(then: Response):
    """Interrupt the main thread when the request has come; then answer late."""

    async def body():
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        await asyncio.sleep(30)
        yield then.body

    return StreamingResponse(body(), then.status_code)


@pytest.mark.parametrize(
    ("method", "path", "sent"),
    [
        ("PUT", "/storage/put", 2),
        ("POST", "/agents", 5),
    ],
)
def test_an_interrupt_deletes_the_snapshot(ready, side, folder, method, path, sent):
    ready.answer(method, path, interrupting(Response("{}")))
    with pytest.raises(KeyboardInterrupt):
        side.ask(ready.url, "agents.publish", folder)
    assert steps(ready) == [*[*STEPS, ("POST", "/v1/agents")][:sent], DELETED]


def test_a_task_that_is_cancelled_deletes_the_snapshot(ready, folder):
    async def silent():
        yield b"{"
        await asyncio.sleep(30)

    ready.answer("POST", "/source-snapshots/src_1/finalize", StreamingResponse(silent()))

    async def main() -> None:
        async with AsyncClient(ready.url, "dari_k") as client:
            task = asyncio.create_task(client.agents.publish(folder))
            while len(ready.seen) < 3:
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(main())
    assert steps(ready) == [*STEPS[:3], DELETED]


@pytest.mark.parametrize("stage", ["upload", "publish"])
def test_a_callback_that_fails_deletes_the_snapshot(ready, sync_side, folder, stage):
    def failing(progress: PublishProgress) -> None:
        assert progress.stage != stage

    with pytest.raises(AssertionError):
        sync_side.ask(ready.url, "agents.publish", folder, on_progress=failing)
    assert steps(ready)[-1] == DELETED
