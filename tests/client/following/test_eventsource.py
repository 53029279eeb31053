"""The web platform's own EventSource cases: what each feeds, told again, and what is to come out.

The platform reports events without data, too; they hold nothing of the API's and are left out here.
It keeps the id and the type of an event apart; here both are in the event's data.
"""

import asyncio

import pytest
from starlette.responses import Response, StreamingResponse

from dari_nb.client._following.frames import Frames
from dari_nb.errors import ApiError, UnexpectedAnswerError

LONG = "x" * 2000
BOM = "\ufeff"

# By the name of the platform's case: the stream, and the data of its events.
CASES = {
    "format-bom": (f"{BOM}data:1\n\n{BOM}data:2\n\ndata:3\n\n", ["1", "3"]),
    "format-comments": (
        f"data:1\r:\0\n:\r\ndata:2\n:{LONG}\rdata:3\n:data:fail\r:{LONG}\ndata:4\n\n",
        ["1\n2\n3\n4"],
    ),
    "format-data-before-final-empty-line": (
        "retry:1000\ndata:test1\n\nid:test\ndata:test2",
        ["test1"],
    ),
    "format-field-data": ("data:\n\ndata\ndata\n\ndata:test\n\n", ["\n", "test"]),
    "format-field-id-3": (
        "id: 1\ndata: 1\n\ndata: 2\n\nid:2\ndata: 3\n\nid:\ndata: 4\n\nid\ndata: 5\n\n",
        ["1", "2", "3", "4", "5"],
    ),
    "format-field-id-null": (
        "".join(f"id: {value}\ndata: hello\n\n" for value in ("\0\0", "x\0", "\0x", "x\0x", " \0")),
        ["hello"] * 5,
    ),
    "format-field-parsing": (
        (
            "data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\rdata_5\n"
            "data:3\rdata:\r\n data:32\ndata:4\n\n"
        ),
        ["\0\n 2\n1\n3\n\n4"],
    ),
    "format-field-retry": ("retry:3000\ndata:x\n\n", ["x"]),
    "format-field-retry-bogus": ("retry:3000\nretry:1000x\ndata:x\n\n", ["x"]),
    "format-field-retry-empty": ("retry\ndata:test\n\n", ["test"]),
    "format-leading-space": ("data:\ttest\rdata: \ndata:test\n\n", ["\ttest\n\ntest"]),
    "format-newlines": ("data:test\r\ndata\ndata:test\r\n\r\n", ["test\n\ntest"]),
    "event-data": (
        (
            "data:msg\ndata: msg\n\n:\nfalsefield:msg\n\nfalsefield:msg\nData:data\n\n"
            "data\n\ndata:end\n\n"
        ),
        ["msg\nmsg", "end"],
    ),
    # Cases of our own.
    "names with spaces": ("data :1\n data:2\n\tdata:3\ndata:4\n\n", ["4"]),
    "a mixture": ("data:1\ndata:2\r\ndata:3\rdata:4\n\rdata:5\r\n\n", ["1\n2\n3\n4", "5"]),
    "line ends that only look so": (
        "data:a\u2028b\u0085c\vd\fe\n\n",
        ["a\u2028b\u0085c\vd\fe"],
    ),
    "characters beyond the basic plane": ("data:\U0001f600 ok…\n\n", ["\U0001f600 ok…"]),
    "an event that the stream ends in": ("data:1\n\nevent: x", ["1"]),
}
RETRIES = {
    "format-data-before-final-empty-line": 1000,
    "format-field-retry": 3000,
    "format-field-retry-bogus": 3000,
    "format-field-retry-empty": None,
}


def decoded(*chunks: bytes) -> list[str]:
    frames = Frames()
    return [data.decode() for chunk in chunks for data in frames.feed(chunk)]


@pytest.mark.parametrize(("text", "found"), CASES.values(), ids=CASES)
def test_a_case_comes_out_the_same_at_every_byte_split(text, found):
    body = text.encode()
    assert decoded(body) == found
    assert decoded(*(body[place : place + 1] for place in range(len(body)))) == found
    for cut in range(1, len(body)):
        assert decoded(body[:cut], body[cut:]) == found


@pytest.mark.parametrize(("name", "retry"), RETRIES.items())
def test_a_case_sets_the_reconnect_time_at_every_byte_split(name, retry):
    body = CASES[name][0].encode() + b"\n\n"
    for cut in range(len(body)):
        frames = Frames()
        frames.feed(body[:cut])
        frames.feed(body[cut:])
        assert frames.retry == retry


STREAM = "/sessions/sess_1/stream"


@pytest.mark.parametrize("type_", ["text/x-bogus", "text/plain", ""])
def test_another_type_fails_the_connection(dari, sync_side, type_):
    dari.answer("GET", STREAM, Response(b"data: 1\n\n", headers={"Content-Type": type_}))
    with pytest.raises(UnexpectedAnswerError):
        sync_side.follow(dari.url)
    assert len(dari.seen) == 1


@pytest.mark.parametrize(
    "type_",
    ["text/event-stream;bogus", "Text/Event-Stream; charset=windows-1252"],
)
def test_parameters_of_the_type_do_not_matter_and_the_text_is_utf_8(dari, sync_side, type_):
    async def body():
        yield 'data: {"id": "a", "type": "ok…"}\n\n'.encode()
        await asyncio.sleep(30)

    dari.answer("GET", STREAM, StreamingResponse(body(), headers={"Content-Type": type_}))
    (event,) = sync_side.follow(dari.url, count=1)
    assert event.type == "ok…"


@pytest.mark.parametrize("status", [205, 410])
def test_a_status_without_a_stream_fails_the_connection(dari, sync_side, status):
    dari.answer("GET", STREAM, Response(status_code=status))
    with pytest.raises((ApiError, UnexpectedAnswerError)):
        sync_side.follow(dari.url)
    assert len(dari.seen) == 1


@pytest.mark.parametrize("reconnected", [False, True])
def test_stream_redirect_is_not_followed(dari, sync_side, reconnected):
    async def once():
        yield b'data: {"id": "a", "type": "x"}\n\n'

    dari.lists = False
    moved = Response(status_code=307, headers={"Location": "http://192.0.2.1/stream"})
    dari.streams = [*([once] if reconnected else []), moved]
    with pytest.raises(ApiError):
        sync_side.follow(dari.url)
    assert len(dari.asked(STREAM)) == 1 + reconnected


def test_the_platforms_request_headers_are_sent(dari, sync_side):
    dari.add()
    sync_side.follow(dari.url, count=1)
    headers = dari.asked(STREAM)[0].headers
    assert headers["accept"] == "text/event-stream"
    assert headers["cache-control"] == "no-store"
