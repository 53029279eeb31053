"""What a page asks is answered, errors included."""

import gc
import signal
import sys
import weakref
from concurrent.futures import Future

import pytest

from dari_nb.errors import DariError, InvalidRequestError
from dari_nb.widgets import LiveTranscript
from dari_nb.widgets.view import View


class Bare(View):
    _esm = "export default {}"


@pytest.fixture
def view():
    view = Bare()
    yield view
    view.close()


def ask(view, what, body=None):
    before = len(view.comm.published)
    request = {"kind": "request", "id": 7, "what": what, "body": body}
    message = {"content": {"data": {"method": "custom", "content": request}}, "buffers": []}
    view.comm.handle_msg(message)
    sent = [(d["content"], b) for d, b in view.comm.published[before:] if d["method"] == "custom"]
    return sent[0] if sent else None


def test_closed_view_that_nobody_holds_is_freed():
    live = LiveTranscript()
    live.close()
    is_there = weakref.ref(live)
    del live
    gc.collect()
    assert is_there() is None


def test_an_answer_carries_the_id_of_its_request(view):
    view.answer("double", lambda body: body * 2)
    answer, buffers = ask(view, "double", 21)
    assert answer == {"kind": "answer", "id": 7, "error": None, "body": 42}
    assert buffers == []


def test_bytes_go_beside_the_body(view):
    view.answer("read", lambda _: ({"size": 2}, [b"hi"]))
    answer, buffers = ask(view, "read")
    assert (answer["body"], buffers) == ({"size": 2}, [b"hi"])


def test_an_error_of_ours_reaches_the_reader_in_its_own_words(view):
    def fail(_):
        raise DariError("There is no such cell.")

    view.answer("cell", fail)
    assert ask(view, "cell")[0]["error"] == "There is no such cell."


def test_any_other_error_is_named(view):
    view.answer("cell", lambda body: body["missing"])
    assert ask(view, "cell", {})[0]["error"] == "KeyError: 'missing'"


def test_whoever_interrupts_the_kernel_leaves_no_page_without_its_answer(view):
    def interrupted(body):
        signal.raise_signal(signal.SIGINT)
        return body

    view.answer("double", interrupted)
    before = len(view.comm.published)
    with pytest.raises(KeyboardInterrupt):
        ask(view, "double", 21)
    sent = view.comm.published[before:]
    [answer] = [told["content"] for told, _ in sent if told["method"] == "custom"]
    assert (answer["id"], answer["body"], answer["error"]) == (7, 21, None)


def test_an_unknown_request_is_answered_too(view):
    assert "'nothing'" in ask(view, "nothing")[0]["error"]


def test_a_future_is_answered_when_it_is_done(view):
    future = Future()
    view.answer("slow", lambda _: future)
    assert ask(view, "slow") is None
    future.set_result("there")
    assert view.comm.published[-1][0]["content"]["body"] == "there"


def test_a_cancelled_future_is_an_error(view):
    future = Future()
    view.answer("slow", lambda _: future)
    ask(view, "slow")
    future.cancel()
    assert view.comm.published[-1][0]["content"]["error"] == "It was cancelled."


def test_a_misspelt_trait_is_refused(view):
    with pytest.raises(AttributeError, match="did you mean 'layout'"):
        view.layuot = "x"
    with pytest.raises(TypeError, match="did you mean 'layout'"):
        Bare(layuot="x")


def test_a_view_whose_making_failed_goes_without_a_word(monkeypatch):
    said = []
    monkeypatch.setattr(sys, "unraisablehook", said.append)

    class Unmade(Bare):
        def __init__(self):
            self.missing()

    for make, error in (
        (Unmade, AttributeError),
        (lambda: Bare(laiout={}), TypeError),
        (lambda: Bare(layout=5), InvalidRequestError),
    ):
        with pytest.raises(error):
            make()
    gc.collect()
    assert not said
