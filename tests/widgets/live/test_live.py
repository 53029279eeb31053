"""The widget's own side: batches are numbered, bounded, rate-limited, and can be had again."""

import asyncio
import threading
import time

import pytest

from dari_nb.render import Head
from dari_nb.widgets import LiveTranscript
from dari_nb.widgets.pace import INTERVAL

RUNNING = Head("librarian", "small", "running")


def test_batches_are_numbered_from_one_and_hold_only_changes(live, wire, make):
    first, second = make.user("u"), make.answer("a")
    live.show([first], RUNNING)
    live.show([first, second], RUNNING)
    live.show([first, second], RUNNING)
    assert [content["n"] for content, _ in wire.messages] == [1, 2]
    assert [[f["id"] for f in fragments] for _, fragments in wire.messages] == [["u"], ["a"]]
    assert wire.messages[1][1][0]["after"] == "u"
    assert wire.messages[1][1][0]["turn"] == "m1"


def test_the_first_batch_goes_at_once_and_the_next_ones_wait_their_turn(live, wire, make):
    items = [make.user(f"u{n}") for n in range(200)]
    start = time.monotonic()
    live.update(items[:1], RUNNING)
    make.until(lambda: len(wire.messages) == 1)
    for n in range(2, 201):
        live.update(items[:n], RUNNING)
        time.sleep(0.001)
    live.flush()
    assert len(wire.messages) <= (time.monotonic() - start) / INTERVAL + 3
    assert sum(len(fragments) for _, fragments in wire.messages) == 200
    assert wire.count <= 2 * len(wire.messages) + 1


def test_the_items_are_read_only_when_a_batch_is_due(live, make):
    reads = []

    def read():
        reads.append(1)
        return [make.user("u")], RUNNING

    async def burst() -> None:
        for _ in range(2_000):
            live.update_from(read)
        await live.finish()

    asyncio.run(burst())
    assert len(reads) <= 3


def test_a_large_update_is_split_into_buffers_below_a_megabyte(live, wire, make, monkeypatch):
    # On the quickest machine, where no batch ends for its time.
    monkeypatch.setattr("dari_nb.widgets.live.transcript.BUDGET", float("inf"))
    text = "\n\n~~~\n" + 'word "&<\n' * 500
    items = [make.answer(f"a{n}", f"{n}{text}") for n in range(400)]
    live.show(items, RUNNING)
    ids = [f["id"] for _, fragments in wire.messages for f in fragments]
    assert ids == [item.id for item in items]
    assert sum(wire.sizes) > 1_500_000
    assert max(wire.sizes) <= 1_000_000


def test_a_page_that_opens_late_gets_a_snapshot_of_everything(live, wire, make):
    first, second, third = make.user("u"), make.answer("a"), make.answer("b")
    live.show([first, second], RUNNING)
    live.show([first, third], RUNNING)
    wire.say({"kind": "hello"})
    content, fragments = wire.messages[-1]
    assert (content["kind"], content["n"], content["part"], content["parts"]) == (
        "snapshot",
        2,
        0,
        1,
    )
    assert [(f["id"], f["after"]) for f in fragments] == [("u", None), ("b", "u")]


def test_a_hello_before_anything_was_sent_is_answered_with_an_empty_snapshot(live, wire):
    wire.say({"kind": "hello"})
    assert [(content["n"], fragments) for content, fragments in wire.messages] == [(0, [])]


@pytest.mark.parametrize("content", [None, {}, {"kind": "x"}])
def test_nonsense_from_a_page_does_no_harm(live, wire, make, content):
    live.show([make.user("u")], RUNNING)
    wire.say(content)
    assert live.state == "running"


def test_stop_calls_everyone_who_asked(live, wire):
    heard = []
    live.on_stop(lambda: heard.append(1))
    live.on_stop(lambda: heard.append(2))
    wire.say({"kind": "request", "id": 1, "what": "stop", "body": None})
    assert heard == [1, 2]


def test_the_head_sets_title_and_state_and_an_end_keeps_its_time(live, make):
    live.started = time.time() - 12
    live.show([make.user("u")], RUNNING)
    assert live.state == "running"
    assert "librarian" in live.head
    assert "running" not in live.head
    assert live.seconds is None
    live.show([make.user("u")], Head("librarian", "small", "completed"))
    assert live.seconds == pytest.approx(12, abs=1)


def test_updates_come_from_a_background_thread(live, wire, make):
    async def feed() -> None:
        live.update([make.user("u")], RUNNING)
        await live.finish()

    thread = threading.Thread(target=asyncio.run, args=(feed(),))
    thread.start()
    thread.join()
    assert len(wire.messages) == 1


def test_an_update_waits_for_no_rendering(live, wire, make):
    rendering, may_go = threading.Event(), threading.Event()

    def read():
        rendering.set()
        may_go.wait(20)
        return [make.user("u")], RUNNING

    live.update_from(read)
    assert rendering.wait(20)
    live.update([make.user("u"), make.answer("a")], RUNNING)
    assert not wire.messages
    may_go.set()
    make.until(lambda: wire.messages and wire.messages[-1][1][-1]["id"] == "a")


def test_a_closed_widget_ignores_what_comes_late(make):
    live = LiveTranscript()

    async def late() -> None:
        live.update([make.user("u")], RUNNING)
        live.close()
        live.update([make.user("u"), make.answer("a")], RUNNING)
        await live.finish()

    asyncio.run(late())


def test_no_trait_grows_with_the_transcript(live, make):
    live.show([make.answer(f"a{n}", "word " * 50) for n in range(500)], RUNNING)
    state = live.get_state()
    own = {name: value for name, value in state.items() if name not in ("_esm", "_css")}
    assert len(str(own)) < 2000
