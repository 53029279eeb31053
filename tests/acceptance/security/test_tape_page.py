"""The page of a tape with hostile texts: nothing runs besides the player, nothing is loaded."""

import dari_nb as dari
from dari_nb.local import ToolCall, ToolResult

from .hostile import GROUPS, MIXED

TEXTS = GROUPS[MIXED]


def test_page_of_tape_is_inert(server, open_page, tmp_path):
    @server.agent("says")
    def says(prompt):
        for text in TEXTS:
            yield ToolCall(text, {text: text})
            yield ToolResult({text: text})
            yield text

    tape = tmp_path / "<script>alert(1)-.tape"
    with dari.connect(base_url=server.url, api_key=server.api_key, tape=tape) as d:
        d.agents["says"].send(TEXTS[0], metadata={"needle": TEXTS[1]}).wait()
    html = dari.Tape(tape).to_html(tmp_path / "page.html", title=TEXTS[0]).read_text()
    inert = open_page(html)
    inert.page.get_by_role("slider").press("End")
    words = "document.querySelector('[role=log]').textContent.toLowerCase().split('needle').length"
    inert.page.wait_for_function(f"{words} > {2 * len(TEXTS)}")
    inert.check()
