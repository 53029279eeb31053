"""Event streams: each event once and in order, whatever the connection and the server do."""

import asyncio
import contextlib
import gzip
import signal
import socket
import threading
from functools import partial

import pytest
from starlette.responses import JSONResponse, StreamingResponse

from dari_nb.client import AsyncClient, Client, Reconnect
from dari_nb.errors import (
    StreamInterruptedError,
    UnexpectedAnswerError,
)

from .streams import EVENTS, SESSION, STREAM, chunks, frames, numbers

KEY = "dari_Zm9vYmFy-secret"
STEADY = Reconnect(initial_backoff=0.001, max_backoff=5.0)


def open_connections(client: Client | AsyncClient) -> int:
    """How many of httpx's connections are in use."""
    http = client._transport._http
    pools = [transport._pool for transport in (http._transport, *http._mounts.values())]
    connections = [each for pool in pools for each in pool.connections]
    return sum(not (each.is_idle() or each.is_closed()) for each in connections)


@pytest.fixture
def turn(dari):
    """A ledger of ten events, the last of which completes ``msg_1``."""
    for _ in range(9):
        dari.add()
    dari.add("message.status_changed", data={"status": "completed"})
    return dari


@pytest.mark.parametrize(
    ("replays", "resumes", "lists"),
    [
        (True, True, True),
        (True, True, False),
        (True, False, True),
        (True, False, False),
        (False, True, True),
        (False, False, True),
    ],
)
def test_a_turn_is_whole_in_every_reading_of_replay_and_resume(
    dari, side, tcp_proxy, replays, resumes, lists
):
    dari.replays, dari.resumes, dari.lists = replays, resumes, lists
    proxy = tcp_proxy(dari.url)
    dari.add("user.message")

    def each(event):
        if event.sequence_number == 10:
            dari.add("message.status_changed", data={"status": "failed"})
        elif event.sequence_number < 10:
            dari.add()
        if event.sequence_number in (4, 7):
            proxy.kill()

    found = side.follow(proxy.url, until="msg_1", each=each)
    assert numbers(found) == list(range(1, 12))


def test_a_resumed_stream_names_the_last_event_and_repeats_none(turn, side, tcp_proxy):
    proxy = tcp_proxy(turn.url)
    turn.streams = [chunks(frames(turn, 1, 2, 3)), chunks(frames(turn, 4), then_hang=True)]
    turn.lists = False
    found = side.follow(proxy.url, count=4)
    assert numbers(found) == [1, 2, 3, 4]
    resumed = [seen.headers.get("last-event-id") for seen in turn.asked(STREAM)]
    assert resumed == [None, "sess_1:evt_3"]


def test_a_stream_that_begins_after_the_awaited_end_is_over_at_once(turn, sync_side):
    turn.add("session.status_changed", message_id=None)
    assert sync_side.follow(turn.url, last_event_id="sess_1:evt_10", until="msg_1") == []


def test_a_gap_is_filled_from_the_ledger_before_going_on(turn, sync_side):
    hidden = list(turn.ledger)
    turn.answer("GET", EVENTS, {"events": []}, {"events": hidden})
    turn.streams = [chunks(frames(turn, 1, 2), frames(turn, 6, 7), then_hang=True)]
    assert numbers(sync_side.follow(turn.url, until="msg_1")) == list(range(1, 11))


def test_repeated_and_disordered_events_come_once_and_in_order(turn, side):
    turn.lists = False
    turn.streams = [
        chunks(frames(turn, 1, 1, 2), frames(turn, 2, 1, 4, 3), frames(turn, 5, 5), then_hang=True)
    ]
    assert numbers(side.follow(turn.url, count=5)) == [1, 2, 3, 4, 5]


def test_unknown_event_types_and_fields_are_kept(dari, side):
    dari.add("assistant.thought", mood="calm", data={"depth": {"a": [1]}})
    (event,) = side.follow(dari.url, count=1)
    assert (event.type, event.extra) == ("assistant.thought", {"mood": "calm"})
    assert event.to_dict() == dari.ledger[0]


def test_events_without_sequence_numbers_are_passed_on_by_id(dari, sync_side):
    for name in ("a", "b", "c"):
        dari.ledger.append({"id": name, "type": "x"})
    found = sync_side.follow(dari.url, count=3)
    assert [event.id for event in found] == ["a", "b", "c"]


def test_a_garbled_event_is_fetched_anew(turn, sync_side):
    garbled = b'data: {"id": "sess_1:ev\xff\n\n'
    turn.lists = False
    turn.streams = [
        chunks(frames(turn, 1), garbled, then_hang=True),
        chunks(frames(turn, 2), then_hang=True),
    ]
    assert numbers(sync_side.follow(turn.url, count=2)) == [1, 2]


def test_a_silent_connection_is_given_up_and_taken_up_again(turn, side):
    turn.lists = False
    turn.streams = [
        chunks(frames(turn, 1), then_hang=True),
        chunks(frames(turn, 2), then_hang=True),
    ]
    states: list[str] = []
    watch = Reconnect(idle_timeout=0.3, initial_backoff=0.005)
    found = side.follow(turn.url, count=2, reconnect=watch, on_state=states.append)
    assert numbers(found) == [1, 2]
    assert states[:3] == ["live", "reconnecting", "live"]


