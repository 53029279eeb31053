"""Files come in parts, whole and into a folder of their own."""

import pytest

from dari_nb.errors import InvalidRequestError
from dari_nb.widgets.chat.upload import Uploads


@pytest.fixture
def uploads():
    uploads = Uploads(most_bytes=1000)
    yield uploads
    uploads.forget()


def chunk(key="k", name="a.txt", size=6, offset=0):
    return {"key": key, "name": name, "size": size, "offset": offset}


def test_parts_make_the_file(uploads):
    assert uploads.take(chunk(), [memoryview(b"abc")]) is None
    assert uploads.take(chunk(offset=3), [memoryview(b"def")]) == "k"
    assert uploads.path("k").read_bytes() == b"abcdef"
    assert uploads.path("k").name == "a.txt"


def test_an_empty_file_is_a_file(uploads):
    assert uploads.take(chunk(size=0), [memoryview(b"")]) == "k"
    assert uploads.path("k").read_bytes() == b""


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..\\..\\x\\passwd"])
def test_a_name_leads_nowhere_else(uploads, name):
    uploads.take(chunk(key="../../k", name=name, size=1), [memoryview(b"x")])
    path = uploads.path("../../k")
    assert path.name == "passwd"
    assert path.parent.name == "k"
    assert path.parent.parent.name.startswith("dari-chat-")


def test_what_is_too_large_is_refused(uploads):
    with pytest.raises(InvalidRequestError):
        uploads.take(chunk(size=1001), [memoryview(b"x")])


def test_a_missing_part_is_noticed(uploads):
    uploads.take(chunk(), [memoryview(b"abc")])
    with pytest.raises(InvalidRequestError):
        uploads.take(chunk(offset=5), [memoryview(b"f")])
    with pytest.raises(InvalidRequestError):
        uploads.path("k")


def test_nothing_is_left_when_it_is_forgotten(uploads):
    uploads.take(chunk(size=1), [memoryview(b"x")])
    folder = uploads.path("k").parent.parent
    uploads.forget()
    assert not folder.exists()
