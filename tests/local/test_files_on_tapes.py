"""Files on a tape: what was attached, and what turns left in their workspaces."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from dari_nb.local import LocalDari, Turn
from dari_nb.tapes import FileLine, Tape, flaws_of, read_tape

from .conftest import Caller

CANARY = "sk-proj-canary-0123456789"
LARGE = bytes(range(256)) * 400
LONG = "A long line.\n" * 5000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lesson.tape"


def worker(prompt: str, turn: Turn) -> str:
    """Does what it is told to its workspace."""
    place = turn.workspace
    if prompt == "write":
        (place / "out" / "deep").mkdir(parents=True)
        (place / "empty").mkdir()
        (place / "out" / "deep" / "ä.txt").write_text("Crème\r\n")
        (place / "run.sh").write_text("#!/bin/sh\n")
        (place / "run.sh").chmod(0o755)
        (place / "small.bin").write_bytes(b"\0\xff")
        (place / "large.bin").write_bytes(LARGE)
        (place / "long.txt").write_text(LONG)
        (place / "link").symlink_to("/etc/passwd")
    elif prompt == "change":
        (place / "out" / "deep" / "ä.txt").unlink()
        (place / "out" / "deep").rmdir()
        (place / "out" / "new.txt").write_text("new")
        (place / "small.bin").write_bytes(b"\0\xfe")
        for attached in turn.files:
            (place / attached.place).write_text(f"{attached.text} and more")
    elif prompt == "secret":
        (place / "key.txt").write_text(f"The key is {CANARY}.")
        (place / "key.bin").write_bytes(b"\0\xff" + CANARY.encode())
        (place / CANARY).write_text("named so")
    return f"{prompt}: done"


def held(caller: Caller, session_id: str) -> dict[str, bytes]:
    """What a session's workspace holds, by path."""
    answer = caller.http.get(f"/sessions/{session_id}/workspace.zip")
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        return {
            info.filename: packed.read(info)
            for info in packed.infolist()
            if (info.external_attr >> 16) & 0o170000 != 0o120000
        }


def ask(server: LocalDari, *prompts: str, files: dict[str, bytes] | None = None) -> list[Any]:
    """Ask one after another; returns what the workspace held each time, and how turns ended."""
    caller, seen = Caller(server), []
    with caller.http:
        session = caller.create("worker")
        for prompt in prompts:
            uploaded = [caller.upload(name, data) for name, data in (files or {}).items()]
            sent = caller.send(session, prompt, *uploaded)
            message = caller.finished(sent["message"]["id"])
            error = (message["output"] or {}).get("error")
            seen.append((message["status"], error, held(caller, session)))
    return seen


def record(
    path: Path,
    *prompts: str,
    files: dict[str, bytes] | None = None,
    keeps: bool = True,
    **more: Any,
) -> list:
    settings = {"mode": "record", "files": keeps} | more
    with LocalDari(tape=Tape(path, **settings), demo_agents=False) as server:
        server.agent("worker")(worker)
        return ask(server, *prompts, files=files)


def play(path: Path, *prompts: str, files: dict[str, bytes] | None = None) -> list:
    with LocalDari(tape=Tape(path, mode="play", speed="instant"), demo_agents=False) as server:
        return ask(server, *prompts, files=files)


def lines(path: Path) -> dict[str, FileLine]:
    turns = read_tape(path).turns
    return {line.file: line for turn in turns for line in turn.body if isinstance(line, FileLine)}


def test_a_workspace_plays_as_it_was_after_each_turn(path: Path) -> None:
    files = {"a.txt": b"Alpha"}
    recorded = record(path, "write", "change", files=files)
    assert recorded[0][2]["large.bin"] == LARGE
    assert recorded[1][2]["a.txt"] == b"Alpha and more"
    assert flaws_of(read_tape(path)) == []
    assert play(path, "write", "change", files=files) == recorded
    known = lines(path)
    assert known["run.sh"].executable
    assert known["out/deep/ä.txt"].gone
    assert (known["small.bin"].base64, known["out/new.txt"].text) == ("AP4=", "new")
    assert "link" not in known


def test_what_is_asked_live_finds_the_files_of_what_played(path: Path) -> None:
    record(path, "write")
    with LocalDari(tape=Tape(path, speed="instant", files=True), demo_agents=False) as server:
        server.agent("worker")(worker)
        [_, (status, _, workspace)] = ask(server, "write", "change")
    assert status == "completed"
    assert workspace["long.txt"] == LONG.encode()
    new = read_tape(path).turns[1]
    assert [(line.file, line.gone) for line in new.files] == [
        *(("out/deep/ä.txt", True), ("out/deep/", True)),
        *(("out/new.txt", False), ("small.bin", False)),
    ]


def test_large_files_are_beside_the_tape_and_each_once(path: Path) -> None:
    record(path, "write", "write again")
    beside = sorted(each.name for each in path.with_name("lesson.tape.files").iterdir())
    contents = (LARGE, LONG.encode())
    assert beside == sorted(hashlib.sha256(data).hexdigest() for data in contents)
    assert lines(path)["large.bin"].beside
    assert LARGE[:100] not in path.read_bytes()


def test_what_was_attached_is_kept_with_what_is_in_it(path: Path) -> None:
    record(path, "look", files={"a.txt": b"Alpha", "b.bin": LARGE})
    first, second = (line for line in read_tape(path).turns[0].body if isinstance(line, FileLine))
    assert (first.file, first.attached, first.text) == ("file_1", True, "Alpha")
    assert (second.file, second.attached, second.beside) == ("file_2", True, True)


