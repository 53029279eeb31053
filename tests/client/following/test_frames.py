"""The frames of event streams, as they are cut out of bytes."""

import pytest

from dari_nb.client._following.frames import Frames


def in_chunks(body: bytes, sizes: list[int]) -> list[bytes]:
    frames, found, turn = Frames(), [], 0
    while body:
        size = sizes[turn % len(sizes)]
        turn += 1
        found += frames.feed(body[:size])
        body = body[size:]
    return found


def test_an_event_is_complete_with_its_carriage_return_not_with_the_next_byte():
    assert Frames().feed(b"data: a\r\r") == [b"a"]


def test_an_event_that_the_stream_ends_in_is_dropped():
    assert Frames().feed(b"data: a\n\ndata: {") == [b"a"]


def test_an_event_of_eight_mebibytes_in_small_chunks_is_read():
    data = b"x" * (8 << 20)
    assert in_chunks(b"data: " + data + b"\n\n", [1 << 16]) == [data]


@pytest.mark.parametrize(
    ("lines", "retry"),
    [
        ("retry:3000", 3000),
        ("retry:3000\nretry:-1\nretry:1e3\nretry:0x10\nretry:+5\nretry: \nretry", 3000),
        ("retry:1\nretry:2", 2),
        ("retry:  5", None),
        ("Retry:5", None),
        ("retry:²", None),
    ],
)
def test_retry_with_other_than_digits_is_ignored(lines, retry):
    frames = Frames()
    frames.feed(lines.encode() + b"\n\n")
    assert frames.retry == retry
