"""The decoder of event streams."""

import pytest
from httpx_sse._decoders import SSEDecoder, SSELineDecoder
from hypothesis import given
from hypothesis import strategies as st

from dari_nb.client._sse import EventSourceDecoder

pieces = st.sampled_from(
    ["data: ", "data:", "data", "id: 7", "event: x", ": hm", "retry: 5", "{}", "é", " ", ":"]
    + ["\n", "\n\n", "\r", "\r\n", "\r\n\r\n", "\r\r"] * 2
)
streams = st.lists(pieces, max_size=40).map("".join)
cuts = st.lists(st.integers(1, 7), min_size=1, max_size=20)


def by_httpx_sse(text: str) -> list[str]:
    lines, events = SSELineDecoder(), SSEDecoder()
    found = [events.decode(line) for line in [*lines.decode(text), *lines.flush()] if text]
    return [sse.data for sse in found if sse is not None and sse.data]


def in_chunks(body: bytes, sizes: list[int]) -> list[bytes]:
    decoder, found, turn = EventSourceDecoder(), [], 0
    while body:
        size = sizes[turn % len(sizes)]
        turn += 1
        found += decoder.feed(body[:size])
        body = body[size:]
    return found


@given(streams, cuts)
def test_any_stream_cut_anywhere_is_read_as_httpx_sse_reads_it(text, sizes):
    assert [data.decode() for data in in_chunks(text.encode(), sizes)] == by_httpx_sse(text)


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_a_byte_order_mark_is_no_part_of_the_first_field(size):
    assert in_chunks(b"\xef\xbb\xbfdata: a\n\ndata: b\n\n", [size]) == [b"a", b"b"]


def test_an_event_is_complete_with_its_carriage_return_not_with_the_next_byte():
    assert EventSourceDecoder().feed(b"data: a\r\r") == [b"a"]


def test_an_event_that_the_stream_ends_in_is_dropped():
    assert EventSourceDecoder().feed(b"data: a\n\ndata: {") == [b"a"]


def test_an_event_of_eight_mebibytes_in_small_chunks_is_read():
    data = b"x" * (8 << 20)
    assert in_chunks(b"data: " + data + b"\n\n", [1 << 16]) == [data]


@pytest.mark.parametrize(
    ("line", "retry"), [(b"retry: 5", 5), (b"retry:12", 12), (b"retry: -1", None), (b"retry", None)]
)
def test_the_reconnect_time_is_kept_only_when_it_is_a_number(line, retry):
    decoder = EventSourceDecoder()
    assert decoder.feed(line + b"\ndata: a\n\n") == [b"a"]
    assert decoder.retry == retry