def test_unless_it_is_asked_for_no_file_is_on_the_tape(path: Path) -> None:
    with LocalDari(tape=Tape(path, mode="record"), demo_agents=False) as server:
        server.agent("worker")(worker)
        ask(server, "write", files={"a.txt": b"Alpha"})
    assert lines(path) == {}
    assert b"Alpha" not in path.read_bytes()
    assert not path.with_name("lesson.tape.files").exists()


def test_no_secret_in_a_file_is_kept(path: Path) -> None:
    record(path, "secret", files={"attached.txt": f"Mine: {CANARY}".encode()})
    written = [each.read_bytes() for each in path.parent.rglob("*") if each.is_file()]
    assert not [data for data in written if CANARY.encode() in data]
    known = lines(path)
    assert known["key.txt"].text == "The key is [scrubbed]."
    assert known["file_1"].text == "Mine: [scrubbed]"
    assert (known["key.bin"].base64, known["key.bin"].beside) == (None, False)
    assert known["key.bin"].sha256
    [(status, _, workspace)] = play(
        path, "secret", files={"attached.txt": f"Mine: {CANARY}".encode()}
    )
    assert status == "completed"
    assert workspace["key.txt"] == b"The key is [scrubbed]."
    assert "key.bin" not in workspace


ENV = "user=bob\nDB_PASSWORD={}\n"


def packed(text: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as inside:
        inside.writestr(zipfile.ZipInfo("cred.env"), text)
    return file.getvalue()


@pytest.mark.parametrize("files", [True, False])
def test_no_hash_on_the_tape_tells_who_guesses_what_is_secret_in_a_file(
    path: Path, files: bool
) -> None:
    own, other, another = (ENV.format(f"tiger471{n}").encode() for n in (1, 2, 3))
    record(path, "look", files={"cred.env": own}, keeps=files)
    written = path.read_text("utf-8")
    assert not [one for one in (own, other) if hashlib.sha256(one).hexdigest() in written]
    assert flaws_of(read_tape(path)) == []
    for data in (own, another):  # which differ in nothing but a secret
        [(status, *_)] = play(path, "look", files={"cred.env": data})
        assert status == "completed"
    with pytest.raises(AssertionError):
        play(path, "look", files={"cred.env": own.replace(b"bob", b"eve")})


def test_a_file_without_secrets_has_its_own_hash_on_the_tape(path: Path) -> None:
    contents = [b"Alpha", LARGE, packed("Alpha")]
    record(path, "look", files={f"{n}.x": data for n, data in enumerate(contents)})
    asked = read_tape(path).turns[0].line.asked
    hashes = [block["sha256"] for block in asked if block["type"] == "file"]
    assert hashes == [hashlib.sha256(data).hexdigest() for data in contents]
    assert hashes == [line.sha256 for line in lines(path).values()]


HOSTILE = [
    {"file": "../out.txt"},
    {"file": "/etc/out.txt"},
    {"file": "a\u0000b"},
    {"sha256": "0" * 64},
    {"text": None, "beside": True, "sha256": "../../secret"},
]


@pytest.mark.parametrize("changes", HOSTILE)
def test_a_tape_that_was_made_to_harm_writes_nothing_elsewhere(
    path: Path, changes: dict[str, Any]
) -> None:
    tape = harmless(path)
    line = lines(path)["out.txt"]
    told = {"file": line.file, "sha256": line.sha256, "size": line.size, "text": line.text}
    told = {name: value for name, value in (told | changes).items() if value is not None}
    rewrite(path, tape, told)
    before = set(path.parent.rglob("*"))
    assert [status for status, *_ in play(path, "go")] == ["failed"]
    assert set(path.parent.rglob("*")) == before


def harmless(path: Path) -> bytes:
    def leaving(prompt: str, turn: Turn) -> str:
        (turn.workspace / "out.txt").write_text("Out.")
        return prompt

    with LocalDari(tape=Tape(path, mode="record", files=True), demo_agents=False) as server:
        server.agent("worker")(leaving)
        ask(server, "go")
    return path.read_bytes()


def rewrite(path: Path, tape: bytes, *lines: dict[str, Any]) -> None:
    """Put other lines in the place of that of the file."""
    written = b"".join(json.dumps(each).encode() + b"\n" for each in lines)
    kept = tape.splitlines(keepends=True)
    path.write_bytes(b"".join(written if b'{"file"' in each else each for each in kept))


def test_a_link_in_the_workspace_or_beside_the_tape_leads_nowhere(path: Path) -> None:
    record(path, "write")
    folder = path.with_name("lesson.tape.files")
    large = folder / hashlib.sha256(LARGE).hexdigest()
    moved = path.with_name("elsewhere")
    large.rename(moved)
    large.symlink_to(moved)
    assert [status for status, *_ in play(path, "write")] == ["failed"]
    large.unlink()
    os.mkfifo(large)
    assert [status for status, *_ in play(path, "write")] == ["failed"]


def test_a_folder_beside_the_tape_that_is_a_link_is_not_written_into(path: Path) -> None:
    elsewhere = path.with_name("elsewhere")
    elsewhere.mkdir()
    path.with_name("lesson.tape.files").symlink_to(elsewhere)
    [(status, _, _)] = record(path, "write")
    assert status == "completed"
    assert list(elsewhere.iterdir()) == []
    assert read_tape(path).turns[0].status == "completed"
