"""What a batch says of its columns is what the statistics say, from the answers to the page."""

import itertools
import re
from decimal import Decimal

import pytest

import dari_nb as dari
from dari_nb import plot_cost
from dari_nb.errors import InvalidRequestError
from dari_nb.local import ToolCall, ToolResult, Usage
from dari_nb.scores import mean, paired_difference
from dari_nb.scores.scoring import score_of


@pytest.fixture
def triage(server):
    @server.agent("triage", llms=["small", "large"])
    def triage(prompt, turn):
        yield "Let me look at the ticket."
        yield ToolCall("read_ticket", {"text": prompt})
        yield ToolResult({"ok": True})
        hears = "down" in prompt or (turn.llm_id == "large" and "lost" in prompt)
        yield f"Priority: {'high' if hears else 'low'}"


TASKS = [
    {"prompt": "The site is down", "expected": "high"},
    {"prompt": "I lost my password", "expected": "high"},
    {"prompt": "Thanks, all good!", "expected": "low"},
]


@pytest.fixture
def batch(d, triage):
    return d.batches.run("triage", TASKS, ["small", "large"], repeats=2).wait(120)


def is_right(turn):
    return turn.text.endswith(turn.session.metadata["expected"])


def test_a_matrix_begins_with_what_the_scores_support(batch):
    batch.score("right", is_right)
    by_task = {
        llm: {t: [int(batch[t, llm, n].scores["right"]) for n in range(2)] for t in range(3)}
        for llm in ("small", "large")
    }
    gap = paired_difference(by_task["large"], by_task["small"])
    assert gap.low <= 0
    said = batch.to_mimebundle()["text/plain"].splitlines()[2]
    assert said.startswith("On “right”, large has 6 of 6 and small 4 of 6; 3 tasks do not settle "
                           "which does better (difference +0.33, 95 % ")  # fmt: skip
    low, high = re.search(r"interval (\S+) to (\S+);", said).groups()
    assert float(low.replace("\N{MINUS SIGN}", "-")) == pytest.approx(gap.low, abs=0.005)
    assert float(high) == pytest.approx(gap.high, abs=0.005)
    assert said.endswith("). Their scores differ on 1 of 3 tasks.")
    found = mean(by_task["small"])
    [told] = next(c for c in batch._snapshot().columns if c.id == "small").means
    assert (told.value, told.low, told.high, told.method) == (*found[:3], found.method)


@pytest.mark.parametrize(("low", "apart"), [(2, 3), (-1, 2)])
def test_two_values_settle_what_yes_and_no_do(d, server, low, apart):
    @server.agent("quick", llms=["quick", "slow"])
    def quick(prompt, turn):
        return "about" if turn.llm_id == "quick" and int(prompt) % 3 == 1 else "fine"

    batch = d.batches.run("quick", [str(n) for n in range(12)], ["quick", "slow"], repeats=3)
    batch.wait(120).score("right", lambda turn: turn.text == "fine")
    right = str(batch)
    rates = dari.scores.win_rates(batch, "right")
    batch.score("right", None)
    batch.score("stars", lambda turn: low + apart * (turn.text == "fine"))
    stars = str(batch)
    assert "12 tasks do not settle which does better" in right
    assert "12 tasks do not settle which is higher" in stars
    head = re.sub(r"<[^>]+>", "", batch.view().head)
    assert "12 tasks do not settle which is higher" in head
    told = dari.scores.win_rates(batch, "stars")
    for name in ("difference", "difference_low", "difference_high"):
        assert told[name].tolist() == (apart * rates[name]).tolist()
    assert told["p_value"].tolist() == rates["p_value"].tolist() == [0.0625]


def test_with_many_columns_each_comparison_is_wider_so_that_all_hold_together(d, server):
    @server.agent("many", llms=["a", "b", "c"])
    def many(prompt, turn):
        return {"a": "1", "b": prompt, "c": "0"}[turn.llm_id]

    tasks = [{"prompt": str(n % 2), "id": n} for n in range(4)]
    batch = d.batches.run("many", tasks, ["a", "b", "c"])
    batch.wait(120).score("value", lambda turn: int(turn.text) > 0)
    [finding] = batch._snapshot().findings
    assert [*finding.means] == ["a", "b", "c"] == ["a", *(gap.other for gap in finding.gaps)]
    assert finding.level == pytest.approx(1 - 0.05 / 3)
    ones = {t: [batch[t, "a"].scores["value"]] for t in range(4)}
    others = {t: [batch[t, "b"].scores["value"]] for t in range(4)}
    assert finding.gaps[0].low == paired_difference(ones, others, level=finding.level).low


