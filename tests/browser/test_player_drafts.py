"""What is written at a question of a player and not sent, in several views and pages of it."""

from __future__ import annotations

import itertools
import json

import pytest
from playwright.sync_api import expect

from .conftest import KERNEL, reload
from .test_player import says

LINES = [
    {"dari_tape": 1, "times": True},
    {"agent": "shop", "llms": {"small": {}}},
    {
        "turn": "msg_1",
        "session": "sess_1",
        "key": "k1",
        "agent": "shop",
        "llm": "small",
        "asked": "Say alpha.",
    },
    {"after": 0.01, "event": "message.status_changed", "data": {"status": "running"}},
    {"after": 0.01, "event": "assistant.message_completed", "data": {"content": "I say it."}},
    {"mark": "first guess", "ask": "What will alpha be, and {0}?"},
    {"after": 2, "event": "assistant.message_completed", "data": {"content": "alpha is 1"}},
    {"event": "message.status_changed", "data": {"status": "completed"}},
]
VIEW = "import dari_nb as dari\nplayer = dari.Tape('lesson.tape').view(speed='instant')\nplayer"
DRAFTS = "print([text for texts in player.drafts.values() for text in texts.values()])"
# Until there is a file of that name.
WAITS = "import os, time\nwhile not os.path.exists('go'): time.sleep(0.05)"
BUSY = f"(code) => void {KERNEL}.requestExecute({{ code }})"
# What was written in a page at a question is there again: each test asks another one.
TESTS = itertools.count()
CARET = "(field) => [field.selectionStart, field.selectionEnd]"


def shown(server, *cells, lines=LINES, view=VIEW):
    """Show the lesson in a notebook, stopped at its question; returns this and its views."""
    text = "".join(json.dumps(line) + "\n" for line in lines).replace("{0}", str(next(TESTS)))
    (server.notebooks / "lesson.tape").write_text(text)
    book = server.open_notebook([view, *cells])
    book.run_all()
    views = [cell.locator(".dari-player") for cell in book.page.locator(".jp-CodeCell").all()]
    for view in views:
        view.get_by_text("Say alpha.").wait_for()
    views[0].locator(".dari-toggle").click()
    for view in views:
        view.locator(".dari-question").wait_for()
    return book, views


def back(view):
    view.get_by_role("button", name="One item back").click()


def on(view):
    view.get_by_role("button", name="One item on").click()


LEAVES = {
    "buttons": lambda own, other: (back(own), on(own)),
    "buttons of the other": lambda own, other: (back(other), on(other)),
    "keys": lambda own, other: (
        own.locator(".dari-log").press("Home"),
        own.locator(".dari-log").press("End"),
    ),
    "the track": lambda own, other: (
        own.locator(".dari-track input").click(position={"x": 1, "y": 5}),
        on(own),
    ),
}


@pytest.mark.parametrize("leave", LEAVES)
def test_what_is_written_in_one_view_stays_when_the_question_is_left(lab, leave):
    book, (own, other) = shown(lab, "player")
    fields = [view.locator("textarea") for view in (own, other)]
    fields[0].press_sequentially("one")
    LEAVES[leave](own, other)
    for field in fields:
        field.wait_for()
        assert field.input_value() == "one"
    assert says(book, DRAFTS, "['one']")
    assert book.problems == []


def test_both_views_show_what_is_written_in_either_and_keep_the_caret(lab):
    book, views = shown(lab, "player")
    page, (own, other) = book.page, (view.locator("textarea") for view in views)
    own.press_sequentially("one three")
    assert other.input_value() == "one three"
    other.press("Home")
    page.keyboard.type("zero ")
    assert own.input_value() == "zero one three"
    assert own.evaluate(CARET) == [14, 14]
    own.focus()
    page.keyboard.type(" four")
    assert other.input_value() == "zero one three four"
    assert other.evaluate(CARET) == [5, 5]
    assert own.input_value() == "zero one three four"
    page.keyboard.press("Control+z")
    left = own.input_value()
    assert left != "zero one three four"
    assert other.input_value() == left
    assert book.problems == []


