"""Where runs diverge, in sentences that say what was counted and nothing more."""

import re

from dari_nb.models import ToolCallItem
from dari_nb.render.trajectories.static import finding_text, static_trajectories, trajectories_html
from dari_nb.render.trajectories.trajectories import Trajectories, Trajectory


def call(name, result="ok", failed=False, **arguments):
    return ToolCallItem(
        tool_name=name,
        arguments=arguments,
        status="failed" if failed else "completed",
        is_error=failed,
        result=result,
    )


def made(*trajectories, success=(), criterion="it is right"):
    told = [*success, *[None] * (len(trajectories) - len(success))]
    runs = [
        Trajectory(n, f"trial {n}", f"sess_{n}", trajectory, ok)
        for n, (trajectory, ok) in enumerate(zip(trajectories, told, strict=True), 1)
    ]
    return Trajectories(runs, criterion=criterion)


USER, ORDER = call("get_user", id="aarav"), call("get_order", id="M20")
RULES, CANCEL = call("fare_rules", cabin="economy"), call("cancel", id="M20")
HUMAN = call("to_human")
START = [USER, ORDER]


def test_runs_that_part_into_those_that_succeeded_and_those_that_did_not():
    with_rules, without = [*START, RULES, CANCEL], [*START, CANCEL]
    trajectories = made(
        with_rules, without, with_rules, [*START, HUMAN], success=[True, False, True, False]
    )
    assert trajectories.first_divergence == 3
    said = finding_text(trajectories)
    assert "step 3" in said
    assert "fare_rules" in said
    assert "2 of 4" in said


def test_what_is_not_known_is_not_counted_as_failure():
    ways = [[*START, RULES]] * 2 + [[*START, CANCEL]]
    assert "1 unknown" in finding_text(made(*ways, success=[True, None, False]))


def test_runs_alike_diverge_nowhere():
    for trajectories in (made(START, START, success=[True, False]), made([], [])):
        assert trajectories.first_divergence is None
        assert finding_text(trajectories)


def test_steps_that_tell_most_are_marked():
    forms = static_trajectories(read_late(12))
    assert '<small class="dari-part">tells most</small>' in forms["text/html"]
    assert '<small class="dari-part">they diverge here</small>' in forms["text/html"]
    for form in ("text/markdown", "text/plain"):
        assert "(tells most)" in forms[form]
        assert "(they diverge here)" in forms[form]


def test_runs_of_several_llms_are_named_with_theirs():
    labels = "cheap · repeat 0", "good · repeat 0", "cheap · repeat 1"
    runs = [Trajectory(n, label, f"sess_{n}", [USER]) for n, label in enumerate(labels, 1)]
    for form in static_trajectories(Trajectories(runs[:2])).values():
        assert "run 1 cheap" in form
        assert "run 2 good" in form
        assert "repeat 0" in form
    plain = static_trajectories(Trajectories(runs))["text/plain"]
    assert "run 1 cheap · repeat 0, run 2 good · repeat 0, run 3 cheap · repeat 1" in plain
    live = trajectories_html(Trajectories(runs), is_live=True)
    assert ">run 3 cheap · repeat 1</button>" in live


def read_late(runs, **given):
    """Runs of which every other one lists first, and the file that is read decides."""
    listed, wrong = call("ls", dir="."), {n for n in range(runs) if n % 4 >= 2}
    trajectories = [
        [USER, *([listed] if n % 2 else []), call("read", f="b" if n in wrong else "a", **given)]
        for n in range(runs)
    ]
    return made(*trajectories, success=[n not in wrong for n in range(runs)])


FORTY = [call("look", n=n) for n in range(37)]


def test_steps_alike_are_one_line_that_opens():
    trajectories = made([*FORTY, RULES], [*FORTY, CANCEL], success=[True, False])
    html = trajectories_html(trajectories)
    assert "37 steps alike: look" in html
    assert html.count("<tr") == 4
    assert html.split("Which runs these are")[0].count("<li>") == 37
    assert html.count("they diverge here") == 1
    plain = static_trajectories(trajectories)["text/plain"].splitlines()
    assert "1-37 37 steps alike: look" in plain
    assert "39 cancel M20: not called in run 1; called in run 2" in plain


def test_cells_say_what_differs_in_words_and_long_ones_in_full_on_demand():
    query = "Where is the reservation of the second passenger who is on the way to Rome?"
    one = call("search", q="short", day=20)
    other = call("search", q=query, day=20, failed=True)
    trajectories = made([one], [one], [other], success=[True, True, False])
    html = trajectories_html(trajectories)
    assert '<td data-look="same">same</td>' in html
    assert "<summary>in full</summary>" in html
    assert query in html
    assert "✗ failed" in html
    assert "day" not in html.split("<tbody>")[1]


def test_columns_are_clusters_with_their_runs_and_verdicts():
    trajectories = made([USER], [ORDER], [USER], success=[True, False, False])
    assert [(cluster.runs, cluster.rate.succeeded) for cluster in trajectories.clusters] == [
        ([0, 2], 1),
        ([1], 0),
    ]
    html = trajectories_html(trajectories)
    assert "<span>2 runs</span>" in html
    assert '<span class="dari-yes">✓ 1</span> <span class="dari-no">✗ 1</span>' in html
    heads = re.sub("<[^>]*>", "", html.partition("<thead>")[2].partition("</thead>")[0])
    assert "2 runs ✓ 1 ✗ 1 runs 1, 3" in heads
    assert "sess_1" in html
    live = trajectories_html(trajectories, is_live=True)
    assert 'name="run" value="3"' in live
    # A count opens the first of the runs that it counts.
    for value, sign in ((1, "✓"), (3, "✗")):
        assert re.search(f'<button [^>]*value="{value}"[^>]*>{sign} 1</button>', live)
        # Of each of several it is seen whether it is one of those.
        assert re.search(f'<button [^>]*value="{value}"[^>]*>{sign} run {value}', live)
    assert 'name="call" value="2:0"' in live


def test_there_is_an_end_to_what_is_shown():
    trajectories = made(
        *[[call(f"t{k // 2}", n=n, k=k) for n in range(200) if (n + k) % 3] for k in range(20)]
    )
    html = trajectories_html(trajectories)
    assert len(html) < 3_000_000
    assert "more steps not shown" in html
