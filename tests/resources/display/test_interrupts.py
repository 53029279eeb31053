"""Interrupts come whenever they like: no output is left half made, and one sentence is true."""

PRESSES = """
import os, signal
from markdown_it import MarkdownIt
from dari_nb.magics.state import State
from dari_nb.resources.agents.agent import Agent

def press(times=1):
    for _ in range(times):
        os.kill(os.getpid(), signal.SIGINT)

def press_at(owner, name, when, *, after=False):
    "Press Interrupt where this is called from the cell: as late, or as early, as it can be."
    own = getattr(owner, name)
    def pressed(self, *args, **options):
        is_now = threading.current_thread() is threading.main_thread() and when(*args)
        if is_now and not after:
            press(2)
        made = own(self, *args, **options)
        if is_now and after:
            press()
        return made
    setattr(owner, name, pressed)

@d.server.agent("quick")
def quick(prompt):
    yield "the whole answer"

@d.server.agent("calls")
def calls(prompt):
    yield ToolCall("look_up", {"word": "closure"})
    gate.wait(60)
    yield ToolResult("found")
"""
AT_STATIC = "press_at(MarkdownIt, 'parse', lambda text, *_: {text!r} in text)"


def shown_and_interrupted(kernel, cell, seen):
    """Interrupt a cell once its page was told of something."""
    before, page = len(kernel.page.printed), kernel.page
    request = kernel.start(cell)
    kernel.until(lambda: seen in page.rows or any(seen in str(one) for one in page.told.values()))
    kernel.interrupt()
    status, _ = kernel.end_of(request)
    return status, kernel.page.printed[before:]


def test_one_while_the_static_output_of_a_turn_is_made_comes_after_it(kernel):
    kernel.run(PRESSES + AT_STATIC.format(text="the whole answer"))
    status, printed = kernel.end_of(kernel.start("%dari_agent quick Hi"))
    assert status == "error"
    assert printed == "interrupted; what is shown had ended\n"
    assert "the whole answer" in kernel.page.static_outputs[-1]
    assert kernel.page.views() == []
    assert kernel.run("print('on')") == "on\n"


def test_one_while_the_message_is_sent_says_where_to_look(kernel):
    kernel.run(PRESSES + "press_at(Agent, 'send', lambda *_: True, after=True)")
    status, printed = kernel.end_of(kernel.start("%dari_agent gated Hi"))
    assert status == "error"
    assert printed == "interrupted while it was sent: %dari sessions tells whether it arrived\n"
    assert "1 session" in kernel.run("print(len(d.sessions.list()), 'session')")


def test_no_loop_that_goes_on_after_errors_takes_one_for_an_error(kernel):
    loop = """
for word in ("one", "two", "three"):
    try:
        turn = %dari_agent gated {word}
    except Exception as error:
        print("swallowed", error)
"""
    status, printed = shown_and_interrupted(kernel, loop, "items")
    assert (status, printed) == ("error", "")
    assert kernel.run("print(len(d.sessions.list()))") == "1\n"


AGAIN = """
import sys

def press_again(calls):
    "Press twice: first now, then after so many calls of functions since the magic was left."
    left = calls
    def count(frame, event, _):
        nonlocal left
        is_out = frame.f_globals["__name__"] == "IPython.core.builtin_trap"
        if event == "call" and (left < calls or is_out):
            left -= 1
            if left == 0:
                sys.setprofile(None)
                press()
    def first():
        sys.setprofile(count)
        press()
    return first

class At:
    "Presses where the waiting thread asks about tools, once something came."
    def __init__(self, first):
        from dari_nb.resources.tools.toolbox import Toolbox
        own = Toolbox.ask_here
        def ask_here(toolbox):
            own(toolbox)
            if any("first part" in str(item) for item in toolbox._feed.timeline()):
                Toolbox.ask_here = own
                first()
        Toolbox.ask_here = ask_here
"""


def test_code_that_catches_one_hears_the_next(kernel):
    kernel.run(PRESSES + AGAIN)
    loop = """
def patient():
    try:
        d.agents['gated'].send('Hi').follow()
    except KeyboardInterrupt:
        heard.append('first')

heard = []
At(press)
patient()
try:
    press()
    __import__('time').sleep(60)
except KeyboardInterrupt:
    heard.append('second')
print(heard)
"""
    assert "['first', 'second']" in kernel.run(loop)
