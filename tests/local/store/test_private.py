"""Everything that a local Dari keeps is for its owner only, from the first moment on."""

from dari_nb.local import LocalDari


def everything(path):
    return [place for place in path.parent.rglob("*") if place.name.startswith(path.name)]


def open_to_others(path):
    return [place.name for place in everything(path) if place.stat().st_mode & 0o077]


def worked(api):
    file_id = api.upload("notes.txt", b"alpha\n")
    api.ask("librarian", "alpha?", file_id)


def test_a_new_file_and_what_is_beside_it_are_for_the_owner(path, call, umask, mode):
    umask(0)
    with LocalDari(path) as server, call(server) as api:
        worked(api)
        assert {"course.db", "course.db-wal", "course.db-shm", "course.db.lock"} <= {
            place.name for place in everything(path)
        }
        assert open_to_others(path) == []
        assert mode(path) == 0o600
        server.backup(path.with_name("course.db.backup"))
        assert open_to_others(path) == []
    assert open_to_others(path) == []


def test_nothing_can_be_read_in_between(path, serve, call):
    watch = (
        "import sys\n"
        "def watch(event, arguments):\n"
        "    if event == 'open' and str(arguments[0]).startswith(path):\n"
        "        for place in os.listdir(os.path.dirname(path)):\n"
        "            place = os.path.join(os.path.dirname(path), place)\n"
        "            if os.stat(place).st_mode & 0o077: os._exit(7)\n"
    ).splitlines()
    other = serve(path.with_name("other.db"))
    path.parent.chmod(0o700)
    other.does(
        f"path = {str(path)!r}",
        "os.umask(0)",
        *watch,
        "sys.addaudithook(watch)",
        "server = LocalDari(path)",
    )


def test_what_an_earlier_version_left_open_to_others_is_closed(path, call):
    with LocalDari(path) as server, call(server) as api:
        worked(api)
    for place in everything(path):
        place.chmod(0o755 if place.is_dir() else 0o644)
    assert open_to_others(path)
    with LocalDari(path):
        assert open_to_others(path) == []


def test_a_killed_ones_log_is_closed_too(path, serve, call):
    served = serve(path)
    with call(served) as api:
        worked(api)
    served.kill()
    for place in path.parent.glob("course.db-*"):
        place.chmod(0o644)
    with LocalDari(path):
        assert open_to_others(path) == []
