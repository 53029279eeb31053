"""Where runs diverge, in sentences that say what was counted and nothing more."""

import re
from random import Random

import pytest

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


def finding_of(*trajectories, **options):
    return finding_text(made(*trajectories, **options)).split(" Success means")[0]


def test_runs_that_part_into_those_that_succeeded_and_those_that_did_not():
    with_rules, without = [*START, RULES, CANCEL], [*START, CANCEL]
    trajectories = made(
        with_rules, without, with_rules, [*START, HUMAN], success=[True, False, True, False]
    )
    assert finding_text(trajectories) == (
        "They diverge at step 3: whoever called fare_rules economy (2 of 2) succeeded, "
        "the others (0 of 2) did not; 4 runs cannot tell it from chance. "
        "Success means that it is right: 2 of 4."
    )
    assert trajectories.first_divergence == 3


def test_first_is_said_where_the_others_do_it_later():
    one, other = [RULES, CANCEL], [CANCEL, RULES]
    assert finding_of(one, other, success=[True, False]) == (
        "They diverge at step 1: run 1 called fare_rules economy first and succeeded; "
        "run 2 called cancel M20 first and did not succeed; 2 runs cannot tell it from chance."
    )


def test_again_is_said_where_all_had_done_it_before():
    ways = [[*START, CANCEL, CANCEL]] * 2 + [[*START, CANCEL]] * 2
    assert finding_of(*ways, success=[True, True, False, False]) == (
        "They diverge at step 4: whoever called cancel M20 again (2 of 2) succeeded, "
        "the others (0 of 2) did not; 4 runs cannot tell it from chance."
    )


def test_only_one_way_that_did_not_succeed_is_told_as_that():
    ways = [*START, RULES], [*START, HUMAN], [*START, CANCEL], [*START, CANCEL]
    assert finding_of(*ways, success=[True, True, False, False]) == (
        "They diverge at step 3: whoever called cancel M20 (0 of 2) did not succeed, "
        "the others (2 of 2) did; 4 runs cannot tell it from chance."
    )


def test_one_run_a_side_makes_no_rule():
    ways = [*START, RULES], [*START, CANCEL], [*START, CANCEL], [*START, CANCEL]
    assert finding_of(*ways, success=[True, False, False, False]) == (
        "They diverge at step 3: run 1 called fare_rules economy and succeeded; "
        "runs 2, 3 and 4 called cancel M20 and did not succeed; "
        "4 runs cannot tell it from chance."
    )


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


def test_where_nothing_separates_them_each_way_has_its_count():
    ways = [[*START, RULES]] * 2 + [[*START, CANCEL]] * 3
    assert finding_of(*ways, success=[True, False, True, False, False]) == (
        "They diverge at step 3: fare_rules economy: 1 of 2 succeeded; cancel M20: 1 of 3 "
        "succeeded; 5 runs cannot tell it from chance."
    )


@pytest.mark.parametrize("told", [True, False])
def test_where_all_came_out_alike_no_way_is_said_to_matter(told):
    ways = [[*START, RULES]] * 2 + [[*START, CANCEL]]
    said = finding_text(made(*ways, success=[told] * 3))
    count = 3 if told else 0
    assert said == (
        "They diverge at step 3: fare_rules economy: 2 runs; cancel M20: 1 run. "
        f"Success means that it is right: {count} of 3."
    )


def test_what_is_not_known_is_not_counted_as_failure():
    ways = [[*START, RULES]] * 2 + [[*START, CANCEL]]
    said = finding_text(made(*ways, success=[True, None, False]))
    assert "fare_rules economy: 1 of 1 succeeded, 1 unknown; cancel M20: 0 of 1" in said
    assert said.endswith("Success means that it is right: 1 of 2, 1 unknown.")
    assert finding_text(made(*ways)) == (
        "They diverge at step 3: fare_rules economy: 2 runs; cancel M20: 1 run. "
        "Nothing tells which of them succeeded."
    )


def test_all_alike():
    assert finding_of(START, START, success=[True, False]) == "All 2 runs make the same 2 calls."
    assert finding_of([USER], [USER]).startswith("All 2 runs make the same call.")
    assert finding_of([], []).startswith("None of the 2 runs calls a tool.")
    assert made(START, START).first_divergence is None
    others = [USER, call("get_order", "gone", id="M20")]
    assert finding_of(START, others, success=[True, False]).endswith(
        "The same call gave other results at step 2 (get_order)."
    )