def test_what_one_types_is_taken_back_while_another_view_shows_it(lab):
    book, views = shown(lab, "player")
    page, (own, other) = book.page, (view.locator("textarea") for view in views)
    own.press_sequentially("one")
    page.keyboard.press("Control+a")
    page.keyboard.type("two")
    page.keyboard.press("Control+z")
    assert "two" not in own.input_value()
    while own.input_value():
        page.keyboard.press("Control+z")
    page.keyboard.press("Control+Shift+z")
    assert own.input_value()
    assert other.input_value() == own.input_value()


def test_a_new_view_of_the_output_shows_and_keeps_what_is_written(lab):
    book, (own,) = shown(lab)
    page, field = book.page, own.locator("textarea")
    field.press_sequentially("one")
    book.command("notebook:create-output-view")
    new = page.locator(".jp-LinkedOutputView .dari-player textarea")
    new.wait_for()
    assert new.input_value() == "one"
    tall = "(field) => field.clientHeight >= field.scrollHeight && field.clientHeight > 20"
    page.wait_for_function(tall, arg=new.element_handle())
    field.press("End")
    page.keyboard.type(" two three")
    assert new.input_value() == "one two three"
    back(own)
    on(own)
    field.wait_for()
    assert (field.input_value(), new.input_value()) == ("one two three",) * 2


def test_an_answer_that_is_sent_is_all_that_both_views_show(lab):
    book, views = shown(lab, "player")
    page, (own, other) = book.page, (view.locator("textarea") for view in views)
    other.press_sequentially("long thought in view two")
    own.focus()
    page.keyboard.press("End")
    page.keyboard.type(", short")
    page.keyboard.press("Control+Enter")
    told = "you expected: long thought in view two, short"
    for view in views:
        view.get_by_text(told).wait_for()
    assert says(book, DRAFTS, "[]")
    assert book.problems == []


def test_while_an_answer_waits_no_view_takes_more_and_all_say_why(lab):
    book, views = shown(lab, "player")
    page, (own, other) = book.page, (view.locator("textarea") for view in views)
    own.press_sequentially("one")
    page.evaluate(BUSY, WAITS)
    own.press("Control+Enter")
    other.focus()
    page.keyboard.type(" two")
    assert other.input_value() == "one"
    silent = "The kernel does not answer yet, and may be busy with a cell"
    for view in views:
        view.locator(".dari-question [role=status]").get_by_text(silent).wait_for()
    book.shot("player-waits")
    (lab.notebooks / "go").touch()
    for view in views:
        view.get_by_text("you expected: one").wait_for()
    assert says(book, DRAFTS, "[]")


def test_a_player_goes_where_it_is_told_however_near_that_is(lab):
    book, (view,) = shown(lab)
    assert says(book, "print(player.at)", "0.02")
    book.execute("player.at = 0")
    view.locator(".dari-question").wait_for(state="hidden")
    assert view.locator(".dari-track input").input_value() == "0"
    assert view.get_by_text("I say it.").count() == 0
    book.execute("player.at = 0.01")
    book.execute("player.at = 0.02")
    view.locator(".dari-question").wait_for()


# Said where a question is asked still that was answered in another page.
LATE = "Another page went on from here."


def written_elsewhere(book, text):
    """Write at the question in another page of the notebook; returns the player in it."""
    book.save()
    page = book.page.context.new_page()
    page.goto(book.page.url)
    view = page.locator(".dari-player")
    field = view.locator("textarea")
    field.wait_for()
    field.press_sequentially(text)
    assert field.input_value() == text
    return view


def handed_over(book, own, text):
    """Write so, leave the field, and take it over in one's own page; returns the other player."""
    other = written_elsewhere(book, text)
    other.locator("textarea").press("Escape")
    book.page.bring_to_front()
    own.get_by_role("button", name="Take it over").click()
    expect(own.locator("textarea")).to_have_value(text)
    return other


