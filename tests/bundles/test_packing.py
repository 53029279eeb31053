"""Whoever publishes a folder, the same files go along: no ignored one, and none from elsewhere."""

import os
import socket
import stat
import subprocess
import sys
import tarfile
import threading
from contextlib import closing, contextmanager
from io import BytesIO
from pathlib import Path

import httpx
import pytest

import dari_nb
from dari_nb.client import Bundle, Client
from dari_nb.errors import InvalidRequestError
from dari_nb.local import LocalDari

MANIFEST = "name: {}\nharness: pi\ninstructions: {{system: p.md}}\nllm: {{model: openai/x}}\n"
SECRET = b"KEY=only-here"


@pytest.fixture(scope="module")
def server():
    with LocalDari() as running:
        yield running


@pytest.fixture
def publish(request, server):
    """Publish a folder, by the local Dari unless told otherwise; gives what the server then has."""

    def publishing(folder):
        way = getattr(request, "param", "local Dari")
        if way == "client":
            with Client(server.url, server.api_key) as client:
                version_id = client.agents.publish(folder).version_id
        elif way == "publish":
            with closing(dari_nb.connect(server.url, api_key=server.api_key)) as dari:
                version_id = dari.agents.publish(folder).version.id
        else:
            version_id = server.publish(folder)
        return files_of(server, folder, version_id)

    return publishing


def files_of(server, folder, version_id):
    headers = {"Authorization": f"Bearer {server.api_key}"}
    with httpx.Client(base_url=f"{server.url}/v1", headers=headers) as http:
        agents = http.get("/agents").json()["agents"]
        agent_id = next(a["id"] for a in agents if a["active_version_id"] == version_id)
        place = f"/agents/{agent_id}/versions/{version_id}"
        # One packer: the bytes are those of the bundle that the client makes.
        versions = http.get(f"/agents/{agent_id}/versions").json()["versions"]
        sha256 = next(v["archive_sha256"] for v in versions if v["id"] == version_id)
        assert sha256 == Bundle.from_folder(folder).sha256
        files = http.get(f"{place}/bundle").json()["files"]
        return {
            file["path"]: http.get(f"{place}/bundle/file", params={"path": file["path"]}).json()[
                "content"
            ]
            for file in files
        }


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "agent"
    root.mkdir()
    write(root, "dari.yml", MANIFEST.format("packed"))
    write(root, "p.md", "Be brief.")
    return root


def write(root, name, text="x"):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def git(root, *words, **options):
    settings = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "protocol.file.allow=always")
    subprocess.run(["git", *settings, *words], cwd=root, check=True, capture_output=True, **options)


@pytest.fixture(params=["git", "no git", "no checkout"])
def made(request, tmp_path, monkeypatch):
    """Make a folder a checkout, one on a machine without git, or none at all."""

    def make(root):
        if request.param != "no checkout":
            git(root, "init", "-q")
        if request.param == "no git":
            monkeypatch.setenv("PATH", str(tmp_path / "nothing"))

    return make


@pytest.mark.parametrize("publish", ["client", "publish", "local Dari"], indirect=True)
def test_what_git_ignores_stays_here(publish, folder, made):
    write(folder, ".gitignore", ".env\n*.log\n/build/\n!keep.log\nlogs/*\n")
    write(folder, "tools/.gitignore", "secret-*\n!secret-plan.md\n")
    kept = ("src/build/b.md", "a/keep.log", "tools/secret-plan.md", "env", "a b.md", "ü ñ.md")
    ignored = (".env", "a/.env", "x.log", "build/y", "tools/secret-key", "tools/in/secret-a")
    for name in (*kept, *ignored, "logs/one"):
        write(folder, name, SECRET)
    made(folder)
    names = {*kept, "dari.yml", "p.md", ".gitignore", "tools/.gitignore"}
    assert set(publish(folder)) == names


@pytest.mark.parametrize("has_git", [True, False])
def test_a_folder_in_a_checkout_is_ruled_by_all_of_it(
    publish, tmp_path, folder, monkeypatch, has_git
):
    write(tmp_path, ".gitignore", ".env\nagent/private\n")
    write(tmp_path, "outside.md")
    for name in (".env", "private/a.md"):
        write(folder, name, SECRET)
    write(folder, "public/private/a.md")
    git(tmp_path, "init", "-q")
    if not has_git:
        monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert set(publish(folder)) == {"dari.yml", "p.md", "public/private/a.md"}


def test_rules_that_only_this_checkout_has_hold(publish, folder, made):
    git(folder, "init", "-q")
    write(folder, ".git/info/exclude", "mine.txt\n")
    write(folder, "mine.txt", SECRET)
    made(folder)
    assert set(publish(folder)) == {"dari.yml", "p.md"}


