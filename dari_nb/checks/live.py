"""A tape asked again: what of it no longer holds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Event as Flag
from typing import Any

from ..client import Client
from ..errors import ApiError, InvalidRequestError
from ..models import events as ev
from ..tapes import Recording, Scrubber, Tape, Turn, read_tape
from ..tapes.keys import blocks_of
from ..tapes.lines import dollars
from ..tapes.recording import Never, parents_of, why_never
from ..tapes.redaction import SCRUBBED, compiled
from ..tapes.summary import count_of
from .answers import Answer, Scorer, answer_of, gaps, recorded_answer
from .asking import Asking, Gone
from .findings import Check, Finding, What

TIMEOUT = 600.0
"""Seconds that a turn may take unless somebody says otherwise."""
AT_ONCE = 4
"""Sessions that are asked side by side."""
_NO_CODE = "this server has only what was recorded of it: register its function first"
_AFTER = "a turn before it could not be asked"
NO_BEGINNING = "the turn before it is not on the tape"
OTHER_ANSWERS = "other answers stand before it on the tape than those that it was asked behind"
STANDS_TWICE = "it stands twice on the tape, and the later one is asked"
NO_FILES = "the tape does not hold the files that were attached"
LACKING = "what was asked held a secret, which the tape does not hold"
NAMELESS = "the name of its agent or LLM option held a secret, which the tape does not hold"
NO_ANSWER = "its recording was {}"
_PLAN = "Asks {turns} of {sessions} again{times}{cost}."
_TIMES = ", in {questions}, as a branch is asked from its beginning"
_NEVER = {
    Never.TWICE: STANDS_TWICE,
    Never.LOST: NO_BEGINNING,
    Never.BEHIND: OTHER_ANSWERS,
}

Chain = list[Turn]
"""The turns of a session from its first one on."""


def check_live(
    tape: Tape,
    client: Client,
    *,
    score: Scorer | None = None,
    timeout: float = TIMEOUT,
    report: Callable[[str], object] | None = print,
) -> Check:
    """Ask the turns of a tape again, and name what no longer holds; nothing is written to it.

    Args:
        tape: The tape; what is ``volatile`` does not count in errors.
        client: Who is asked.
        score: What an answer is worth; one that is worth less than the recorded one is named.
        timeout: Seconds that a turn may take, and each answer of the server.
        report: Is told before how many turns are asked, and what they have cost when recorded.

    Raises:
        InvalidRequestError: The file cannot be read, or the scorer gives no number.
        TapeError: It is no tape, or a line is broken.
        DariError: The server cannot be reached, or refuses to be asked at all.

    >>> from dari_nb.checks import check_live
    >>> check_live(tape, d.client)
    Asks ...
    lesson.tape: ...
    """
    if not timeout > 0:
        raise InvalidRequestError(
            f"timeout must be more than 0 seconds, not {timeout!r}.", code="invalid_timeout"
        )
    recorded = read_tape(tape.file)
    plan = Plan(recorded)
    if report is not None:
        report(str(plan))
    stop = Flag()
    asking = Asking(client, timeout, stop)
    checking = _Checking(tape, asking, score)
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="dari-check") as pool:
        try:
            done = list(pool.map(checking.session, plan.chains))
        finally:
            stop.set()
    seen: dict[int, _Checked] = {}
    for each in (one for chain in done for one in chain):
        seen.setdefault(id(each.turn), each)
    unasked = [(name_of(turn), why) for turn, why in plan.unasked]
    unasked += [(name_of(one.turn), one.why) for one in seen.values() if one.why]
    found = [finding for one in seen.values() for finding in one.findings]
    asked = sum(one.is_asked for one in seen.values())
    return Check(str(tape.path), found, asked=asked, unasked=unasked)


def check_server(tape: Tape, base_url: str, api_key: str, **options: Any) -> Check:
    """Do the same with the server at an address; see :func:`check_live`."""
    with Client(base_url, api_key) as client:
        return check_live(tape, client, **options)


def name_of(turn: Turn) -> str:
    """A turn by its ordinals."""
    return f"{turn.line.turn} of {turn.line.session}"


class _Checked:
    """What came of a turn: what no longer holds, or why it was not asked."""

    def __init__(self, turn: Turn, why: str = "", *, is_asked: bool = False) -> None:
        self.turn = turn
        self.why = why
        self.is_asked = is_asked
        self.findings: list[Finding] = []

    def find(self, asked: str, what: What, was: str, now: str) -> None:
        self.findings.append(Finding(name_of(self.turn), self.turn.number, asked, what, was, now))


class _Checking:
    """Asks sessions, and compares what came of their turns."""

    def __init__(self, tape: Tape, asking: Asking, score: Scorer | None) -> None:
        self._volatile = [compiled(pattern) for pattern in tape.volatile]
        self._scrubber = Scrubber(tape.secrets)
        self._asking = asking
        self._score = score

    def session(self, chain: Chain) -> list[_Checked]:
        """Ask the turns of a session, and compare each."""
        done: list[_Checked] = []
        session_id = ""
        for turn in chain:
            now = _Checked(turn)
            done.append(now)
            try:
                session_id = session_id or self._asking.begin(turn)
                answer = self._ask(session_id, turn)
            except Gone as gone:
                now.find(recorded_answer(turn).asked, gone.what, gone.was, str(gone))  # type: ignore[arg-type]
            except ApiError as error:
                now.why = str(error)
            else:
                now.is_asked = True
                self._compare(now, recorded_answer(turn), answer)
                continue
            return [*done, *(_Checked(rest, _AFTER) for rest in chain[len(done) :])]
        return done

    def _ask(self, session_id: str, turn: Turn) -> Answer:
        scrubber = self._scrubber.apart()
        steps = self._asking.ask(session_id, turn)
        answer = answer_of(turn, [(kind, scrubber.scrub(data)) for kind, data in steps])
        if (answer.error or "").startswith(ev.NO_CODE):
            raise Gone("agent", turn.line.agent, _NO_CODE)
        return answer

    def _compare(self, checked: _Checked, then: Answer, now: Answer) -> None:
        for what, was, came in gaps(then, now, self._volatile):
            checked.find(then.asked, what, was, came)
        if self._score is not None:
            before, after = self._worth(then), self._worth(now)
            if after < before:
                checked.find(then.asked, "score", f"{before:g}", f"{after:g}: {now.text}")

    def _worth(self, answer: Answer) -> float:
        assert self._score is not None
        try:
            worth = float(self._score(answer))
        except Exception as error:
            raise _refusal(answer, f"{type(error).__name__}: {error}") from error
        if math.isnan(worth):
            raise _refusal(answer, "it gave nan")
        return worth


def _refusal(answer: Answer, why: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"The scorer must give a number, or yes or no, for {answer.asked!r:.80}: {why}.",
        code="invalid_score",
    )


class Plan:
    """What is asked again.

    Attributes:
        chains: Sessions with their turns; one that begins as another one asks the same first.
        unasked: Turns that cannot be asked, each with the reason.
    """

    def __init__(self, tape: Recording) -> None:
        recorded = tape.turns
        never = why_never(recorded)
        turns = [turn for turn in recorded if id(turn) not in never]
        parents = parents_of(turns)
        self.chains: list[Chain] = []
        self.unasked: list[tuple[Turn, str]] = [
            (turn, _NEVER[never[id(turn)]]) for turn in recorded if id(turn) in never
        ]
        planned: set[int] = set()
        for turn in _last_ones(turns):
            chain = _chain(turn, parents)
            good = chain[: next(_troubles(chain), (len(chain), ""))[0]]
            if not {*map(id, good)} <= planned:
                self.chains.append(good)
                planned |= {*map(id, good)}
            for at, why in _troubles(chain):
                self.unasked += [(each, why) for each in chain[at:] if id(each) not in planned]
                planned |= {*map(id, chain)}
                break

    @property
    def turns(self) -> int:
        """How many turns are asked, once or more often."""
        return len({id(turn) for chain in self.chains for turn in chain})

    def __str__(self) -> str:
        asked = [turn for chain in self.chains for turn in chain]
        is_once = len(asked) == self.turns
        return _PLAN.format(
            turns=count_of(self.turns, "turn"),
            sessions=count_of(len(self.chains), "session"),
            times="" if is_once else _TIMES.format(questions=count_of(len(asked), "question")),
            cost=_cost(asked),
        )


def _last_ones(turns: Sequence[Turn]) -> Iterator[Turn]:
    """Give the turns that no other one of their session goes on from."""
    gone_on = {(turn.line.session, turn.line.parent) for turn in turns}
    return (turn for turn in turns if (turn.line.session, turn.line.key) not in gone_on)


def _chain(turn: Turn, parents: Mapping[int, Turn]) -> Chain:
    chain: Chain = []
    seen = set[int]()
    at: Turn | None = turn
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        chain.append(at)
        at = parents.get(id(at))
    return chain[::-1]


def _troubles(chain: Chain) -> Iterator[tuple[int, str]]:
    """Give the turns of a session that cannot be asked, by their places in it."""
    if chain[0].line.parent is not None:
        yield 0, NO_BEGINNING
    for at, turn in enumerate(chain):
        blocks = blocks_of(turn.line.asked)
        if any("sha256" in block or "file_id" in block for block in blocks):
            yield at, NO_FILES
        elif SCRUBBED in str(blocks):
            yield at, LACKING
        elif SCRUBBED in turn.line.agent + (turn.line.llm or ""):
            yield at, NAMELESS
        elif turn.status is None or turn.is_cancelled:
            yield at, NO_ANSWER.format(turn.outcome)


def _cost(turns: Iterable[Turn]) -> str:
    """Say what turns have cost when they were recorded, as far as that is known."""
    told = [turn.line.cost for turn in turns]
    known = [cost for cost in map(dollars, told) if cost is not None]
    lacking, amount = len(told) - len(known), sum(known, Decimal(0))
    if lacking and not amount:
        return "; what that costs is not known"
    rest = f", without {lacking} of them, whose cost is not known" if lacking else ""
    return f"; when they were recorded they cost {amount:f} US dollars{rest}" if known else ""
