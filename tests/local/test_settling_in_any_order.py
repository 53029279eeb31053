"""Two branches do anything to a tape and are settled: nothing goes or moves without a word."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from dari_nb.tapes import EventLine, Mark, Recording, Turn, read_tape, settle, write_tape
from dari_nb.tapes.recording import unreachable
from dari_nb.tapes.settling.merging import Side
from dari_nb.tapes.summary import prompt_of

from ..tapes.branches import git
from .courses import Course, answer_of, asked_after_others, assert_no_other_flaw, before, words_of

ROUNDS = 6
Marks = dict[str, tuple[Mark, tuple[str, int] | None]]


class Branches(Course):
    """A tape in a repository where two branches change it."""

    def step(self) -> None:
        chosen = self.draw.random()
        if chosen < 0.2:
            self.record("auto")
        elif chosen < 0.3:
            self.record("record")
        elif chosen < 0.45:
            self.mark()
        elif chosen < 0.7:
            self.decide()
        else:
            now = read_tape(self.path)
            self.draw.choice((self.edit, self.asks, self.delete))(now)
            write_tape(now, self.path)

    def edit(self, tape: Recording) -> None:
        turn = self.draw.choice(tape.turns)
        at = max(at for at, entry in enumerate(turn.body) if isinstance(entry, EventLine))
        turn.body[at] = replace(turn.body[at], data={**turn.body[at].data, "by": self.asked})
        self.asked += 1

    def asks(self, tape: Recording) -> None:
        for turn in self.draw.sample(tape.turns, len(tape.turns)):
            for notes in (turn.before, turn.body):
                for at, note in enumerate(notes):
                    if isinstance(note, Mark):
                        notes[at] = Mark(note.mark, f"What of {self.draw.random()}?")
                        return

    def delete(self, tape: Recording) -> None:
        gone = [self.draw.choice(tape.turns)]
        if sum(turn.line.key == gone[0].line.key for turn in tape.turns) > 1:
            return
        for turn in gone:
            gone += [one for one in tape.turns if one.line.parent == turn.line.key]
        tape.turns = [turn for turn in tape.turns if turn not in gone]

    def branch(self, name: str) -> Recording:
        git(self.path.parent, "checkout", "-q", name)
        for _ in range(self.draw.randint(1, 4)):
            if read_tape(self.path).turns:
                self.step()
        git(self.path.parent, "commit", "-qam", name, "--allow-empty")
        return read_tape(self.path)


@pytest.fixture
def branches(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Branches]:
    branches = Branches(tmp_path / "lesson.tape", request.param)
    (tmp_path / ".gitattributes").write_text("*.tape text eol=lf -merge\n")
    branches.record("auto")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    yield branches
    branches.close()


def answers(tape: Recording) -> dict[tuple[str, int, bool], object]:
    return {(*turn.place, turn.line.new): answer_of(turn) for turn in tape.turns}


def marks(tape: Recording) -> Marks:
    placed: Marks = {note.mark: (note, None) for note in tape.tail if isinstance(note, Mark)}
    for turn in tape.turns:
        placed |= {note.mark: (note, turn.place) for note in turn.notes if isinstance(note, Mark)}
    return placed


def assert_turns_stay(base: Recording, side: Recording, now: Recording, report: str) -> None:
    was, there = answers(base), answers(now)
    for turn in side.turns:
        place, answer = (*turn.place, turn.line.new), answer_of(turn)
        kept = (there.get(place), there.get((*turn.place, False)))
        if answer in kept:
            continue
        if place in there:
            is_chosen = f"answer of {turn.line.turn}" in report and prompt_of(turn) in report
            assert is_chosen or was.get(place) == answer
        else:
            assert f"{turn.line.turn} of {turn.line.session}, {prompt_of(turn)}" in report


def chain_of(tape: Recording, turn: Turn | None) -> list[object]:
    chain = []
    while turn is not None:
        chain.append(words_of(turn))
        turn = before(tape, turn)
    return chain


def assert_conversations_whole(sides: list[Recording], now: Recording, report: str) -> None:
    """Each turn stands behind what it stood behind on one side, or is named.

    What never played on a side, as other answers stood before it, was named before.
    """
    never = {turn.place for side in sides for turn in unreachable(side.turns)}
    for turn in now.turns:
        if turn.place in never:
            continue
        found = [
            chain_of(side, one)
            for side in sides
            for one in side.turns
            if one.place == turn.place and answer_of(one) == answer_of(turn)
        ]
        name = f"{turn.line.turn} of {turn.line.session}, {prompt_of(turn)}"
        behind = [line for line in report.splitlines() if "recorded behind other answers" in line]
        assert (chain_of(now, turn) in found) != (name in "".join(behind))


def assert_whole_to_the_end(sides: list[Recording], now: Recording) -> None:
    """Where a turn stays that one side has not, what goes on from it on the other side does."""
    there = answers(now)
    for side, other in (sides, sides[::-1]):
        has = answers(other)
        for turn in side.turns:
            parent = before(side, turn)
            if parent is None or (*parent.place, parent.line.new) not in there:
                continue
            if has.keys().isdisjoint([(*parent.place, parent.line.new), (*parent.place, False)]):
                assert {(*turn.place, turn.line.new), (*turn.place, False)} & there.keys()


def assert_what_comes_back_is_named(
    base: Recording, side: Recording, now: Recording, report: str
) -> None:
    was, has = answers(base), answers(side)
    for turn in now.turns:
        place = (*turn.place, turn.line.new)
        if place in was.keys() - has.keys() and (*turn.place, False) not in has:
            assert f"{turn.line.session}," in report or f"of {turn.line.session}:" in report


def assert_marks_stay(sides: list[Recording], now: Recording, report: str) -> None:
    was, *both = map(marks, sides)
    there = marks(now)
    for name, (note, _) in [*both[0].items(), *both[1].items()]:
        if name not in there:
            assert f"mark {name!r}" in report
        elif there[name][0] != note:
            assert name in was
            assert was[name][0] == note or f"mark {name!r} (ours asks" in report
    for name in was.keys() & both[0].keys() & both[1].keys() & there.keys():
        if was[name][1] == both[1][name][1]:
            is_told = f"mark {name!r} (ours asks" in report
            assert there[name][1] == both[0][name][1] or is_told
    for name, placed in there.items():
        found = [one[name] for one in both if name in one]
        assert placed[0] in [note for note, _ in found]
        assert placed[1] in [place for _, place in found]
    notes = [note for turn in now.turns for note in turn.notes] + now.tail
    names = [note.mark for note in notes if isinstance(note, Mark)]
    assert len(names) == len({*names})


@pytest.mark.parametrize("keeps", ["ours", "theirs"])
@pytest.mark.parametrize("branches", [22, 35, 64, 72], indirect=True)
def test_nothing_goes_or_moves_without_a_word(branches: Branches, keeps: Side) -> None:
    path = branches.path
    for number in range(ROUNDS):
        name = f"other{number}"
        git(path.parent, "branch", name)
        base, ours, theirs = read_tape(path), branches.branch("main"), branches.branch(name)
        git(path.parent, "checkout", "-q", "main")
        is_conflict = ours not in (base, theirs) and theirs != base
        git(path.parent, "merge", "-q", name, fails=is_conflict)
        if is_conflict:
            told: list[str] = []
            settle(path, keeps=keeps, report=told.append)
            now, words = read_tape(path), "\n".join(told)
            assert_no_other_flaw(now)
            known = asked_after_others(ours) | asked_after_others(theirs)
            for key, answer in asked_after_others(now) - known:
                turn = next(
                    t for t in now.turns if (t.line.key, str(answer_of(t))) == (key, answer)
                )
                assert f"{turn.line.turn} of {turn.line.session}, {prompt_of(turn)}" in words
            assert_turns_stay(base, ours, now, words)
            assert_turns_stay(base, theirs, now, words)
            assert_whole_to_the_end([ours, theirs], now)
            assert_conversations_whole([ours, theirs], now, words)
            assert_what_comes_back_is_named(base, ours, now, words)
            assert_what_comes_back_is_named(base, theirs, now, words)
            assert_marks_stay([base, ours, theirs], now, words)
            git(path.parent, "commit", "-qam", "settled")
