"""Several runs side by side in real pages: by keyboard, in static output, with little room."""

RUNS = """
import json
import dari_nb as dari

def run(trial, reward, *calls):
    said = [{"role": "user", "content": f"Cancel M20 <b>now</b>, trial {trial}."}]
    for n, (name, arguments) in enumerate(calls):
        call = {"id": f"c{n}", "type": "function",
                "function": {"name": name, "arguments": json.dumps(arguments)}}
        said.append({"role": "assistant", "content": None, "tool_calls": [call]})
        said.append({"role": "tool", "tool_call_id": f"c{n}", "content": f"result {n} of {trial}"})
    said.append({"role": "assistant", "content": f"Trial {trial} is done."})
    return dari.Transcript.from_messages(
        {"messages": said, "task_id": "12", "trial": trial, "reward": reward})

looks = [("look", {"page": n}) for n in range(37)]
rules, cancel = ("fare_rules", {"cabin": "economy"}), ("cancel", {"id": "M20"})
human = ("transfer_to_human", {"summary": "The customer wants to cancel a flight. " * 20})
trajectories = dari.trajectories([
    run(1, 1, *looks, rules, cancel), run(2, 0, *looks, cancel),
    run(3, 1, *looks, rules, cancel), run(4, 0, *looks, human),
    run(5, 0, *looks, ("transfer_to_human", {"summary": "Other words. <img src=x>"})),
], title="Task 12")
trajectories
"""
FINDING = (
    "whoever called fare_rules economy (2 of 2) succeeded, the others (0 of 3) did not; "
    "5 runs cannot tell it from chance."
)
VALUE = "() => document.activeElement.value"


def test_runs_are_gone_through_and_opened_by_keyboard(lab, axe):
    book = lab.open_notebook([RUNS])
    book.run_all()
    page, view = book.page, book.page.locator(".dari-trajectories")
    view.get_by_text("they diverge here").wait_for()
    assert FINDING in view.inner_text()
    assert "37 steps alike, 37 with other results: look" in view.inner_text()
    for theme in ("dark", "light"):
        book.theme(theme)
        book.shot(f"trajectories-{theme}")
        assert axe(page, ".dari-trajectories") == []

    cells = page.locator(".jp-Cell").count()
    view.locator("[name=run]").last.focus()
    page.keyboard.press("Tab")
    if page.evaluate("() => document.activeElement.tagName") == "SUMMARY":
        page.keyboard.press("Tab")
    assert page.evaluate(VALUE) == "1:37"
    page.keyboard.press("ArrowDown")
    assert page.evaluate(VALUE) == "1:38"
    page.keyboard.press("ArrowRight")
    assert page.evaluate(VALUE) == "2:37"
    page.keyboard.press("Enter")
    pane = view.locator(".dari-pane")
    opened = pane.locator("details.dari-call[aria-current]")
    opened.locator("pre", has_text="result 37 of 2").wait_for()
    assert opened.locator("summary code").inner_text() == "cancel"
    assert "Cancel M20 <b>now</b>, trial 2." in pane.inner_text()
    assert book.execute("print(len(trajectories.runs))").strip() == "5"
    assert axe(page, ".dari-trajectories") == []
    book.shot("trajectories-open")
    page.keyboard.press("Escape")
    pane.wait_for(state="hidden")
    assert page.evaluate(VALUE) == "2:37"
    assert page.locator(".jp-Cell").count() == cells

    view.locator("[name=run]", has_text="3").first.click()
    pane.get_by_text("Trial 3 is done.").wait_for()
    view.locator("[name=close]").click()
    pane.wait_for(state="hidden")
    assert book.problems == []


def test_heads_stay_in_sight_where_the_page_is_narrow(lab, axe):
    book = lab.open_notebook([RUNS])
    book.run_all()
    page, view = book.page, book.page.locator(".dari-trajectories")
    view.get_by_text("they diverge here").wait_for()
    book.command("application:toggle-left-area")
    book.shot("trajectories-narrow", width=420)
    steps = view.locator(".dari-steps")
    steps.evaluate("(box) => { box.scrollLeft = box.scrollWidth; }")
    head = view.locator("tbody th").last.bounding_box()
    box = steps.bounding_box()
    assert abs(head["x"] - box["x"]) < 2
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert axe(page, ".dari-trajectories") == []
    book.shot("trajectories-narrow-scrolled", width=420)
    heads = view.locator("thead th")
    view.locator("[name=run]").first.click()
    view.locator(".dari-pane").get_by_text("Trial 1 is done.").wait_for()
    steps.evaluate("(box) => { box.scrollTop = box.scrollHeight; }")
    box, head = steps.bounding_box(), heads.last.bounding_box()
    assert head["y"] < box["y"] - 20, "heads stay where there is no room for them"
    book.shot("trajectories-narrow-open", width=700)
    view.locator("[name=close]").click()
    view.get_by_text("37 steps alike").click()
    assert view.get_by_role("listitem").count() == 37
    view.get_by_text("in full").first.click()
    page.emulate_media(media="print")
    assert steps.evaluate("(box) => getComputedStyle(box).overflow") == "visible"
    page.emulate_media(media="null")
    assert book.problems == []