def test_keep_alive_comments_keep_a_connection(turn, sync_side):
    async def slow():
        for _ in range(15):
            yield b": keep-alive\n\n"
            await asyncio.sleep(0.02)
        yield frames(turn, 1)
        await asyncio.sleep(30)

    turn.lists = False
    turn.streams = [slow]
    watch = Reconnect(idle_timeout=0.2, initial_backoff=0.005)
    assert numbers(sync_side.follow(turn.url, count=1, reconnect=watch)) == [1]
    assert len(turn.asked(STREAM)) == 1


@pytest.mark.parametrize("status", [408, 500])
def test_a_passing_failure_is_waited_out(turn, sync_side, status):
    busy = JSONResponse({"detail": "later"}, status)
    turn.streams = [busy, busy]
    assert numbers(sync_side.follow(turn.url, until="msg_1")) == list(range(1, 11))
    assert len(turn.asked(STREAM)) == 3


def test_ten_connections_without_news_are_the_end(dari, sync_side):
    dari.streams = [chunks(b": hello\n\n") for _ in range(99)]
    states: list[str] = []
    with pytest.raises(StreamInterruptedError):
        sync_side.follow(dari.url, reconnect=STEADY, on_state=states.append)
    assert len(dari.asked(STREAM)) == 10


def test_a_server_that_is_gone_is_given_up_with_the_cause(sync_side):
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(StreamInterruptedError):
        sync_side.follow(url)


def test_the_servers_own_reconnect_time_is_kept(turn, side, pauses):
    turn.lists = False
    turn.streams = [
        chunks(b"retry: 300\n\n" + frames(turn, 1)),
        chunks(frames(turn, 2), then_hang=True),
    ]
    assert numbers(side.follow(turn.url, count=2)) == [1, 2]
    assert pauses == [0.3]


def test_an_id_that_no_header_can_hold_is_not_sent(dari, sync_side):
    dari.ledger = [{"id": "a\r\nX-Evil: 1", "type": "x", "sequence_number": 1}]
    dari.lists = False
    body = b'data: {"id": "a\\r\\nX-Evil: 1", "type": "x", "sequence_number": 1}\n\n'
    dari.streams = [chunks(body), chunks(body.replace(b"Evil: 1", b"2"), then_hang=True)]
    assert len(sync_side.follow(dari.url, count=2)) == 2
    assert all("x-evil" not in seen.headers for seen in dari.seen)


def test_a_closed_sync_stream_ends_and_frees_its_connection(dari):
    dari.add()
    with Client(dari.url, KEY) as client:
        with client.sessions.stream(SESSION) as stream:
            assert next(stream).sequence_number == 1
        assert list(stream) == []
        assert open_connections(client) == 0


def test_an_interrupt_while_waiting_ends_a_sync_stream_and_frees_its_connection(dari):
    dari.add()
    interrupt = partial(signal.pthread_kill, threading.get_ident(), signal.SIGINT)
    with Client(dari.url, KEY) as client:
        with pytest.raises(KeyboardInterrupt), client.sessions.stream(SESSION) as stream:
            any(threading.Timer(0.05, interrupt).start() for _ in stream)
        assert open_connections(client) == 0


def test_a_cancelled_task_closes_its_stream_cleanly(dari):
    dari.add()

    async def main() -> None:
        came = asyncio.Event()

        async def follow() -> None:
            async with client.sessions.stream(SESSION) as stream:
                async for _ in stream:
                    came.set()

        async with AsyncClient(dari.url, KEY) as client:
            task = asyncio.create_task(follow())
            await came.wait()
            assert open_connections(client) == 1
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert open_connections(client) == 0
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


def test_a_cancelled_wait_between_connections_ends_at_once():
    async def main() -> None:
        reconnecting = asyncio.Event()
        slow = Reconnect(initial_backoff=60, max_backoff=60)

        async def follow() -> None:
            stream = client.sessions.stream(SESSION, on_state=lambda _: reconnecting.set())
            async for _ in stream:
                pass

        async with AsyncClient("http://127.0.0.1:1", KEY, reconnect=slow) as client:
            task = asyncio.create_task(follow())
            await reconnecting.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(task, 5)

    asyncio.run(main())


def test_many_streams_do_not_keep_plain_requests_waiting(dari):
    dari.add()
    dari.answer("GET", "/sessions/sess_1", {"id": "sess_1"})

    async def main() -> str:
        async with AsyncClient(dari.url, KEY) as client, contextlib.AsyncExitStack() as stack:
            for _ in range(101):
                stream = await stack.enter_async_context(client.sessions.stream(SESSION))
                await anext(stream)
            return (await client.sessions.get("sess_1")).id

    assert asyncio.run(main()) == "sess_1"


def test_compressed_streams_are_read(turn, sync_side):
    async def body():
        yield gzip.compress(frames(turn, 1, 2))

    headers = {"Content-Encoding": "gzip"}
    turn.lists = False
    turn.streams = [StreamingResponse(body(), media_type="text/event-stream", headers=headers)]
    assert numbers(sync_side.follow(turn.url, count=2)) == [1, 2]


def test_an_event_of_eight_mebibytes_comes_through(dari, sync_side):
    dari.add(data={"text": "naïve" * (8 << 20 >> 2)})
    dari.lists = False
    (event,) = sync_side.follow(dari.url, count=1)
    assert event.to_dict() == dari.ledger[0]


def test_event_without_end_raises(dari, sync_side):
    dari.lists = False
    dari.streams = [chunks(*[b"x" * (1 << 20)] * 80, then_hang=True)]
    with pytest.raises(UnexpectedAnswerError):
        sync_side.follow(dari.url, count=1)
