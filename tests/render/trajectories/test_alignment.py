"""Any number of trajectories is aligned: nothing is lost, and what is new shifts nothing."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from dari_nb.models import ToolCallItem
from dari_nb.render.calls.alignment import aligned, arguments_of
from dari_nb.render.trajectories.trajectories import Trajectories, Trajectory

CALLS = st.builds(
    lambda name, n: ToolCallItem(tool_name=name, arguments={"n": n}),
    st.sampled_from("abc"),
    st.integers(0, 2),
)
TRAJECTORIES = st.lists(st.lists(CALLS, max_size=8), min_size=2, max_size=6)
NEW = ToolCallItem(tool_name="new", arguments={"n": 9})


def column(steps, place):
    return [step.calls[place] for step in steps if step.calls[place] is not None]


def words(call):
    return None if call is None else (call.tool_name, *sorted(arguments_of(call).items()))


def grid(steps):
    return [[words(call) for call in step.calls] for step in steps]


@given(TRAJECTORIES)
@settings(deadline=None, max_examples=40)
def test_each_call_appears_once_in_the_order_of_its_run(trajectories):
    steps = aligned(trajectories)
    for place, trajectory in enumerate(trajectories):
        found = column(steps, place)
        assert len(found) == len(trajectory)
        assert all(one is other for one, other in zip(found, trajectory, strict=True))
    for step in steps:
        there = [call for call in step.calls if call is not None]
        assert len({call.tool_name for call in there}) == 1


@given(TRAJECTORIES)
@settings(deadline=None, max_examples=40)
def test_a_step_says_what_its_calls_are(trajectories):
    for step in aligned(trajectories):
        said = [words(call) for call in step.calls]
        kind = "only here" if None in said else "same" if len(set(said)) == 1 else "other arguments"
        assert step.kind == kind


@given(TRAJECTORIES, st.data())
@settings(deadline=None, max_examples=40)
def test_an_inserted_call_shifts_nothing(trajectories, data):
    before = grid(aligned(trajectories))
    run = data.draw(st.integers(0, len(trajectories) - 1))
    place = data.draw(st.integers(0, len(trajectories[run])))
    longer = [list(trajectory) for trajectory in trajectories]
    longer[run].insert(place, NEW)
    after = grid(aligned(longer))
    [new] = [row for row in after if words(NEW) in row]
    assert [word for word in new if word is not None] == [words(NEW)]
    assert sorted(map(str, before)) == sorted(str(row) for row in after if row is not new)
    # Steps between two pairs may change places with each other, but pairs never.
    assert pairs(before) == pairs([row for row in after if row is not new])


def pairs(rows):
    return [row for row in rows if sum(word is not None for word in row) > 1]


@given(TRAJECTORIES, st.randoms())
@settings(deadline=None, max_examples=40)
def test_the_order_of_runs_changes_no_cluster(trajectories, random):
    runs = [
        Trajectory(n, "", f"s{n}", trajectory, n % 3 == 0)
        for n, trajectory in enumerate(trajectories, 1)
    ]
    mixed = random.sample(runs, len(runs))

    def clusters(those):
        made = Trajectories(those)
        return {
            (frozenset(those[p].number for p in c.runs), c.rate.succeeded) for c in made.clusters
        }

    assert clusters(runs) == clusters(mixed)
    by_trajectory = {}
    for run in runs:
        by_trajectory.setdefault(tuple(map(words, run.calls)), set()).add(run.number)
    assert {numbers for numbers, _ in clusters(runs)} == set(map(frozenset, by_trajectory.values()))


def test_a_call_is_aligned_with_those_that_have_its_arguments_not_with_the_first_alone():
    def f(n):
        return ToolCallItem(tool_name="f", arguments={"n": n})

    rows = grid(aligned([[f(1)], [f(2), f(1)], [f(2)]]))
    assert [[word and word[1][1] for word in row] for row in rows] == [[None, 2, 2], [1, 1, None]]


def test_long_paths_of_many_runs_are_whole():
    calls = [ToolCallItem(tool_name=f"t{n % 7}", arguments={"n": n}) for n in range(1_500)]
    trajectories = [[call for n, call in enumerate(calls) if n % (k + 5)] for k in range(3)]
    steps = aligned(trajectories)
    for place, trajectory in enumerate(trajectories):
        assert column(steps, place) == trajectory
    both = sum(None not in step.calls for step in steps)
    shared = [n for n in range(1_500) if n % 5 and n % 6 and n % 7]
    assert both > 0.8 * len(shared)
    assert all(a is not b for a, b in itertools.pairwise(steps))
