"""Many calls at once: each result once, as it comes, and an end when it is wanted."""

import signal
import subprocess
import sys
import threading

import pytest
from starlette.responses import Response

from dari_nb.client import Client, Retry, fetch_many
from dari_nb.errors import InvalidRequestError, NotFoundError

from .conftest import KEY

OTHERS: set[threading.Thread] = set()


@pytest.fixture(autouse=True)
def _others():
    """Workers of other tests may still wait for their last answers."""
    OTHERS.clear()
    OTHERS.update(threading.enumerate())


def fetchers() -> list[threading.Thread]:
    """The workers that this test has left."""
    mine = [one for one in threading.enumerate() if one not in OTHERS]
    return [one for one in mine if one.name.startswith("dari-fetch-")]


def getting(names):
    return (lambda client, name=name: client.sessions.get(name) for name in names)


@pytest.fixture
def client(dari):
    with Client(dari.url, KEY, retry=Retry(initial_backoff=0.001)) as client:
        yield client


def test_each_call_has_its_result_or_its_error_by_its_place(dari, client):
    names = [f"sess_{number}" for number in range(50)]
    for name in names[:49]:
        dari.answer("GET", f"/sessions/{name}", {"id": name})
    busy = Response(status_code=503)
    dari.answer("GET", "/sessions/sess_7", busy, busy, {"id": "sess_7"})
    with fetch_many(client, getting(names)) as results:
        found = dict(results)
    assert sorted(found) == list(range(50))
    assert [found[place].id for place in range(49)] == names[:49]
    assert isinstance(found[49], NotFoundError)
    assert fetchers() == []


@pytest.mark.parametrize("workers", [1, 8])
def test_so_many_calls_run_at_once_as_there_are_workers_when_the_server_is_slow(client, workers):
    running = threading.Barrier(workers)
    waits = [lambda _: running.wait(60) for _ in range(2 * workers)]
    with fetch_many(client, waits, workers=workers) as results:
        assert len(dict(results)) == 2 * workers


def test_results_that_nobody_takes_hold_the_calls_up(client):
    taken = []
    calls = (lambda _, number=number: taken.append(number) for number in range(1000))
    with fetch_many(client, calls, workers=3) as results:
        next(results)
        assert len(taken) <= 1 + 3 + 3
    assert len(taken) < 10
    assert fetchers() == []


def test_an_interrupt_between_results_ends_the_workers(client):
    def interrupt(place: int) -> None:
        if place == 20:
            signal.raise_signal(signal.SIGINT)

    calls = (lambda _: None for _ in range(100_000))
    with pytest.raises(KeyboardInterrupt), fetch_many(client, calls) as results:
        any(interrupt(place) for place, _ in results)
    assert fetchers() == []
    assert list(results) == []


def endless(client, **options):
    return fetch_many(client, ((lambda _, n=n: n) for n in range(10**9)), **options)


def by_break(client):
    for _ in endless(client):
        break


def walk(client, then) -> None:
    for place, _ in endless(client):
        if place > 60:
            then()


def by_an_error(client):
    with pytest.raises(ZeroDivisionError):
        walk(client, lambda: 1 / 0)


def by_an_interrupt(client):
    with pytest.raises(KeyboardInterrupt):
        walk(client, lambda: signal.raise_signal(signal.SIGINT))


def by_forgetting_it(client):
    results = endless(client)
    next(results)
    del results


@pytest.mark.parametrize(
    "leave",
    [
        by_break,
        by_an_error,
        by_an_interrupt,
        by_forgetting_it,
    ],
)
def test_no_thread_is_left_however_a_loop_is_left(client, leave):
    leave(client)
    for thread in fetchers():
        thread.join(60)
    assert fetchers() == []


LEFT = """
import threading
from dari_nb.client import Client, fetch_many
hanging = threading.Event()
client = Client("http://127.0.0.1:9", "dari_k")
for place, result in fetch_many(client, [lambda _: 1, *[lambda _: hanging.wait(60)] * 9]):
    break
print("left")
"""


def test_a_script_ends_while_calls_hang():
    done = subprocess.run(
        [sys.executable, "-c", LEFT], capture_output=True, text=True, timeout=40, check=True
    )
    assert (done.stdout, done.stderr) == ("left\n", "")


def test_an_end_does_not_wait_for_a_call_that_hangs(client):
    hanging, waited = threading.Event(), []
    calls = [lambda _: None, lambda _: waited.append(hanging.wait(120))]
    with fetch_many(client, calls) as results:
        next(results)
    assert waited == []
    hanging.set()
    for thread in fetchers():
        thread.join(30)


def broken():
    yield lambda _: 1
    raise LookupError("no more")


@pytest.mark.parametrize("calls", [[lambda _: 1 / 0], broken()])
def test_what_is_no_error_of_ours_is_raised(client, calls):
    with pytest.raises((ZeroDivisionError, LookupError)), fetch_many(client, calls) as results:
        list(results)
    assert fetchers() == []


def test_fewer_workers_than_one_are_refused(client):
    with pytest.raises(InvalidRequestError, match="At least 1 worker"):
        fetch_many(client, [], workers=0)


def test_workers_ask_as_the_client_would(dari):
    dari.answer("GET", "/sessions/sess_1", {"id": "sess_1"})
    with (
        Client(dari.url, KEY, headers={"X-Team": "blue"}, timeout=7) as client,
        client.copy() as other,
    ):
        assert other is not client
        assert other.sessions.get("sess_1").id == "sess_1"
        assert other._transport._http.timeout.read == 7
    assert dari.seen[0].headers["x-team"] == "blue"
    assert dari.seen[0].headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in repr(vars(other))