def test_a_cell_shows_what_was_said_last_and_the_turn_everything(batch):
    assert batch[1, "small"].text == "Let me look at the ticket.\n\nPriority: low"
    html = batch.to_mimebundle()["text/html"]
    assert "<p>Priority: low <b>2\N{MULTIPLICATION SIGN}</b></p>" in html
    assert "Let me look" not in html


def test_costs_are_there_after_waiting_as_far_as_the_server_tells_them(d, server):
    @server.agent("costly", llms=["a", "b"])
    def costly(prompt, turn):
        yield "done"
        yield Usage(cost_usd=Decimal("0.1"))

    batch = d.batches.run("costly", [str(n) for n in range(9)], ["a", "b"]).wait(120)
    batch.score("right", lambda turn: True)
    assert batch.summary("right")["cost_usd"].tolist() == pytest.approx([0.1, 0.1])
    assert "$1.80" in batch.to_mimebundle()["text/plain"].splitlines()[0]
    assert "so far" not in batch.to_mimebundle()["text/plain"]


def test_before_anything_is_scored_it_says_so(batch):
    said = batch.to_mimebundle()["text/plain"].splitlines()[2]
    assert said == "Nothing is scored yet; the answers differ on 1 of 3 tasks."


def test_scores_that_are_no_numbers_have_no_mean_and_no_finding(batch):
    batch.score("tone", lambda turn: "calm")
    matrix = batch._snapshot()
    assert ([*matrix.findings], [[*column.means] for column in matrix.columns]) == ([], [[], []])


@pytest.fixture
def same(d, server):
    """Six tasks with two LLMs that answer differently on all but the last one."""

    @server.agent("heater", llms=["cold", "warm"])
    def heater(prompt, turn):
        return "Off" if prompt == "5" else f"{prompt} {turn.llm_id}"

    return d.batches.run("heater", [str(n) for n in range(6)], ["cold", "warm"]).wait(120)


def folded(batch):
    """What a matrix says of the tasks that it folds away, and their numbers."""
    html = batch.to_mimebundle()["text/html"]
    words = re.search(r"<summary>(.*?)</summary>", html)
    rows = re.findall(r"<p><small>(\d)</small>", html.partition("<summary>")[2])
    return words and words[1], [int(row) for row in rows]


def test_what_is_said_of_tasks_that_are_folded_is_true(same):
    same.score("ok", lambda turn: turn.text in ("1 cold", "1 warm", "2 warm"))
    words = "5 tasks on which “ok” is the same: 4 ✗ not ok · 1 ✓ ok"
    assert folded(same) == (words, [0, 1, 3, 4, 5])
    same.score("odd", lambda turn: turn.text[0] in "13")
    words = words.replace("“ok” is", "“ok” and “odd” are")
    assert folded(same) == (words, [0, 1, 3, 4, 5])


def test_tasks_with_one_answer_and_one_score_have_nothing_that_differs(d, server):
    @server.agent("echo2", llms=["a", "b"])
    def echo2(prompt, turn):
        return prompt if prompt != "x" else turn.llm_id

    batch = d.batches.run("echo2", ["x", "y", "z"], ["a", "b"]).wait(120)
    batch.score("ok", lambda turn: turn.text != "b")
    assert folded(batch) == ("2 tasks on which nothing differs: ✓ ok", [1, 2])


def test_a_task_that_was_rated_differently_is_not_folded_away(same):
    same.score("ok", lambda turn: turn.text == "2 warm")
    same.rate((0, "cold"), "rating", 2)
    assert folded(same)[1] == [0, 1, 3, 4, 5]
    same.rate((0, "warm"), "rating", 4)
    assert folded(same) == ("4 tasks on which “ok” is the same: ✗ not ok", [1, 3, 4, 5])


def bars(batch):
    """Where the means stand on their bars, from 0 to 1, column by column."""
    html = batch.to_mimebundle()["text/html"]
    ticks = re.findall(r'class="dari-tick" d="M([\d.]+) ', html)
    return [float(tick) / 200 for tick in ticks]


