"""Hosts that are no Jupyter: a page whose frame shows widgets as editors do, joined to Python.

``host`` makes one, and what it shows are the widgets of this process::

    def test_an_answer_is_on_the_page(host):
        page = host("vscode-dark")
        page.show(view)
        page.frame.locator(".dari-answer").wait_for()
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import comm
import pytest
from comm.base_comm import BaseComm
from playwright.sync_api import BrowserContext, FrameLocator, Page

FRAME = Path(__file__).with_name("page.html")
SHOTS = Path(__file__).parents[1] / "shots"
WATCH = """
window.ran = [];
for (const name of ["alert", "confirm", "prompt", "open"])
  window[name] = (text) => void window.ran.push(`${name} ${text}`);
"""


@dataclass(frozen=True)
class Theme:
    """What a host sets around and in the frame of its outputs."""

    frame: str
    is_dark: bool = False
    policy: str = ""
    options: str = ""


VSCODE = """<style>:root {{ {} }}
body {{ margin: 0; padding: 8px 20px; background: var(--vscode-editor-background);
  color: var(--vscode-editor-foreground); font: 13px var(--vscode-font-family); }}</style>
<body class="vscode-body vscode-{}" data-vscode-theme-kind="vscode-{}">"""
LIGHT = """--vscode-editor-background: #ffffff; --vscode-editor-foreground: #3b3b3b;
--vscode-font-family: system-ui; --vscode-textLink-foreground: #005fb8;
--vscode-charts-green: #388a34; --vscode-charts-red: #e51400; --vscode-charts-yellow: #bf8803;"""
DARK = """--vscode-editor-background: #1f1f1f; --vscode-editor-foreground: #cccccc;
--vscode-font-family: system-ui; --vscode-textLink-foreground: #4daafc;
--vscode-charts-green: #89d185; --vscode-charts-red: #f14c4c; --vscode-charts-yellow: #cca700;"""
NO_NETWORK = (
    "default-src 'none'; script-src 'nonce-host' blob:; style-src 'unsafe-inline';"
    " img-src data: blob:; connect-src 'self'"
)
COLAB = """<style>body {{ margin: 0; padding: 8px; font: 14px Roboto, sans-serif; }}
html[theme=dark] {{ background: #383838; color: #e3e3e3; }}</style>
<script>document.documentElement.setAttribute("theme", "{}")</script>"""
THEMES = {
    "vscode-light": Theme(VSCODE.format(LIGHT, "light", "light"), policy=NO_NETWORK),
    "vscode-dark": Theme(VSCODE.format(DARK, "dark", "dark"), True, NO_NETWORK),
    "colab-light": Theme(COLAB.format("light"), options="data"),
    "colab-dark": Theme(COLAB.format("dark"), True, options="data"),
}


class PageComm(BaseComm):
    """A comm whose other end is a page."""

    say: Callable[..., None]

    def publish_msg(
        self,
        msg_type: str,
        data: Any = None,
        metadata: Any = None,
        buffers: Any = None,
        **keys: Any,
    ) -> None:
        coded = [base64.b64encode(buffer).decode() for buffer in buffers or ()]
        self.say(msg_type, id=self.comm_id, data=data, buffers=coded)


class Host:
    """A page and the kernel's end of its comms."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self.page: Page
        self.requests: list[str] = []
        self.problems: list[str] = []
        self.comms: dict[str, PageComm] = {}
        self._said: list[dict[str, Any]] = []
        self._news = threading.Condition()
        self._main = threading.Lock()  # a kernel takes one message after another
        handler = partial(Handler, self)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def frame(self) -> FrameLocator:
        return self.page.frame_locator("iframe")

    def show(self, view: Any) -> None:
        """Show a widget below what is there."""
        self.say("widget", id=view.comm.comm_id)

    def show_html(self, html: str) -> None:
        """Show an HTML output below what is there."""
        self.say("html", html=html)

    def evaluate(self, code: str) -> Any:
        """Evaluate JavaScript in the frame."""
        return self.page.frames[-1].evaluate(code)

    def shot(self, name: str, width: int) -> None:
        """Take a screenshot of the page."""
        SHOTS.mkdir(exist_ok=True)
        self.page.set_viewport_size({"width": width, "height": 900})
        self.page.screenshot(path=SHOTS / f"{name}.png")

    def left(self) -> list[str]:
        """Requests that went anywhere else than to this host."""
        own = (self.url, "data:", "blob:", "about:")
        return [url for url in self.requests if not url.startswith(own)]

    def say(self, kind: str, **content: Any) -> None:
        """Tell the page something."""
        with self._news:
            self._said.append({"kind": kind, **content})
            self._news.notify_all()

    def comm(self, *args: Any, **options: Any) -> PageComm:
        """Make a comm, as a kernel does for each widget."""
        made = type("Comm", (PageComm,), {"say": staticmethod(self.say)})(*args, **options)
        self.comms[made.comm_id] = made
        return made

    def news(self, first: int) -> list[dict[str, Any]]:
        """What was said from ``first`` on; waits a while for some."""
        with self._news:
            self._news.wait_for(lambda: len(self._said) > first, timeout=2)
            return self._said[first : first + 200]

    def hear(self, message: dict[str, Any]) -> None:
        """Take a message of the page."""
        buffers = [memoryview(base64.b64decode(b)) for b in message.get("buffers", ())]
        with self._main:
            content = {"content": {"data": message["data"]}, "buffers": buffers}
            self.comms[message["id"]].handle_msg(content)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, host: Host, *args: Any) -> None:
        self.host = host
        super().__init__(*args)

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/news":
            first = int(parse_qs(url.query)["first"][0])
            self._answer(json.dumps(self.host.news(first)), "application/json")
        elif url.path == "/frame":
            self._answer(FRAME.read_text() + self.host.theme.frame, "text/html")
        else:
            frame = f"/frame?{self.host.theme.options}"
            sandbox = 'sandbox="allow-scripts allow-same-origin allow-popups"'
            style = "position:fixed;inset:0;width:100%;height:100%;border:0"
            self._answer(f"<iframe src='{frame}' {sandbox} style='{style}'></iframe>", "text/html")

    def do_POST(self) -> None:
        self.host.hear(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self._answer("", "text/plain")

    def log_message(self, *_: Any) -> None:
        pass

    def _answer(self, text: str, kind: str) -> None:
        body = text.encode("utf-8", "surrogatepass")
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        if self.host.theme.policy and kind == "text/html":
            self.send_header(
                "Content-Security-Policy", f"{self.host.theme.policy}; frame-src 'self'"
            )
        self.end_headers()
        with suppress(ConnectionError):  # the page was closed
            self.wfile.write(body)


@pytest.fixture
def host(
    browser: BrowserContext, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Host]]:
    with ExitStack() as stack:

        def open_host(theme: str) -> Host:
            made = Host(THEMES[theme])
            stack.callback(made.stop)
            monkeypatch.setattr(comm, "create_comm", made.comm)
            page = made.page = browser.new_page()
            stack.callback(page.close)
            page.emulate_media(color_scheme="dark" if made.theme.is_dark else "light")
            page.on("request", lambda request: made.requests.append(request.url))
            page.on("pageerror", lambda error: made.problems.append(str(error)))
            page.on(
                "console",
                lambda m: made.problems.append(m.text) if m.type == "error" else None,
            )
            page.add_init_script(WATCH)
            page.goto(made.url)
            return made

        yield open_host