def test_other_arguments_are_named_and_then_where_other_tools_are_called():
    late, early = call("search", day=20), call("search", day=21)
    assert finding_of([USER, late], [USER, early], success=[True, False]) == (
        "They diverge at step 2 in the arguments of search: run 1 gave day 20 and succeeded; "
        "run 2 gave day 21 and did not succeed; 2 runs cannot tell it from chance."
    )
    said = finding_of([USER, late, RULES], [USER, early], [USER, late, CANCEL])
    assert said.startswith(
        "They diverge at step 2 in the arguments of search: day 20: 2 runs; day 21: 1 run. "
        "In what they call they diverge at step 3: fare_rules economy: 1 run; "
        "no further call: 1 run; cancel M20: 1 run."
    )


def test_many_ways_are_summed_up():
    ways = [[call("search", q=f"word {n}")] for n in range(9)]
    assert finding_of(*ways).startswith(
        "They diverge at step 1 in the arguments of search (q), in 9 ways."
    )
    tools = [[call(f"tool_{n % 7}")] for n in range(9)]
    assert "4 other ways: 0 of 4 succeeded" in finding_of(*tools, success=[True, *[False] * 8])


def test_results_that_differed_before_are_told():
    one = [USER, call("get_order", {"paid": True}, id="M20"), CANCEL]
    other = [USER, call("get_order", {"paid": False}, id="M20"), HUMAN]
    assert finding_of(one, other, success=[True, False]).endswith(
        "Before that the same call had given other results at step 2 (get_order)."
    )


def test_a_run_without_calls_and_one_that_ends_early():
    assert finding_of(START, [], success=[True, False]) == (
        "They diverge at step 1: run 1 called get_user aarav and succeeded; "
        "run 2 called no tool and did not succeed; 2 runs cannot tell it from chance."
    )
    assert finding_of(START, [USER], success=[False, True]) == (
        "They diverge at step 2: run 2 called nothing more and succeeded; "
        "run 1 called get_order M20 and did not succeed; 2 runs cannot tell it from chance."
    )


def test_every_count_in_the_sentences_is_that_of_an_independent_script():
    import itertools
    import random
    import re

    random.seed(4)
    for _ in range(200):
        trajectories = [
            [call(random.choice("abc")) for _ in range(random.randint(0, 3))] for _ in range(5)
        ]
        success = [random.choice([True, False]) for _ in trajectories]
        said = finding_text(made(*trajectories, success=success))
        assert f"{sum(success)} of 5." in said
        # What tells most has a test of its own.
        said = re.sub(
            r"^(Step|Whether) [^:]* tells most: .*? They first diverge", "They diverge", said
        )
        at = re.search(r"They diverge at step (\d+)", said)
        names = [[each.tool_name for each in trajectory] for trajectory in trajectories]
        columns = itertools.zip_longest(*names)
        first = next((n for n, row in enumerate(columns, 1) if len(set(row)) > 1), None)
        assert (int(at[1]) if at else None) == first
        if at is None or sum(success) in (0, 5):
            continue
        groups = {}
        for trajectory, ok in zip(names, success, strict=True):
            groups.setdefault(
                trajectory[first - 1] if len(trajectory) >= first else None, []
            ).append(ok)
        if "whoever" in said:
            assert all(all(group) or not any(group) for group in groups.values())
            assert min(sum(success), 5 - sum(success)) > 1
            yes, no = (
                sum(len(g) for g in groups.values() if all(g) is which) for which in (True, False)
            )
            assert f"({yes} of {yes})" in said
            assert f"(0 of {no})" in said
        elif "and succeeded" in said:
            assert all(all(group) or not any(group) for group in groups.values())
            assert min(sum(success), 5 - sum(success)) == 1
        else:
            for name, group in groups.items():
                word = name or ("no further call" if first > 1 else "no call")
                assert f"{word}: {sum(group)} of {len(group)} succeeded" in said


def read_late(runs, **given):
    """Runs of which every other one lists first, and the file that is read decides."""
    listed, wrong = call("ls", dir="."), {n for n in range(runs) if n % 4 >= 2}
    trajectories = [
        [USER, *([listed] if n % 2 else []), call("read", f="b" if n in wrong else "a", **given)]
        for n in range(runs)
    ]
    return made(*trajectories, success=[n not in wrong for n in range(runs)])