def test_ratings_are_drawn_on_the_scale_from_1_to_5(same):
    same.rate((0, "cold"), "rating", 2)
    same.rate((0, "warm"), "rating", 4)
    assert bars(same) == [0.25, 0.75]
    drawn = same.plot("rating").to_dict()
    domains = [layer["encoding"].get("x", {}).get("scale", {}) for layer in drawn["layer"]]
    assert [scale["domain"] for scale in domains if scale] == [[1, 5]]
    frame = same.to_frame().assign(cost_usd=0.01)
    costs = plot_cost(frame, "rating").to_dict()["layer"]
    assert costs[1]["encoding"]["y"]["scale"]["domain"] == [1, 5]
    # The interval of three values as far apart reaches beyond what a rating can be.
    same.rate((1, "cold"), "rating", 5)
    assert bars(same) == [0.625, 0.75]
    assert all(0 <= float(x) <= 200 for x in re.findall(
        r'class="dari-range" d="M([\d.]+)', same.to_mimebundle()["text/html"]))  # fmt: skip


def test_no_difference_is_wider_than_the_scale_of_ratings(batch):
    for task, ratings in enumerate([(1, 5), (5, 1), (1, 5)]):
        for llm, rating in zip(("small", "large"), ratings, strict=True):
            batch.rate((task, llm, 0), "rating", rating)
    said = batch.to_mimebundle()["text/plain"]
    assert re.search(r"interval (\S+) to (\S+);", said)[2] == "4"


def test_a_judge_who_rates_from_1_to_5_has_the_same_scale_as_a_person(same):
    for n, llm in ((0, "cold"), (0, "warm")):
        same.rate((n, llm), "rating", 2, "too short")
        said = score_of(same[n, llm], "judge.kind", same.run_id, value=4, note="It greets.")
        same.book.add([said])
    assert bars(same) == [0.75, 0.25] * 2
    html = same.to_mimebundle()["text/html"]
    assert "<q>too short</q>" in html
    assert "<q>judge.kind: It greets.</q>" in html


def test_a_comparison_of_repeats_says_that_it_is_the_first(batch):
    batch.score("right", is_right)
    note = batch.compare("small", "large").note
    assert note.startswith("Task 1, its first repeat, the only one of 3 on which “right” differs.")


def test_the_worst_rating_is_no_yes(same):
    same.rate((0, "cold"), "rating", 1)
    same.rate((1, "warm"), "rating", 1)
    assert bars(same) == [0, 0]
    assert "✓" not in str(same)
    assert "1 of 1" not in str(same)


def test_other_numbers_have_the_scale_that_they_span(same):
    same.score("words", lambda turn: 2 if turn.text.endswith("cold") else 4)
    assert same.plot("words").to_dict()["layer"][1]["encoding"]["x"]["scale"].get("domain") is None


@pytest.mark.parametrize("value", ["great", True, 0, 6, 5.5])
def test_a_rating_that_has_no_place_on_the_scale_is_refused_and_harms_none(same, value):
    same.rate((0, "warm"), "rating", 4)
    with pytest.raises(InvalidRequestError) as told:
        same.rate((0, "cold"), "rating", value)
    assert str(told.value) == (
        f"A 'rating' is a number from 1 to 5, not {value!r}: "
        "give what is another kind of value another name."
    )
    assert "“rating” is there for warm (4) alone" in str(same)
    same.rate((0, "cold"), "verdict", value)
    assert same[0, "cold"].scores == {"verdict": value}


def test_a_comparison_of_columns_says_which_task_it_shows_of_how_many(same):
    compared = same.compare("cold", "warm")
    note = "Task 0, the first of 5 on which the answers differ. The others are 1, 2, 3, 4: "
    assert repr(compared).splitlines()[-1] == f"{note}task=1 shows that one."
    assert f"{note}<code>task=1</code>" in compared.to_mimebundle()["text/html"]
    same.score("ok", lambda turn: turn.text == "4 warm")
    note = same.compare("cold", "warm").note
    assert note.startswith("Task 4, the only one of 6 on which “ok” differs. Other tasks are 0, 1,")
    same.score("ok", lambda turn: True)
    assert "“ok” differs on none of 6 tasks" in repr(same.compare("cold", "warm"))
    assert "differ" not in repr(same.compare("cold", "warm", task=3))