def test_what_is_written_in_another_page_stands_beside_and_is_taken_over_by_a_button(lab):
    book, (own,) = shown(lab)
    field, take = own.locator("textarea"), own.get_by_role("button", name="Take it over")
    other = written_elsewhere(book, "first half\nof <b>two</b>")
    other.locator("textarea").press("Escape")
    book.page.bring_to_front()
    take.wait_for()
    for theme in ("light", "dark"):
        book.theme(theme)
        book.shot(f"player-beside-{theme}", selector=".dari-player")
    # Whoever writes is not disturbed, and sends what they wrote.
    field.press_sequentially("mine")
    assert field.input_value() == "mine"
    own.get_by_text("of <b>two</b>").wait_for()
    take.click()
    expect(take).to_have_count(0)
    assert field.input_value() == "mine\nfirst half\nof <b>two</b>"
    book.page.keyboard.type(", and more")
    assert field.input_value() == "mine\nfirst half\nof <b>two</b>, and more"
    assert other.locator("textarea").input_value() == "first half\nof <b>two</b>"
    book.page.keyboard.press("Control+Enter")
    own.get_by_text("alpha is 1").wait_for()
    # It is asked still where it was written, and can be sent there, too.
    other.page.bring_to_front()
    other.get_by_text(LATE).wait_for()
    assert other.locator("textarea").input_value() == "first half\nof <b>two</b>"
    other.locator("textarea").press("Control+Enter")
    other.get_by_text("alpha is 1").wait_for()
    other.page.close()
    given = book.execute("print(*dari.Tape('lesson.tape').answers()['answer'])")
    assert "and more" in given
    assert says(book, DRAFTS, "[]")


@pytest.mark.parametrize("press", ["Enter", "Space", "click"])
def test_what_another_page_leaves_is_not_sent_nor_skipped_unseen(lab, press):
    book, (own,) = shown(lab)
    skip = own.get_by_role("button", name="Skip", exact=True)
    own.locator("textarea").press("Enter")
    other = written_elsewhere(book, "a long thought")
    other.locator("textarea").press("Escape")
    own.get_by_text("a long thought").wait_for()
    other.page.close()
    book.page.bring_to_front()
    own.locator("textarea").press("Control+Enter")
    own.get_by_text("Write what you expect first").wait_for()
    for _ in range(2):
        skip.click(click_count=3) if press == "click" else skip.press(press)
        own.get_by_text("What is written in another page is not sent").wait_for()
    assert own.get_by_text("alpha is 1").count() == 0
    book.reload()
    own.get_by_text("a long thought").wait_for()
    own.get_by_role("button", name="Take it over").click()
    own.locator("textarea").press("Control+Enter")
    own.get_by_text("you expected: a long thought").wait_for()


def one_more(book, code):
    """Show a player of its own in the next cell, stopped at its question; returns that."""
    book.command("notebook:insert-cell-below")
    book.command("notebook:enter-edit-mode")
    book.page.keyboard.insert_text(code)
    book.command("notebook:run-cell")
    view = book.page.locator(".jp-mod-active .dari-player")
    view.get_by_text("Say alpha.").wait_for()
    number = book.page.locator(".dari-player").count() - 1
    view.locator(".dari-toggle").click()
    view.locator("textarea").wait_for()
    return book.page.locator(".dari-player").nth(number)


def test_what_is_added_in_a_second_player_while_the_first_one_sends_is_not_lost(lab):
    book, (own,) = shown(lab)
    page = book.page
    other = one_more(book, "dari.Tape('lesson.tape').view(speed='instant')")
    field = other.locator("textarea")
    own.locator("textarea").press_sequentially("one")
    page.evaluate(BUSY, WAITS)
    own.locator("textarea").press("Control+Enter")
    expect(own.locator("textarea")).to_have_attribute("readonly", "")
    field.press("End")
    page.keyboard.type(", and more")
    (lab.notebooks / "go").touch()
    own.get_by_text(LATE).wait_for()
    assert field.input_value() == "one, and more"
    field.press("Control+Enter")
    other.get_by_text("you expected: one, and more").wait_for()


