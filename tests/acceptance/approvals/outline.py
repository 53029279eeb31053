"""The accessibility outline of static HTML: roles, names and text in reading order."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import yaml
from playwright.sync_api import sync_playwright

LONGEST = 160
"""Characters after which a text is cut."""
NAMED_BY_CHILDREN = ("row", "cell", "columnheader", "rowheader")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
OPEN_ALL = "document.querySelectorAll('details').forEach((each) => { each.open = true; })"


class Outlines:
    """A page in Chromium whose accessibility tree Playwright reads.

    It runs in a thread of its own, because Playwright leaves its event loop running there.
    """

    def __init__(self, program: str | None) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._thread.submit(self._start, program).result()

    def _start(self, program: str | None) -> None:
        self._playwright = sync_playwright().start()
        self._browser = self._playwright.chromium.launch(executable_path=program, args=FLAGS)
        # Offline, so that nothing is loaded even if addresses get through.
        self._page = self._browser.new_page(offline=True)

    def close(self) -> None:
        """End the browser."""
        self._thread.submit(self._browser.close).result()
        self._thread.submit(self._playwright.stop).result()
        self._thread.shutdown()

    def of(self, html: str, clean: Callable[[str], str]) -> str:
        """Return the outline of HTML without its style, with all details open.

        Args:
            html: Static output.
            clean: Changes the names and texts, but no role.
        """
        bare = re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)
        snapshot = self._thread.submit(self._read, bare).result()
        # All values are strings for this loader; others read 18:40:00 as a number.
        nodes = yaml.load(snapshot, yaml.BaseLoader)
        return "\n".join(_lines(nodes or [], "", clean))

    def _read(self, html: str) -> str:
        self._page.set_content(html)
        self._page.evaluate(OPEN_ALL)
        return self._page.locator("body").aria_snapshot()


def _lines(nodes: list[Any], indent: str, clean: Callable[[str], str]) -> Iterator[str]:
    """Write nodes of a snapshot, which are ``role "name"`` or map that to a text or to nodes."""
    for node in nodes:
        (key, inner), *_ = node.items() if isinstance(node, dict) else [(node, "")]
        if key == "/url" and inner.startswith("#"):
            continue
        children = inner if isinstance(inner, list) else []
        if key == "paragraph" and any("<sentence>" in line for line in _lines(children, "", clean)):
            children, inner = [], "<sentence>"
        role, _, name = key.partition(" ")
        name = "" if children and role in NAMED_BY_CHILDREN else clean(name)
        text = "" if children or not inner else f": {inner if key == '/url' else clean(inner)}"
        line = indent + f"{role} {name}".rstrip() + text
        yield line if len(line) <= LONGEST else f"{line[:LONGEST]}…"
        yield from _lines(children, f"{indent}  ", clean)
