"""What is fetched when a stream is taken up again, and what is passed over on the way."""

import asyncio

import pytest

from .streams import EVENTS, SESSION, STREAM, chunks, frames, numbers


def filled(dari, count: int):
    for _ in range(count):
        dari.add()
    return dari


@pytest.mark.parametrize(
    ("replays", "resumes", "kills"),
    [(True, True, (3,)), (False, True, (1, 5, 6, 9)), (False, False, (1, 5, 6, 9))],
)
def test_events_that_come_during_a_break_are_not_lost(
    dari, sync_side, tcp_proxy, replays, resumes, kills
):
    """Also where the server begins each stream with what happens next, and is silent until then."""
    dari.replays, dari.resumes = replays, resumes
    dari.answer("GET", f"/sessions/{SESSION}", {"id": SESSION, "last_message_status": "running"})
    proxy = tcp_proxy(dari.url)
    dari.add("user.message")

    def each(event) -> None:
        number = event.sequence_number
        if number in kills:
            proxy.kill()
        if number == len(dari.ledger) < 11:
            status = {"status": "completed"} if number == 10 else {}
            kind = "message.status_changed" if number == 10 else "x"
            now = {"id": SESSION, "last_message_id": "m", "last_message_status": f"{number}"}
            dari.answer("GET", f"/sessions/{SESSION}", now)
            dari.add(kind, data=status)

    assert numbers(sync_side.follow(proxy.url, until="msg_1", each=each)) == list(range(1, 12))


@pytest.mark.parametrize(("most", "resumes"), [(None, True), (100, False)])
def test_stream_after_event_resumes(dari, sync_side, most, resumes):
    filled(dari, 505)
    dari.most, dari.resumes = most, resumes
    found = sync_side.follow(
        dari.url,
        last_event_id="sess_1:evt_500",
        count=8,
        each=lambda event: event.sequence_number >= 505 and dari.add(),
    )
    assert numbers(found) == list(range(501, 509))


def after(*events: int) -> list[dict[str, str]]:
    """Streams that each resume after one of these events."""
    return [{"last_event_id": f"sess_1:evt_{number}"} for number in events]


def going_on(dari):
    """Have the session get another event whenever its last one arrives."""
    return lambda event: event.sequence_number == len(dari.ledger) and dari.add()


def test_message_that_ended_before_the_resumed_event_ends_the_stream(dari, sync_side):
    filled(dari, 3)
    dari.ledger[1] |= {"type": "message.status_changed", "data": {"status": "completed"}}
    ended = {"last_event_id": "sess_1:evt_4", "until": "msg_1"}
    found = sync_side.follow_each(dari.url, [*after(2), ended], count=2, each=going_on(dari))
    assert [numbers(one) for one in found] == [[3, 4], []]


def test_stream_after_unknown_event_starts_over(dari, sync_side):
    filled(dari, 10)
    dari.resumes = False
    assert numbers(sync_side.follow(dari.url, last_event_id="evt_x", count=10)) == list(
        range(1, 11)
    )


NOISE = {
    "a ping": b"event: ping\ndata: ping\n\n",
    "a number": b"data: 12\n\n",
    "another encoding": b"data: \xff\xfe\n\n",
    "a name without data": b"event: ping\n\n",
    "a null": b"data: null\n\n",
    "deep": b"data: " + b"[" * 5000 + b"\n\n",
}


@pytest.mark.parametrize("noise", NOISE.values(), ids=NOISE)
def test_what_is_no_event_is_passed_over_and_the_events_beside_it_are_not(dari, sync_side, noise):
    whole = list(filled(dari, 4).ledger)
    texts = [frames(dari, number) for number in range(1, 5)]
    dari.ledger = []

    async def body():
        for event, text in zip(whole, texts, strict=True):
            dari.ledger.append(event)
            yield noise + text + noise * 2
        await asyncio.sleep(30)

    dari.streams = [body]
    assert numbers(sync_side.follow(dari.url, count=4)) == [1, 2, 3, 4]
    assert len(dari.asked(STREAM)) == 1


def test_a_last_event_that_is_garbled_is_read_from_the_list(dari, sync_side):
    filled(dari, 2)
    dari.add("message.status_changed", data={"status": "completed"})
    cut = frames(dari, 3)[:60] + b"\n\n"
    dari.streams = [chunks(frames(dari, 1, 2), cut, then_hang=True)]
    listed = {"events": dari.ledger}
    dari.answer("GET", EVENTS, {"events": []}, listed)
    assert numbers(sync_side.follow(dari.url, until="msg_1")) == [1, 2, 3]
    assert len(dari.asked(STREAM)) == 1


def test_what_comes_again_is_dropped_however_long_the_ledger_is(dari, sync_side, tcp_proxy):
    """Here each connection begins with the first event."""
    filled(dari, 2_500)
    dari.resumes = False
    proxy = tcp_proxy(dari.url)
    kills = {1_200, 2_499}
    found = sync_side.follow(
        proxy.url,
        count=2_500,
        each=lambda event: event.sequence_number in kills and proxy.kill(),
    )
    assert numbers(found) == list(range(1, 2_501))
