"""A disk that is full, or does not work, for a while."""

import pytest

from dari_nb.local import LocalDari

FULL = ["db = server._store._db", "db.execute('PRAGMA max_page_count = 1')"]
ROOM = ["db.execute('PRAGMA max_page_count = 1000000')"]
LIMITED = [
    "import resource",
    "limits = resource.getrlimit(resource.RLIMIT_FSIZE)",
    "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))",
]
UNLIMITED = ["resource.setrlimit(resource.RLIMIT_FSIZE, limits)"]


def events_of(api, session_id):
    return {e["id"]: e for e in api.events(session_id)}


@pytest.mark.parametrize(
    ("fill", "free", "size", "status"),
    [
        (FULL, ROOM, 2_000_000, 507),
        (LIMITED, UNLIMITED, 100_000, 503),
    ],
    ids=["database", "log"],
)
def test_a_full_disk_is_a_507_that_keeps_nothing_and_the_session_goes_on_when_there_is_room(
    path, serve, call, fill, free, size, status
):
    served = serve(path)
    with call(served) as api:
        session_id = api.ask("echo", "before")["session_id"]
        api.rests(session_id)
        before = events_of(api, session_id)
        served.does(*fill)
        refused = api.http.post("/files", files={"file": ("x.txt", b"x" * size)})
        assert refused.status_code == status
        assert events_of(api, session_id) == before
        served.does(*free)
        sent = api.send(session_id, "after")["message"]["id"]
        assert api.finished(sent)["status"] == "completed"
        api.rests(session_id)
        everything = events_of(api, session_id)
    served.kill()
    with LocalDari(path) as server, call(server) as api:
        assert events_of(api, session_id).items() >= everything.items()
