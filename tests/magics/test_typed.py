"""The tables of what people type, in a real shell and in a real kernel."""

import ast
import io
import os
import re
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass

import pytest
from IPython.core.interactiveshell import InteractiveShell

from dari_nb.local import LocalDari
from dari_nb.resources import Dari, connections

from .. import kernels
from .typed import BEGUN, FILLED, REFUSED, SENT, TEXTS, TOLD

CHOOSE = "heard.clear()\nget_ipython().run_line_magic('dari', 'use listener');"
CELLS = [
    *((f"%dari_send {text}", [text.removeprefix("-- ")]) for text in TEXTS),
    *((f"%%dari_send\n{text}", [text]) for text in TEXTS),
    *((f"t = %dari_send --quiet {text}", [text.removeprefix("-- ")]) for text in TEXTS),
    *((f"%dari_send {text}", [prompt]) for text, prompt in FILLED),
    *SENT,
]


@dataclass
class Seen:
    """What came of a cell: what the agent heard, what was shown, and the error, if any."""

    heard: list[str]
    shown: str
    error: str | None


class Shell:
    """A shell in this process."""

    def __init__(self):
        self._ip = InteractiveShell()
        self._ip.run_line_magic("load_ext", "dari_nb")
        self._run(BEGUN)

    def type(self, cell):
        self._run(CHOOSE)
        result, shown = self._run(cell)
        error = result.error_in_exec or result.error_before_exec
        heard = list(self._ip.user_ns["heard"])
        return Seen(heard, shown, None if error is None else f"{type(error).__name__}: {error}")

    def _run(self, cell):
        shown = io.StringIO()
        with redirect_stdout(shown), redirect_stderr(shown):
            return self._ip.run_cell(cell), shown.getvalue()

    def close(self):
        self._ip.history_manager.end_session()


class Kernel:
    """A kernel, spoken to as a front end does."""

    def __init__(self):
        self._manager, self._client = kernels.started(os.environ | {"DARI_LOCAL_STEP_DELAY": "0"})
        self._run(f"%load_ext dari_nb\n{BEGUN}")

    def type(self, cell):
        self._run(CHOOSE)
        heard = {"heard": "list(heard)"}
        reply, shown = self._run(cell, heard)
        error = None
        if reply["status"] == "error":
            error = f"{reply['ename']}: {reply['evalue']}"
            reply, _ = self._run("", heard)
        told = reply["user_expressions"]["heard"]["data"]["text/plain"]
        return Seen(ast.literal_eval(told), shown, error)

    def _run(self, cell, expressions=None):
        shown = []

        def see(message):
            content = message["content"]
            shown.extend([content.get("text", ""), content.get("data", {}).get("text/plain", "")])

        reply = self._client.execute_interactive(
            cell, user_expressions=expressions, output_hook=see, timeout=120
        )["content"]
        pages = [each["data"]["text/plain"] for each in reply.get("payload", [])]
        return reply, "\n".join([*shown, *pages])

    def close(self):
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module", params=[Shell, Kernel])
def typist(request):
    with pytest.MonkeyPatch.context() as patch, LocalDari() as server:
        for name in ("DARI_API_KEY", "DARI_API_URL"):
            patch.delenv(name, raising=False)
        with Dari(server.url, server.api_key, server) as d:
            patch.setattr(connections, "_current", d)
            typist = request.param()
            yield typist
            typist.close()


def test_the_tables_are_long():
    assert len({cell for cell, _ in [*CELLS, *TOLD, *REFUSED]}) > 300


@pytest.mark.parametrize(("cell", "prompts"), CELLS)
def test_what_is_typed_is_sent(typist, cell, prompts):
    seen = typist.type(cell)
    assert (seen.error, sorted(seen.heard)) == (None, sorted(prompts))


@pytest.mark.parametrize(("cell", "told"), TOLD)
def test_what_is_asked_for_is_told(typist, cell, told):
    seen = typist.type(cell)
    assert seen.error is None
    assert re.search(told, seen.shown)


@pytest.mark.parametrize(("cell", "why"), REFUSED)
def test_what_cannot_be_meant_is_refused_and_nothing_is_sent(typist, cell, why):
    seen = typist.type(cell)
    assert seen.heard == []
    assert re.search(f"UsageError: (?s:.*){why}", seen.error)
    assert seen.error.count("\n") <= 1
    assert "Traceback" not in seen.shown