def test_the_step_that_tells_most_comes_first_and_then_where_they_first_part():
    trajectories = read_late(8)
    assert finding_text(trajectories) == (
        "Step 3 tells most, in the arguments of read: whoever gave f a (4 of 4) succeeded, "
        "the others (0 of 4) did not; it may be chance, which does as much 1 time in 17. "
        "They first diverge at step 2: read: 2 of 4 succeeded; ls .: 2 of 4 succeeded; "
        "it may be chance. Success means that it is right: 4 of 8."
    )
    said = finding_text(read_late(12))
    assert "(6 of 6) succeeded, the others (0 of 6) did not; chance does as much 1 time in" in said
    forms = static_trajectories(read_late(12))
    assert "chance does as much 1 time in" in forms["text/html"]
    assert "<small>tells most" not in forms["text/html"]
    assert '<small class="dari-part">tells most</small>' in forms["text/html"]
    assert '<small class="dari-part">they diverge here</small>' in forms["text/html"]
    for form in ("text/markdown", "text/plain"):
        assert "chance does as much 1 time in" in forms[form]
        assert "(tells most)" in forms[form]
        assert "(they diverge here)" in forms[form]


def test_one_argument_tells_most_where_another_is_never_the_same():
    made_ = [[USER, call("read", f="ab"[n % 2], line=n)] for n in range(12)]
    trajectories = made(*made_, success=[n % 2 == 0 for n in range(12)])
    assert "(they diverge here, tells most)" in static_trajectories(trajectories)["text/plain"]
    said = finding_text(trajectories)
    assert said.startswith(
        "Step 2 tells most, in the arguments of read: whoever gave f a (6 of 6) succeeded, "
        "the others (0 of 6) did not; chance does as much 1 time in 462. "
        "They first diverge at step 2 in the arguments of read (f, line), in 12 ways."
    )


def test_a_call_that_some_leave_out_later_tells_most_too():
    ways = [[RULES, USER, CANCEL, HUMAN], [ORDER, USER, CANCEL, HUMAN]]
    ways += [way[:3] for way in ways]
    said = finding_text(made(*ways * 4, success=[False, False, True, True] * 4))
    assert re.match(
        r"Step \d tells most: whoever called to_human there \(0 of 8\) did not succeed, "
        r"the others \(8 of 8\) did; chance does as much less than 1 time in 1,000\. "
        r"They first diverge at step 1: ",
        said,
    )
    most = [False, False, True, True] * 3 + [False, True, True, True]
    assert "whoever called to_human there: 1 of 8 succeeded; the others: 8 of 8" in finding_text(
        made(*ways * 4, success=most)
    )


def test_how_sure_it_is_stands_with_where_they_part():
    both = [[USER, RULES]] * 4 + [[USER, CANCEL]] * 4
    assert finding_of(*both, success=[True] * 4 + [False] * 4).endswith(
        "(4 of 4) succeeded, the others (0 of 4) did not; chance does as much 1 time in 35."
    )
    assert finding_of(*both, success=[True] * 3 + [False] * 5).endswith(
        "; it may be chance, which does as much 1 time in 7."
    )
    assert finding_of(*both, success=[True, False] * 4).endswith("; it may be chance.")
    many = [[USER, RULES]] * 20 + [[USER, CANCEL]] * 20
    assert finding_of(*many, success=[True] * 20 + [False] * 20).endswith(
        "; chance does as much less than 1 time in 1,000."
    )
    # What is not known is no run that tells anything.
    assert "; 6 runs cannot tell it from chance" in finding_of(
        *both, success=[True] * 3 + [None] + [False] * 3 + [None]
    )


def test_where_chance_is_all_there_is_hardly_any_finding_says_more():
    import random

    told = 0
    lots = random.Random(2)
    for _ in range(200):
        trajectories = [
            [call(name, n=lots.randint(0, 1)) for name in "abcdef" if lots.random() < 0.7]
            for _ in range(10)
        ]
        said = finding_text(
            made(*trajectories, success=[lots.random() < 0.5 for _ in trajectories])
        )
        told += "chance does as much" in said
    assert told <= 20


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


def test_what_one_alone_does_at_length_is_one_line_too():
    trajectories = made([USER, CANCEL], [USER, HUMAN, *FORTY, CANCEL])
    assert "37 steps only in run 2: look" in trajectories_html(trajectories)


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