def test_what_a_closed_page_has_left_is_there_when_the_cell_is_run_again(lab):
    book, (own,) = shown(lab)
    other = written_elsewhere(book, "a long thought")
    other.locator("textarea").press("Escape")
    own.get_by_text("a long thought").wait_for()
    other.page.close()
    book.page.bring_to_front()
    book.run_all()
    own.locator(".dari-toggle").click()
    own.get_by_role("button", name="Take it over").click()
    own.locator("textarea").press("Control+Enter")
    own.get_by_text("you expected: a long thought").wait_for()


def test_a_page_that_was_made_of_another_one_takes_nothing_from_it(lab):
    book, (own,) = shown(lab)
    book.save()
    own.locator("textarea").press_sequentially("4")
    own.locator("textarea").press("Escape")
    with book.page.context.expect_page() as opened:
        book.page.evaluate("() => void window.open(location.href)")
    other = opened.value.locator(".dari-player")
    field = other.locator("textarea")
    expect(field).to_have_value("4")
    field.press("ControlOrMeta+A")
    field.press("Backspace")
    field.press("Escape")
    other.get_by_text("Written in another page").wait_for()
    # What is a part of one's own words was never seen for that.
    field.press_sequentially("14 of 20")
    other.get_by_text("4", exact=True).wait_for()
    other.get_by_role("button", name="Skip", exact=True).click()
    other.get_by_role("button", name="Take it over").click()
    other.get_by_role("button", name="Skip without it").wait_for(state="hidden")
    field.press("Control+Enter")
    other.get_by_text("you expected: 14 of 20").wait_for()


def test_who_is_in_the_middle_of_a_word_that_another_page_sends_goes_on_with_it(lab):
    book, (own,) = shown(lab, lines=ROW)
    other = written_elsewhere(book, "yes")
    book.page.bring_to_front()
    own.locator("textarea").press_sequentially("yes")
    own.locator("textarea").press("Control+Enter")
    own.get_by_text("And beta?").wait_for()
    other.page.bring_to_front()
    other.get_by_text(LATE).wait_for()
    other.page.keyboard.type(", because")
    assert other.locator("textarea").input_value() == "yes, because"
    other.page.close()


def test_what_another_page_answers_takes_nothing_from_whoever_is_writing(lab):
    book, (own,) = shown(lab)
    other = written_elsewhere(book, "a long thought")
    own.locator("textarea").press_sequentially("short")
    own.locator("textarea").press("Control+Enter")
    own.get_by_text("alpha is 1").wait_for()
    other.page.bring_to_front()
    late, told = other.get_by_text(LATE), other.get_by_text("alpha is 1")
    late.or_(told).first.wait_for()
    if late.is_visible():
        assert other.locator("textarea").input_value() == "a long thought"
        assert told.count() == 0
        other.locator("textarea").press("Control+Enter")
        other.get_by_text("you expected: a long thought").wait_for()
    other.page.close()
    book.page.bring_to_front()
    kept = "print(*dari.Tape('lesson.tape').answers()['answer'])"
    given = book.execute(kept)
    assert "a long thought" in given
    assert "short" in given


@pytest.mark.parametrize("answer", ["short", ""])
def test_what_another_page_answers_or_skips_takes_nothing_from_a_page_loaded_anew(lab, answer):
    book, (own,) = shown(lab)
    other = written_elsewhere(book, "a long thought")
    book.page.bring_to_front()
    if answer:
        own.locator("textarea").press_sequentially(answer)
        own.locator("textarea").press("Control+Enter")
    else:
        own.get_by_role("button", name="Skip").click()
    own.get_by_text("alpha is 1").wait_for()
    other.page.bring_to_front()
    for _ in range(2):
        reload(other.page)
        other.get_by_text(LATE).wait_for()
        assert other.locator("textarea").input_value() == "a long thought"
    assert other.get_by_text("alpha is 1").count() == 0
    # It is written anew, once in the words that were sent elsewhere, and once in none.
    for text in (answer, "", "a long thought"):
        other.locator("textarea").press("Control+A")
        other.locator("textarea").press("Backspace")
        other.page.keyboard.type(text)
        assert other.locator("textarea").input_value() == text
    other.locator("textarea").press("Control+Enter")
    other.get_by_text("you expected: a long thought").wait_for()
    other.locator(".dari-question").wait_for(state="hidden")
    reload(other.page)
    other.get_by_text("you expected: a long thought").wait_for()
    assert other.locator(".dari-question").is_hidden()
    other.page.close()
    book.page.bring_to_front()
    given = book.execute("print([*dari.Tape('lesson.tape').answers()['answer']])")
    assert "a long thought" in given
    assert answer in given