@pytest.mark.parametrize("other", [5, 0.5])
def test_yes_or_no_beside_numbers_has_no_mean(d, server, other):
    @server.agent("odd", llms=["a", "b"])
    def odd(prompt, turn):
        return turn.llm_id

    batch = d.batches.run("odd", ["one", "two"], ["a", "b"]).wait(60)
    batch.score("mixed", lambda turn: True if turn.text == "a" else other)
    why = f"“mixed” has no mean: it holds yes and {other}. Score True or False, or a number."
    assert why in str(batch)
    with pytest.raises(InvalidRequestError, match="has no mean: it holds 'true', "):
        batch.summary("mixed")
    with pytest.raises(InvalidRequestError, match="Nothing can be compared by 'mixed'"):
        batch.view(baseline="a", score="mixed")


def test_what_is_no_number_is_named_once_where_all_repeats_have_it(d, server):
    @server.agent("odd", llms=["a", "b"])
    def odd(prompt, turn):
        return turn.llm_id

    batch = d.batches.run("odd", ["one", "two"], ["a", "b"], repeats=2).wait(60)
    batch.score("odd", lambda turn: "good" if turn.prompt == "two" else 3)
    assert (
        "4 of its 8 values are no numbers (“good” of a on task 1 and “good” of b on task 1). "
    ) in str(batch)


def test_the_figures_are_those_that_the_difference_is_between_however_many_are_rated(d, server):
    server.agent("same", llms=["a", "b"])(lambda prompt: "answer")
    batch = d.batches.run("same", [f"t {i}" for i in range(20)], ["a", "b"], repeats=3).wait(60)
    for task in range(20):
        for llm, count in (("a", 1), ("b", 3)) if task < 10 else (("a", 3), ("b", 1)):
            for repeat in range(count):
                is_right = task < 10 or (llm == "a" and repeat == 0)
                batch.rate((task, llm, repeat), "ok", is_right)
    said = next(line for line in str(batch).splitlines() if "“ok”" in line)
    # Of all values b has more, 30 of 40 against 20, and a more in the tasks on which they differ.
    assert said.startswith(
        "a did better than b on “ok”: 0.67 against 0.5 on average, where each task counts once "
        "(difference +0.17, "
    )
    assert batch.summary("ok")["mean"].round(4).to_list() == [0.6667, 0.5]
    heads = {column.label: column.means[0] for column in batch._snapshot().columns}
    assert [round(heads[llm].value, 4) for llm in "ab"] == [0.6667, 0.5]
    assert [round(heads[llm].low, 4) for llm in "ab"] == batch.summary("ok")["low"].round(
        4
    ).to_list()


def test_a_score_that_some_repeats_lack_has_one_mean_everywhere(d, server):
    server.agent("same")(lambda prompt: prompt)
    batch = d.batches.run("same", ["1", "5"], repeats=3).wait(60)
    fives = itertools.count()

    def size(turn):
        is_left_out = turn.text == "5" and next(fives)
        return None if is_left_out else int(turn.text)

    assert repr(batch.score("size", size)).startswith("size: mean 3 (4 values, 2 without)\n")
    assert batch.summary("size")["mean"].item() == 3
    assert "“size”: 3 on average" in str(batch)
    batch.score("ok", lambda turn: turn.text == "1")
    assert "“ok”: 3 of 6 (mean 0.5" in str(batch)


def test_how_many_tasks_differ_is_what_a_click_shows(d, server):
    server.agent("unsteady", llms=["small", "large"])(
        lambda prompt, turn: f"{turn.llm_id} {turn.metadata['repeat']}"
    )
    batch = d.batches.run("unsteady", ["a", "b"], ["small", "large"], repeats=2).wait(60)
    wrong = {("a", "small 0"), ("a", "large 1"), ("b", "small 0")}
    batch.score("right", lambda turn: (turn.prompt, turn.text) not in wrong)
    said = str(batch)
    assert "Their scores differ on 1 of 2 tasks; single ones on 2 of 2 tasks." in said
    view = batch.view()
    buttons = re.findall(r'data-where="(differs[^"]*)"[^>]*>([^<]*)<', view.head)
    [(where, shown)] = buttons
    assert shown == "2 of 2 tasks"
    view.where = where
    assert len({cell.task_index for cell in batch.selection}) == 2