def test_static_output_of_many_clusters_has_short_heads_and_tables_that_fit_on_a_sheet():
    ways = [[call("look", page=n)] for n in range(12) for _ in range(1 + n)]
    html = static_trajectories(made(*ways))["text/html"]
    heads = re.findall("<thead>.*?</thead>", html)
    assert [head.count('<th scope="col">') for head in heads] == [1 + 6] * 2
    assert [body.count("<td ") for body in re.findall("<tbody>.*?</tbody>", html)] == [6, 6]
    assert not any("sess_" in head or "repeat" in head for head in heads)
    assert max(len(re.sub("<[^>]*>", " ", head)) for head in heads) < 300
    assert re.findall("<code>(sess_.*?)</code>", html) == [f"sess_{n}" for n in range(1, 79)]
    live = trajectories_html(made(*ways), is_live=True)
    assert live.count("<table") == 1


def test_what_one_alone_does_stands_in_its_table_alone():
    others = [[call("look", page=n)] for n in range(7)]
    html = trajectories_html(made(*others, [*FORTY, CANCEL]))
    assert html.count("<table") == 2
    assert html.count("steps only in run 8") == 1


def test_there_is_an_end_to_what_is_shown():
    trajectories = made(
        *[[call(f"t{k // 2}", n=n, k=k) for n in range(200) if (n + k) % 3] for k in range(20)]
    )
    html = trajectories_html(trajectories)
    assert len(html) < 3_000_000
    assert "more steps not shown" in html


@pytest.mark.parametrize("shift", [0, 3, 7])
def test_of_one_step_that_parts_many_runs_chance_is_exact_in_any_order(shift):
    called = [True] * 12 + [False] * 9
    success = [True] * 10 + [False] * 2 + [True] * 3 + [False] * 6
    order = [*range(shift, 21), *range(shift)]
    trajectories = [[*START, RULES, CANCEL] if called[n] else [*START, CANCEL] for n in order]
    # Fisher's exact test of 10 of 12 against 3 of 9 is 0.0318.
    assert "; chance does as much 1 time in 31" in finding_of(
        *trajectories, success=[success[n] for n in order]
    )


def test_less_than_once_in_a_thousand_is_said_only_where_that_is_so():
    tools = [(call("read_csv"), n < 15) for n in range(17)]
    tools += [(call("guess"), n < 8) for n in range(23)]
    for shift in range(6):
        plots = [(n * 7 + shift) % 40 < 13 for n in range(40)]
        runs = [
            [USER, tool, *[call("plot")] * plot]
            for (tool, _), plot in zip(tools, plots, strict=True)
        ]
        said = finding_text(made(*runs, success=[did for _, did in tools]))
        # Fisher's exact test of 15 of 17 against 8 of 23 alone is 0.00105.
        often = re.search(r"; chance does as much 1 time in ([\d,]+)\. ", said)
        assert often is not None, said
        assert int(often[1].replace(",", "")) <= 951


def test_a_call_that_decides_is_found_wherever_it_stands():
    random = Random(5)
    steps = [call("step", n=n) for n in range(5)]
    told = [n % 2 == 1 for n in range(24)]
    runs = []
    for succeeds in told:
        place = random.randrange(6)
        runs.append([*steps[:place], *[call("verify")] * succeeds, *steps[place:]])
    trajectories = made(*runs, success=told)
    assert finding_text(trajectories).startswith(
        "Whether verify is called at all tells most: whoever called it (12 of 12) succeeded, "
        "the others (0 of 12) did not; chance does as much less than 1 time in 1,000. "
    )
    assert "tells most</small>" not in static_trajectories(trajectories)["text/html"]
    harms = made(*runs, success=[not succeeds for succeeds in told])
    assert "whoever called it (0 of 12) did not succeed, the others (12 of 12) did;" in (
        finding_text(harms)
    )


def test_where_one_step_tells_as_much_as_a_call_anywhere_the_step_is_named():
    told = [n % 2 == 1 for n in range(12)]
    runs = [
        [*START, *[RULES] * n, *[CANCEL] * ok] for n, ok in zip([0, 1, 2] * 4, told, strict=True)
    ]
    said = finding_text(made(*runs, success=told))
    assert re.match(r"Step \d tells most: whoever called cancel M20 there \(6 of 6\) ", said)


def test_calls_that_have_nothing_to_do_with_success_are_seldom_taken_for_its_cause():
    found = 0
    for seed in range(120):
        random = Random(seed)
        runs = [
            [
                call(random.choice("abcd"), k=random.choice("pq"))
                for _ in range(random.randint(2, 6))
            ]
            for _ in range(20)
        ]
        trajectories = made(*runs, success=[random.random() < 0.5 for _ in runs])
        found += trajectories.telling is not None
    assert found <= 12