def test_who_sends_what_another_page_has_written_sends_it_for_both(lab):
    book, (own,) = shown(lab)
    other = handed_over(book, own, "first half")
    own.locator("textarea").press("Control+Enter")
    for view in (own, other):
        view.page.bring_to_front()
        view.get_by_text("you expected: first half").wait_for()
        view.locator(".dari-question").wait_for(state="hidden")
    reload(other.page)
    other.get_by_text("you expected: first half").wait_for()
    assert other.locator(".dari-question").is_hidden()


ROW = [*LINES[:-2], {"mark": "second guess", "ask": "And beta? {0}"}, *LINES[-2:]]
LAST = [*LINES[:-3], LINES[-2], LINES[-3], LINES[-1]]


@pytest.mark.parametrize("lines", [ROW, LAST], ids=["before another", "the last one"])
def test_what_is_answered_is_asked_in_no_other_page_where_no_time_passes_behind_it(lab, lines):
    book, (own,) = shown(lab, lines=lines)
    other = handed_over(book, own, "first half")
    own.locator("textarea").press("Control+Enter")
    for view in (own, other):
        view.page.bring_to_front()
        view.get_by_text("you expected: first half").wait_for()
        if lines is ROW:
            view.get_by_text("And beta?").wait_for()
            expect(view.locator("textarea")).to_have_value("")
        else:
            view.locator(".dari-question").wait_for(state="hidden")
    other.page.close()


@pytest.mark.parametrize("label", ["Go on and see", "Skip"])
def test_a_double_click_presses_once_and_the_next_press_counts(lab, label):
    book, (own,) = shown(lab, lines=ROW)
    page = book.page
    if label != "Skip":
        own.locator("textarea").press_sequentially("short")
    own.get_by_role("button", name=label, exact=True).hover()
    page.mouse.down()
    page.mouse.up()
    own.get_by_text("And beta?").wait_for()
    own.get_by_role("button", name=label, exact=True).hover()
    page.mouse.down(click_count=2)
    page.mouse.up(click_count=2)
    own.get_by_text("A double click presses once").wait_for()
    assert own.get_by_text("alpha is 1").count() == 0
    own.locator("textarea").press_sequentially("long")
    own.locator("textarea").press("Control+Enter")
    own.get_by_text("alpha is 1").wait_for()


def test_a_key_that_is_held_sends_what_one_wrote_and_nothing_at_the_next_question(lab):
    book, (own,) = shown(lab, lines=ROW)
    own.locator("textarea").press_sequentially("short")
    page = book.page
    page.keyboard.down("Control")
    page.keyboard.down("Enter")
    own.get_by_text("And beta?").wait_for()
    for _ in range(40):
        page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    page.keyboard.up("Control")
    skip = own.get_by_role("button", name="Skip", exact=True)
    skip.focus()
    # What is held since before leads to nothing there.
    for _ in range(40):
        page.keyboard.down("Space")
    page.keyboard.up("Space")
    own.get_by_text("alpha is 1").wait_for()


@pytest.mark.parametrize("moves", ["own", "other"])
def test_who_moves_while_an_answer_waits_is_not_asked_again(lab, moves):
    book, (own,) = shown(lab)
    other, field = handed_over(book, own, "first half"), own.locator("textarea")
    book.page.evaluate(BUSY, WAITS)
    field.press("Control+Enter")
    view = {"own": own, "other": other}[moves]
    view.page.bring_to_front()
    back(view)
    (lab.notebooks / "go").touch()
    book.page.bring_to_front()
    own.get_by_text("alpha is 1").wait_for()
    for view in (own, other):
        view.page.bring_to_front()
        view.locator(".dari-log").press("End")
        view.get_by_text("you expected: first half").wait_for()
        view.locator(".dari-question").wait_for(state="hidden")
    other.page.close()