def test_a_folder_that_git_ignores_as_a_whole_is_refused(publish, tmp_path, folder):
    write(tmp_path, ".gitignore", "*\n")
    write(folder, ".env", SECRET)
    git(tmp_path, "init", "-q")
    with pytest.raises(InvalidRequestError):
        publish(folder)
    git(folder, "init", "-q")
    assert ".env" in publish(folder)


def test_what_git_knows_goes_along_as_it_is_now(publish, folder):
    git(folder, "init", "-q")
    write(folder, ".gitignore", "*.gen\n")
    for name in ("gone.md", "known.gen", "changed.md", "file"):
        write(folder, name, "before")
    git(folder, "add", "-f", ".")
    (folder / "gone.md").unlink()
    (folder / "file").unlink()
    write(folder, "file/now-a-folder.md", "new")
    write(folder, "changed.md", "after")
    write(folder, "other.gen", SECRET)
    files = publish(folder)
    assert set(files) == {
        *("dari.yml", "p.md", ".gitignore", "known.gen", "changed.md", "file/now-a-folder.md")
    }
    assert files["changed.md"] == "after"


def test_repositories_and_submodules_inside_go_along_with_rules_of_their_own(
    publish, folder, tmp_path, made
):
    shared = tmp_path / "shared"
    write(shared, "shared.md")
    write(shared, "deep/.gitignore", ".env\n")
    git(shared, "init", "-q")
    git(shared, "add", ".")
    git(shared, "commit", "-qm", "first")
    git(folder, "init", "-q")
    git(folder, "submodule", "add", "-q", str(shared), "vendor/shared")
    git(folder, "clone", "-q", str(shared), "nested/one")
    write(folder, ".gitignore", "*.tmp\n")
    for place in ("vendor/shared", "nested/one"):
        write(folder, f"{place}/deep/.env", SECRET)
        write(folder, f"{place}/kept-here.tmp")
        write(folder, f"{place}/deep/new.md")
    made(folder)
    inner = {"shared.md", "deep/.gitignore", "deep/new.md", "kept-here.tmp"}
    wanted = {f"{place}/{name}" for place in ("vendor/shared", "nested/one") for name in inner}
    assert set(publish(folder)) == {"dari.yml", "p.md", ".gitignore", ".gitmodules", *wanted}


def test_a_submodule_without_its_files_is_refused(publish, folder, tmp_path):
    write(tmp_path / "shared", "shared.md")
    git(tmp_path / "shared", "init", "-q")
    git(tmp_path / "shared", "add", ".")
    git(tmp_path / "shared", "commit", "-qm", "first")
    git(folder, "init", "-q")
    git(folder, "submodule", "add", "-q", str(tmp_path / "shared"), "vendor")
    git(folder, "submodule", "deinit", "-f", "vendor")
    with pytest.raises(InvalidRequestError, match="vendor"):
        publish(folder)


def test_a_checkout_that_git_does_not_trust_is_refused_with_what_git_says(
    publish, folder, tmp_path, monkeypatch
):
    write(folder, ".gitignore", ".env\n")
    write(folder, ".env", SECRET)
    git(folder, "init", "-q")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    if os.geteuid() == 0:
        for path in (folder, folder / ".git"):
            os.chown(path, 12345, 12345)
    if subprocess.run(["git", "status"], cwd=folder, capture_output=True).returncode == 0:
        assert ".env" not in publish(folder)  # nobody but root can give a folder away
        return
    with pytest.raises(InvalidRequestError, match=r"safe\.directory"):
        publish(folder)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "safe.directory")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "*")
    assert ".env" not in publish(folder)


def test_another_repository_that_the_environment_names_is_not_asked(
    publish, folder, tmp_path, monkeypatch
):
    git(folder, "init", "-q")
    write(tmp_path, "other/a.md")
    git(tmp_path / "other", "init", "-q")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other/.git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path / "other"))
    assert set(publish(folder)) == {"dari.yml", "p.md"}


def test_a_broken_repository_is_refused_and_not_taken_for_none(publish, folder):
    git(folder, "init", "-q")
    write(folder, ".env", SECRET)
    write(folder, ".gitignore", ".env\n")
    git(folder, "add", ".")
    write(folder, ".git/index", b"DIRC broken")
    with pytest.raises(InvalidRequestError):
        publish(folder)


@pytest.mark.parametrize("target", ["nowhere", "/etc/passwd", "ignored.txt"])
def test_links_are_refused_by_name(publish, folder, made, target):
    write(folder, ".gitignore", "ignored.*\n")
    write(folder, "ignored.txt", SECRET)
    (folder / "ignored.link").symlink_to(target)
    made(folder)
    assert set(publish(folder)) == {"dari.yml", "p.md", ".gitignore"}
    (folder / "link").symlink_to(target)
    with pytest.raises(InvalidRequestError, match="link"):
        publish(folder)


@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_pipes_and_sockets_do_not_hold_packing_up(publish, folder, kind):
    if kind == "pipe":
        os.mkfifo(folder / "odd")
    else:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(folder / "odd"))
    with pytest.raises(InvalidRequestError, match="odd"):
        publish(folder)


