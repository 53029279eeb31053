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


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_a_byte_order_mark_is_no_part_of_the_first_field(size):
    assert in_chunks(b"\xef\xbb\xbfdata: a\n\ndata: b\n\n", [size]) == [b"a", b"b"]


def test_an_event_is_complete_with_its_carriage_return_not_with_the_next_byte():
    assert Frames().feed(b"data: a\r\r") == [b"a"]


def test_an_event_that_the_stream_ends_in_is_dropped():
    assert Frames().feed(b"data: a\n\ndata: {") == [b"a"]


def test_an_event_of_eight_mebibytes_in_small_chunks_is_read():
    data = b"x" * (8 << 20)
    assert in_chunks(b"data: " + data + b"\n\n", [1 << 16]) == [data]


@pytest.mark.parametrize(
    ("line", "retry"), [(b"retry: 5", 5), (b"retry:12", 12), (b"retry: -1", None), (b"retry", None)]
)
def test_the_reconnect_time_is_kept_only_when_it_is_a_number(line, retry):
    frames = Frames()
    assert frames.feed(line + b"\ndata: a\n\n") == [b"a"]
    assert frames.retry == retry


STANDARD = {
    "a byte order mark": ("\ufeffdata:1\n\ndata:2\n\n", ["1", "2"]),
    "a second byte order mark": ("\ufeff\ufeffdata:1\n\ndata:2\n\n", ["2"]),
    "a byte order mark later on": ("data:1\n\n\ufeffdata:2\n\ndata:3\n\n", ["1", "3"]),
    "comments": ("data:1\r:\0\n:\r\ndata:2\n:" + "x" * 5000 + "\rdata:3\n\n", ["1\n2\n3"]),
    "a comment alone": (": ping\n\n:\n\n", []),
    "a field without a value": ("data\ndata\n\ndata:test\n\n", ["\n", "test"]),
    "data without a final blank line": ("data:1\n\ndata:2", ["1"]),
    "data with only its own line ended": ("data:1\n\ndata:2\n", ["1"]),
    "an event name as the last thing": ("data:1\n\nevent: x", ["1"]),
    "names in capitals": ("Data:1\nDATA:2\ndata:3\n\n", ["3"]),
    "names with spaces": ("data :1\n data:2\n\tdata:3\ndata:4\n\n", ["4"]),
    "names with a null character": ("data\0:1\n\0data:2\ndata:3\n\n", ["3"]),
    "names that only begin alike": ("datax:1\ndat:2\ndata:3\n\n", ["3"]),
    "unknown fields": ("x:1\ndata:2\nretries:5\nsomething\n\n", ["2"]),
    "a null character in an id": ("id:a\0b\ndata:1\n\n", ["1"]),
    "an id without data": ("id:7\n\ndata:1\n\n", ["1"]),
    "a null character in data": ("data:\0\n\n", ["\0"]),
    "one leading space": ("data: 1\n\ndata:  2\n\ndata:\t3\n\n", ["1", " 2", "\t3"]),
    "only a leading space": ("data:  \ndata: \n\n", [" \n"]),
    "a colon in the value": ("data:a:b\n\ndata: : c\n\n", ["a:b", ": c"]),
    "line feeds": ("data:1\ndata:2\n\n", ["1\n2"]),
    "carriage returns": ("data:1\rdata:2\r\r", ["1\n2"]),
    "both": ("data:1\r\ndata:2\r\n\r\n", ["1\n2"]),
    "a mixture": ("data:1\ndata:2\r\ndata:3\rdata:4\n\rdata:5\r\n\n", ["1\n2\n3\n4", "5"]),
    "several blank lines": ("data:1\n\n\n\r\r\n\ndata:2\n\n", ["1", "2"]),
    "line ends that only look so": (
        "data:a\u2028b\u0085c\vd\fe\n\n",
        ["a\u2028b\u0085c\vd\fe"],
    ),
    "several lines of data": ("data:1\ndata:\ndata\ndata:2\n\n", ["1\n\n\n2"]),
    "data before and after other fields": ("data:1\nid:2\nevent:e\ndata:3\n\n", ["1\n3"]),
    "characters beyond the basic plane": ("data:\U0001f600 ok…\n\n", ["\U0001f600 ok…"]),
}


@pytest.mark.parametrize("size", [1, 2, 3, 7, 10_000])
@pytest.mark.parametrize(("text", "found"), STANDARD.values(), ids=STANDARD)
def test_event_streams_are_read_as_the_web_platform_says(text, found, size):
    # Events with empty data, which the platform reports, hold nothing of the API's.
    assert [data.decode() for data in in_chunks(text.encode(), [size])] == found


@pytest.mark.parametrize(
    ("lines", "retry"),
    [
        ("retry:3000", 3000),
        ("retry: 3000", 3000),
        ("retry:03000", 3000),
        ("retry:3000\nretry:1000x", 3000),
        ("retry:3000\nretry:-1\nretry:1e3\nretry:0x10\nretry:+5\nretry: \nretry", 3000),
        ("retry:1\nretry:2", 2),
        ("retry:  5", None),
        ("Retry:5", None),
        ("retry:²", None),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_a_reconnect_time_is_a_number_of_digits_and_nothing_else(lines, retry, end):
    frames = Frames()
    frames.feed(lines.replace("\n", end).encode() + 2 * end.encode())
    assert frames.retry == retry