@pytest.mark.parametrize("leads", ["sends late", "goes back"])
def test_whoever_is_writing_is_led_nowhere_by_another_page(lab, leads):
    more = [
        {"after": 0.5, **LINES[-2]},
        {"mark": "second guess", "ask": "And beta? {0}"},
        LINES[-1],
    ]
    book, (own,) = shown(lab, lines=[*LINES[:-1], *more], view=VIEW.replace("'instant'", "1"))
    other = written_elsewhere(book, "late")
    book.page.bring_to_front()
    own.locator("textarea").press_sequentially("first")
    own.locator("textarea").press("Control+Enter")
    own.get_by_text("And beta?").wait_for()
    own.locator("textarea").press_sequentially("A thin")
    other.page.bring_to_front()
    other.get_by_text(LATE).wait_for()
    if leads == "sends late":
        other.locator("textarea").press("Control+Enter")
    else:
        back(other)
    assert says(book, "print(player.at < 2)", "True")
    book.page.bring_to_front()
    book.page.keyboard.type("king")
    assert own.locator("textarea").input_value() == "A thinking"
    own.get_by_text("And beta?").wait_for()


def test_who_answers_late_in_another_page_leads_nobody_back(lab):
    more = [{"after": 0.5, **LINES[-2]}, {"mark": "second guess", "ask": "And beta?"}, LINES[-1]]
    told = VIEW.replace("'instant'", "'real'")
    book, (own,) = shown(lab, lines=[*LINES[:-1], *more], view=told)
    other = written_elsewhere(book, "late")
    own.locator("textarea").press_sequentially("first")
    own.locator("textarea").press("Control+Enter")
    own.get_by_text("And beta?").wait_for()
    other.page.bring_to_front()
    late, on = other.get_by_text(LATE), other.get_by_text("And beta?")
    late.or_(on).first.wait_for()
    if late.is_visible():
        other.locator("textarea").press("Control+Enter")
        on.wait_for()
    assert says(book, "print(player.playing)", "False")
    at = book.execute("print(player.at)")
    for view in (own, other):
        view.page.bring_to_front()
        view.get_by_text("And beta?").wait_for()
        assert book.execute("print(player.at, player.playing)") == f"{at.strip()} False\n"
    other.page.close()


@pytest.mark.parametrize("is_own_first", [True, False])
def test_each_of_two_pages_has_what_was_written_in_it_when_both_are_loaded_anew(lab, is_own_first):
    book, (own,) = shown(lab)
    other = written_elsewhere(book, "written there")
    book.page.bring_to_front()
    own.locator("textarea").press_sequentially("written here")
    anew = [(own, book.reload), (other, lambda: reload(other.page))]
    for view, load in anew if is_own_first else reversed(anew):
        view.page.bring_to_front()
        load()
        view.locator("textarea").wait_for()
    for view, text in ((own, "written here"), (other, "written there")):
        view.page.bring_to_front()
        field = view.locator("textarea")
        field.wait_for()
        assert field.input_value() == text
        field.press("End")
        view.page.keyboard.type("!")
        assert field.input_value() == f"{text}!"
    reload(other.page)
    field.wait_for()
    assert field.input_value() == "written there!"
    other.page.close()
    book.page.bring_to_front()
    book.reload()
    own.locator("textarea").wait_for()
    assert own.locator("textarea").input_value() == "written here!"


