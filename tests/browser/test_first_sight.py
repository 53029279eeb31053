"""What a page of a tape shows before its script runs, and when that takes over."""

from __future__ import annotations

import json

from dari_nb.resources import Tape

from .test_player import LINES

ASKED_FIRST = {"mark": "What he wants", "ask": "What will be asked?"}
# What is seen where; ticks and the other choices of a field come with the script.
SEEN = """() => [...document.querySelectorAll(
  "h1, .dari-head > *, .dari-play button, .dari-track, .dari-time, .dari-chosen select, " +
  ".dari-caption, .dari-part, .dari-user, .dari-pending"
)].map((element) => {
  const { x, y, width, height } = element.getBoundingClientRect();
  const text = element.matches("select") ? element.selectedOptions[0].text : element.textContent;
  return [text, ...[x, y, width, height].map(Math.round)];
})"""
NEVER = "window.requestAnimationFrame = () => 0"


def made(tmp_path, *, before=(), **settings):
    lines = [*LINES[:2], *before, *LINES[2:]]
    other = {"turn": "msg_1", "session": "sess_2", "key": "k9", "agent": "shop", "asked": "Other?"}
    ended = {"event": "message.status_changed", "data": {"status": "completed"}}
    lines[-1:] = [other, ended, lines[-1]]
    file = tmp_path / "shop.tape"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return Tape(file, **settings).to_html(tmp_path / "shop é.html")


def test_it_is_what_the_player_shows_at_its_beginning(browser, tmp_path):
    page_file = made(tmp_path, speed=1 / 3)
    page_file.read_bytes().decode("ascii")
    seen = []
    for script in (NEVER, ""):
        page = browser.new_page()
        page.add_init_script(script)
        page.goto(page_file.as_uri())
        page.locator("#dari-player" if script else "#dari-player[tabindex]").wait_for()
        seen.append(page.evaluate(SEEN))
        page.close()
    assert seen[0] == seen[1]
    texts = [text for text, *_ in seen[0]]
    assert texts[-3:-1] == ["session 1 · shop", "YouWhich tickets are late?"]
    assert "0.333\u00d7" in texts


def test_of_a_turn_behind_an_open_question_nothing_is_seen(browser, tmp_path):
    page = browser.new_page()
    page.add_init_script(NEVER)
    page.goto(made(tmp_path, before=[ASKED_FIRST]).as_uri())
    page.get_by_text("turn 1 of 3").wait_for()
    assert page.get_by_text("Which tickets are late?").count() == 0
    page.goto(made(tmp_path).as_uri())
    page.get_by_text("Which tickets are late?").wait_for()
    page.close()
