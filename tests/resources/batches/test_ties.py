"""Of several that have the most each is named, and all that the comparisons support is said."""

import json

import pytest

from dari_nb.scores import paired_difference


@pytest.fixture
def finding_of(d, folder):
    """What is said of runs that are told by the rewards of their models, a list each."""

    def finding_of(**models):
        lines = [
            {
                "task_id": f"t{task}",
                "model": model,
                "trial": 0,
                "messages": [
                    {"role": "user", "content": f"task t{task}"},
                    {"role": "assistant", "content": f"{model} {task}"},
                ],
                "reward": reward,
            }
            for model, rewards in models.items()
            for task, reward in enumerate(rewards)
        ]
        path = folder / "runs.jsonl"
        path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        return str(d.batches.from_runs(path)).splitlines()[2]

    return finding_of


def test_all_that_have_the_most_did_better_than_the_one_that_has_less(finding_of):
    said = finding_of(small=[0] * 10, mid=[1] * 10, large=[1] * 10)
    assert said.startswith(
        "mid and large did better than small on “reward”: 10 of 10 each against 0 of 10; "
        "no task tells mid and large apart (difference of mid to large 0, interval "
    )
    assert "; of mid to small +1, interval 0.33 to 1; of large to small +1, " in said
    assert "each at 98.33 %, so that all 3 comparisons hold together at 95 %" in said
    assert "with mid-p of sign flips)" in said


def test_more_than_two_are_all_named(finding_of):
    models = {f"m{n}": [1] * 20 for n in range(6)}
    said = finding_of(**models, small=[0] * 20)
    assert said.startswith(
        "m0, m1, m2, m3, m4 and m5 did better than small on “reward”: 20 of 20 each against "
    )


def test_those_that_have_the_most_on_different_tasks_are_not_told_apart(finding_of):
    said = finding_of(
        small=[0] * 20, mid=[1] * 14 + [0] * 6, large=[0] * 6 + [1] * 14, tiny=[0] * 20
    )
    assert said.startswith(
        "mid and large did better than small and tiny on “reward”: 14 of 20 each against 0 of 20, "
        "0 of 20; 20 tasks do not settle it between mid and large (difference of "
    )


def test_nothing_is_said_of_one_that_only_the_other_supports(finding_of):
    small, mid, large = ([1] * 4 + [0] * 16, [1] * 14 + [0] * 6, [0] * 4 + [1] * 14 + [0] * 2)
    said = finding_of(small=small, mid=mid, large=large)
    one, other = (
        paired_difference(
            {n: [v] for n, v in enumerate(of)},
            {n: [v] for n, v in enumerate(small)},
            level=1 - 0.05 / 3,
        )
        for of in (mid, large)
    )
    assert one.low > 0 >= other.low
    assert said.startswith(
        "On “reward”, mid and large have 14 of 20 each; mid did better than small; "
        "20 tasks do not settle it between mid and large (difference of mid to large 0, "
    )


def test_the_next_that_did_better_than_the_rest_is_named_too(finding_of):
    said = finding_of(small=[0] * 10, mid=[1] * 9 + [0], large=[1] * 10)
    assert said.startswith(
        "large did better than small on “reward”: 10 of 10 against 0 of 10; "
        "10 tasks do not settle it against mid, 9 of 10; mid did better than small, too "
        "(difference of large to mid +0.1, "
    )
    assert "; of mid to small +0.9, interval 0.33 to 1; " in said


def test_a_second_one_that_is_clearly_above_a_third_is_named_where_the_first_is_not(finding_of):
    small, mid, large = [1] * 6 + [0] * 14, [1] * 14 + [0] * 6, [0] * 5 + [1] * 15
    said = finding_of(small=small, mid=mid, large=large)
    assert said.startswith(
        "On “reward”, large has 15 of 20, mid 14 of 20 and small 6 of 20; "
        "20 tasks do not settle which does best; mid did better than small (difference "
    )
    assert "of mid to small +0.4, interval " in said


def test_numbers_that_tie_are_higher_all_of_them(finding_of):
    words = [3.5, 4.25, 3.75, 4.5, 5.5]
    said = finding_of(small=[0.5, 1, 1.5, 1, 1.5], mid=words, large=words[::-1])
    assert said.startswith("mid and large are higher than small on “reward”: 4.3 each against 1.1 ")


def test_where_all_tie_nobody_is_said_to_be_better(finding_of):
    said = finding_of(small=[1] * 5 + [0] * 5, mid=[0] * 5 + [1] * 5, large=[1, 0] * 5)
    assert said.startswith(
        "On “reward”, small has 5 of 10, mid 5 of 10 and large 5 of 10; "
        "10 tasks do not settle which does best (difference "
    )
    assert "did better" not in said


def test_what_has_no_interval_has_no_level_either(finding_of):
    said = finding_of(small=[0], mid=[1], large=[1])
    assert "of large to small +1, no interval can be given; paired by task" in said
    assert "hold together" not in said