def test_programs_stay_programs(publish, folder, made):
    write(folder, "run.sh", "#!/bin/sh\n").chmod(0o750)
    write(folder, "plain.sh", "#!/bin/sh\n").chmod(0o640)
    made(folder)
    publish(folder)
    with tarfile.open(fileobj=BytesIO(Bundle.from_folder(folder).content)) as archive:
        modes = {member.name: member.mode for member in archive}
    assert (modes["run.sh"], modes["plain.sh"]) == (0o755, 0o644)


@pytest.mark.parametrize("name", ["a\nb.md", 'quo"te.md', "back\\slash.md"])
def test_names_that_git_quotes_are_packed_as_they_are(folder, made, name):
    write(folder, name)
    write(folder, ".gitignore", "\\#not\n")
    made(folder)
    assert Bundle.from_folder(folder).files == tuple(
        sorted(["dari.yml", "p.md", ".gitignore", name])
    )


def test_a_name_that_is_no_text_is_refused(publish, folder, made):
    write(folder, os.fsdecode(b"a\xff.md"))
    made(folder)
    with pytest.raises(InvalidRequestError):
        publish(folder)


def test_with_a_prompt_only_what_git_does_not_ignore_is_taken_along(
    server, tmp_path, monkeypatch, made
):
    write(tmp_path, ".gitignore", ".env\n")
    write(tmp_path, "skills/s/SKILL.md", "---\nname: s\ndescription: d\n---\n")
    write(tmp_path, "skills/s/.env", SECRET)
    made(tmp_path)
    monkeypatch.chdir(tmp_path)
    with closing(dari_nb.connect(server.url, api_key=server.api_key)) as dari:
        published = dari.agents.publish_prompt(
            tmp_path.name, "Be brief.", llm="openai/x", manifest={"skills": ["s"]}
        )
    assert sorted(published.diff.added) == ["dari.yml", "prompts/system.md", "skills/s/SKILL.md"]


_watched = []


def _when_opened(event, arguments):
    if event == "open" and _watched and str(arguments[0]).endswith(_watched[0][0]):
        _watched.pop(0)[1]()


sys.addaudithook(_when_opened)


@contextmanager
def when_opened(name, work):
    """Do something at the moment when a file of this name is being opened."""
    _watched.append((name, work))
    try:
        yield
        assert not _watched, f"{name} was never opened"
    finally:
        _watched.clear()


def test_a_folder_that_is_swapped_for_a_link_while_it_is_packed_is_refused(
    publish, folder, tmp_path, made
):
    for name in ("d/0.md", "d/1.md"):
        write(folder, name, "of the agent")
        write(tmp_path, f"host/{Path(name).name}", SECRET)

    def swap():
        (folder / "d").rename(tmp_path / "moved")
        (folder / "d").symlink_to(tmp_path / "host")

    made(folder)
    with when_opened("0.md", swap), pytest.raises(InvalidRequestError, match=r"'d/1\.md' is no"):
        publish(folder)


@pytest.mark.parametrize("change", ["grows", "is written"])
def test_a_file_that_changes_while_it_is_packed_is_refused(publish, folder, change):
    log = write(folder, "log.bin", os.urandom(4 << 20))
    done = threading.Event()

    def work():
        size = log.stat().st_size
        with log.open("r+b") as file:
            while not done.is_set():
                size += {"grows": 1, "is written": 0}[change]
                file.truncate(size)
                os.pwrite(file.fileno(), b"new", 0)

    thread = threading.Thread(target=work)
    with when_opened("log.bin", thread.start):
        try:
            with pytest.raises(InvalidRequestError, match=r"'log\.bin'"):
                publish(folder)
        finally:
            done.set()
            thread.join()


def test_the_memory_that_packing_takes_is_that_of_the_archive(folder):
    size = 48 << 20
    for part in range(4):
        write(folder, f"part-{part}.bin", os.urandom(size // 4))
    program = (
        "import resource, sys\n"
        "from dari_nb.client import Bundle\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024\n"
        "Bundle.from_files({'dari.yml': b'name: a'})\n"
        "before = peak()\n"
        "Bundle.from_folder(sys.argv[1])\n"
        "print(peak() - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)], check=True, capture_output=True, text=True
    )
    assert int(done.stdout) < 1.6 * size


def test_an_unreadable_folder_is_refused_and_not_left_out(folder):
    (folder / "closed").mkdir(0)
    if os.access(folder / "closed", os.R_OK):
        assert stat.S_IMODE((folder / "closed").stat().st_mode) == 0  # root reads everything
        assert Bundle.from_folder(folder).files == ("dari.yml", "p.md")
        return
    with pytest.raises(InvalidRequestError, match=r"closed.*Permission denied"):
        Bundle.from_folder(folder)