def test_a_draft_is_that_of_its_tape_and_its_file_of_answers(lab):
    in_class = "dari.Tape('lesson.tape').view(speed='instant', answers='class.jsonl')"
    of_copy = "!cp lesson.tape copy.tape\ndari.Tape('copy.tape').view(speed='instant')"
    again = "dari.Tape('lesson.tape').view(speed='instant')"
    book, (own,) = shown(lab)
    own.locator("textarea").press_sequentially("mine")
    for code, draft in ((in_class, ""), (of_copy, ""), (again, "mine")):
        view = one_more(book, code)
        assert view.locator("textarea").input_value() == draft
    view.locator("textarea").press("End")
    book.page.keyboard.type(" too")
    assert own.locator("textarea").input_value() == "mine too"
    own.locator("textarea").press("Control+Enter")
    own.get_by_text("you expected: mine too").wait_for()
    assert view.locator("textarea").input_value() == ""


def test_what_is_written_stays_at_its_question_when_others_are_put_in_front_of_it(lab):
    more = [{"mark": "before it", "ask": "And what not? {0}"}, {"mark": "a chapter"}]
    book, (own,) = shown(lab, lines=LINES)
    own.locator("textarea").press_sequentially("mine")
    tape = book.path.with_name("lesson.tape")
    *before, question, answer, end = tape.read_text().splitlines()
    told = [*before, *map(json.dumps, more), question, answer, end]
    tape.write_text("".join(f"{line}\n" for line in told))
    book.run_all()
    own.get_by_text("Say alpha.").wait_for()
    own.locator(".dari-toggle").click()
    own.get_by_text("And what not?").wait_for()
    assert own.locator("textarea").input_value() == ""
    own.get_by_role("button", name="Skip").click()
    own.get_by_text("What will alpha be").wait_for()
    assert own.locator("textarea").input_value() == "mine"


def test_skip_drops_what_is_written_by_another_button_only(lab):
    book, (own,) = shown(lab)
    own.locator("textarea").press_sequentially("mine")
    skip = own.get_by_role("button", name="Skip", exact=True)
    drop = own.get_by_role("button", name="Skip without it")
    assert not drop.is_visible()
    skip.focus()
    for _ in range(40):
        book.page.keyboard.down("Enter")
    book.page.keyboard.up("Enter")
    drop.wait_for()
    for theme in ("light", "dark"):
        book.theme(theme)
        book.shot(f"player-skip-{theme}", selector=".dari-player")
    for _ in range(3):
        skip.press("Enter")
    skip.click(click_count=3)
    assert own.locator("textarea").input_value() == "mine"
    own.locator("textarea").press_sequentially(", and more")
    drop.wait_for(state="hidden")
    skip.click(click_count=4)
    drop.wait_for()
    assert own.locator("textarea").input_value() == "mine, and more"
    assert own.get_by_text("alpha is 1").count() == 0
    drop.click()
    own.get_by_text("skipped").wait_for()
    assert says(book, DRAFTS, "[]")


def test_what_is_written_outlives_its_kernel_and_its_page(lab):
    book, (view,) = shown(lab)
    book.page.evaluate(f"() => {KERNEL}.restart()")
    book.page.locator(".dari-player.dari-gone").wait_for()
    field = view.locator("textarea")
    field.press_sequentially("one")
    book.save()
    book.reload()
    book.run_all()
    view.get_by_text("Say alpha.").wait_for()
    view.locator(".dari-toggle").click()
    field.wait_for()
    assert field.input_value() == "one"
    field.press("End")
    book.page.keyboard.type(" two")
    book.page.keyboard.press("Control+Enter")
    view.get_by_text("you expected: one two").wait_for()
    assert says(book, DRAFTS, "[]")


def test_a_player_in_a_cell_that_goes_on_says_that_it_waits(lab):
    text = "".join(json.dumps(line) + "\n" for line in LINES)
    (lab.notebooks / "lesson.tape").write_text(text)
    book = lab.open_notebook([f"{VIEW.removesuffix('player')}display(player)\n{WAITS}"])
    book.start_all()
    view = book.page.locator(".dari-player")
    silent = "The kernel does not answer yet, and may be busy with a cell"
    view.get_by_text(silent).wait_for()
    book.shot("player-begins", selector=".dari-player")
    (lab.notebooks / "go").touch()
    view.get_by_text("Say alpha.").wait_for()
    view.get_by_text(silent).wait_for(state="hidden")
    assert book.problems == []
