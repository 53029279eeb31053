"""A session's transcript as people hold it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from ... import models
from ...models import AssistantMessageItem, TimelineItem
from ...models.batches import RUN_DIGESTS, given_metadata
from ...models.events import CANCELLED
from ..connection import host
from ..connection.progress import Progress
from ..listing import Listing
from .exported import Exported

if TYPE_CHECKING:
    from decimal import Decimal

    from ...render import Head
    from ...transcript.formats import Paths, Run
    from ...widgets.view import AnyLayout
    from ..display.reading.reader import SessionReader
    from .importing import Made

R = TypeVar("R")


class Transcript(Exported):
    """A snapshot of a session (contract, section 9); shown in a notebook, it is chat cells.

    Attributes:
        resource: The snapshot as the server sent it.
        events: The ledger it was made from, for frames; empty for a snapshot of the server's.
        instructions: The system prompt of a run from elsewhere.
        cost_usd: What the session has cost, where that is known.
        number: The number of the agent's version, where that is known.
        run: The run from elsewhere that it was made of: its ``format``, what that has ``lost``
            here, and which metadata tell task, repeat and scores; ``None`` for a session.

    >>> transcript = turn.wait().session.transcript()
    >>> print(transcript)
    calculator · v1 · small · done ...
    """

    def __init__(
        self,
        resource: models.Transcript,
        events: Sequence[models.Event] = (),
        instructions: str = "",
        cost_usd: Decimal | None = None,
        number: int | None = None,
        run: Run | None = None,
    ) -> None:
        self.resource = resource
        self.events = list(events)
        self.instructions = instructions
        self.cost_usd = cost_usd
        self.number = number
        self.run = run

    @classmethod
    def from_messages(
        cls,
        messages: Iterable[Mapping[str, Any]] | Mapping[str, Any],
        *,
        agent: str | None = None,
        llm: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Transcript:
        """Make a transcript of messages, such as a run from elsewhere; the format is recognised.

        Args:
            messages: Dicts with ``role`` and ``content``: chat completions or Anthropic's; or one
                object of any format that :meth:`from_file` reads, decoded.
            agent: Who answers; ``"Agent"`` where the source does not say.
            llm: With what; what the source says when left out.
            metadata: What is known about the run, besides what the source says.

        Raises:
            InvalidRequestError: A message has no known role or shape, or these are several runs.

        >>> run = dari.Transcript.from_messages([{"role": "user", "content": "Hi"}])
        >>> run.to_messages()
        [{'role': 'user', 'content': 'Hi'}]
        >>> thought = {"type": "thinking", "thinking": "A greeting.", "signature": "c2ln"}
        >>> dari.Transcript.from_messages([{"role": "assistant", "content": [thought]}]).format
        'Anthropic messages'
        """
        from .importing import from_messages

        return cls._of(from_messages(messages, agent=agent, llm=llm, metadata=metadata))

    @classmethod
    def from_file(cls, path: Paths, *, agent: str | None = None) -> Listing[Transcript]:
        """Read runs from files; the format is recognised, and :attr:`format` says which it was.

        A file is JSON, or JSON lines with a document each, plain or gzipped:

        - *chat completions*: an object with ``messages`` (or ``traj``), or an answer with
          ``choices``. Its other entries become metadata. Lost: log probabilities; in
          ``to_messages()`` all choices but the first, which are shown; names, annotations and other
          fields of messages are not shown, but in ``to_messages()``.
        - *Anthropic messages*: an object with ``messages``, and ``system`` perhaps, or an answer.
          Lost: signatures, citations and cache marks are not shown, but in ``to_anthropic()``.
        - *OpenAI Responses*: a list of items, or an object with ``input`` or ``output``. Lost: ids
          and states of items, annotations, encrypted reasoning in ``to_messages()``.
        - *Inspect logs*, ``.json`` and ``.eval``: each sample with its epoch, scores, tokens and
          times. Lost: events, plan, results and statistics of the evaluation; output, store and
          timelines of a sample. What newer ones are compressed with is read after
          ``pip install 'dari_nb[inspect]'``, or by Python 3.14.
        - *ATIF trajectories*. Lost: subagents and ids of tokens are not shown, but in
          ``to_atif()``; images are named.
        - *SWE-agent* ``.traj``: Lost: what the model was shown at each step, attempts besides.
        - *tapes*: each session, in ``format`` as what it was before it was put on the tape. Lost of
          recorded ones: drafts, attempts that failed, times of day; new turns are left out, and
          those that never play, which stand twice or go on from what is not on the tape;
          ``notes`` say so.

        Beside messages of the first three, ``task_id``, ``instance_id``, ``sample_id``,
        ``custom_id``, ``question_id``, ``id`` or ``task`` tell the task; ``trial``, ``epoch`` or
        ``repeat`` the repetition; ``reward``, ``score``, ``correct``, ``passed``, ``resolved``,
        ``success`` and ``accuracy`` are scores; and ``cost_usd``, ``usage``, ``input_tokens``,
        ``output_tokens``, ``started_at`` and ``ended_at`` are read. A ``latency`` has no unit
        and stays metadata.

        In ``to_messages()`` of other formats what a failed tool gave begins with "Error: ", and
        refusals are plain texts. Thoughts are read in all of them. What is unknown in a message
        is shown as it is. What a source does not say, such as times and costs, is unknown.
        ``run.lost`` of a transcript is the list of its format. ``notes`` of what is returned says
        what is to be known of the whole, such as a log that was not finished.

        Args:
            path: The file; or several, a folder of them, or a pattern such as ``"logs/*.eval"``.
                Which of several it was is in the metadata ``file``.
            agent: Who answers; what the source says, or the file's name, when left out.

        Raises:
            InvalidRequestError: The file cannot be read; the text names the line or the place.

        >>> runs = dari.Transcript.from_file("runs.jsonl")
        >>> len(runs), runs[0].metadata["task_id"], runs[0].format
        (2, 'tea', 'chat completions')
        """
        from .importing import from_file

        with Progress(None, "runs read") as progress:
            made = progress.over(from_file(path, agent=agent))
            runs = Listing(map(cls._of, made), _RUN_COLUMNS)
        runs.notes += notes_of(runs)
        return runs

    @classmethod
    def _of(cls, made: Made) -> Transcript:
        run = made.run
        return cls(made.resource, made.events, run.instructions, made.cost_usd, run=run)

    @property
    def format(self) -> str | None:
        """The format of the run from elsewhere that it was made of; ``None`` where it is of here.

        A session that a local Dari made of chat completions does not tell.
        """
        if self.run is not None:
            return self.run.format
        told = (item.recorded_format for item in self.items)
        return next((name for name in told if isinstance(name, str)), None)

    @property
    def is_recording(self) -> bool:
        """Whether it is whole in itself, and no snapshot of a session on a server."""
        return self.run is not None or bool(self.events)

    def records(self, model: type[R]) -> list[R]:
        """Return what frames of a type are made of, where it was made of events."""
        from ...transcript import Ledger, message_of

        session = self.resource.session
        made: dict[type, Callable[[], Iterable[Any]]] = {
            models.Session: lambda: [session],
            models.CostSummary: lambda: [self._cost_summary()],
            models.Message: lambda: (
                message_of(turn, session.id, number)
                for number, turn in enumerate(Ledger(self.events).turns.values(), 1)
            ),
            models.Event: lambda: self.events,
        }
        return list(made[model]())

    def _cost_summary(self) -> models.CostSummary:
        cost = None if self.cost_usd is None else str(self.cost_usd)
        return models.CostSummary(
            scope_kind="session",
            scope_id=self.resource.session.id,
            event_count=int(cost is not None),
            total_cost_usd=cost,
        )

    @property
    def metadata(self) -> dict[str, Any]:
        """What is known about the session, by name."""
        return given_metadata(self.resource.session.metadata, RUN_DIGESTS)

    @property
    def items(self) -> list[TimelineItem]:
        """The timeline items in display order."""
        return self.resource.items

    def to_dict(self) -> dict[str, Any]:
        """Return the API's own shape: ``agent``, ``session``, ``timeline.items``.

        >>> sorted(session.transcript().to_dict())
        ['agent', 'session', 'timeline']
        """
        return self.resource.to_dict()

    def head(self) -> Head:
        """The head line: agent, version, LLM, state, figures."""
        from ...render import head_of

        session = self.resource.session
        return head_of(
            self.items,
            self.resource.agent.name or "Agent",
            llm=session.llm_id,
            state=self._state,
            version=session.version_id,
            cost=self.cost_usd,
            number=self.number,
        )

    @property
    def _state(self) -> str:
        """The status of the last turn, or of the session before the first."""
        session = self.resource.session
        answers = (i for i in reversed(self.items) if isinstance(i, AssistantMessageItem))
        last = next(answers, None)
        is_cancelled = session.last_message_status == "failed" and last and last.is_cancelled
        return CANCELLED if is_cancelled else session.last_message_status or session.status

    def to_mimebundle(self) -> dict[str, str]:
        """Return it as a static MIME bundle: HTML, Markdown and plain text."""
        from ...render import static_timeline

        return static_timeline(self.items, self.head())

    def view(
        self, *, at: str | None = None, height: int | None = None, layout: AnyLayout = None
    ) -> SessionReader:
        """Return it as a view to find one's way in; see :meth:`Session.view`.

        Its ``session`` is ``None``, and can be set to a session that is to be shown instead.

        Args:
            at: Id of the item to begin with.
            height: Most pixels that the list takes.
            layout: Its place and size, an ``ipywidgets.Layout`` or a dict of CSS.

        >>> view = dari.Transcript.from_file("runs.jsonl")[0].view(height=400)
        >>> view.close()
        """
        from ..display.reading.reader import SessionReader

        def items_and_head() -> tuple[list[TimelineItem], Head]:
            return self.items, self.head()

        return SessionReader(transcript=items_and_head, at=at, height=height, layout=layout)

    def show(self) -> None:
        """Show it where this process shows things: notebook, terminal or plain output.

        >>> dari.Transcript.from_file("runs.jsonl")[0].show()
        runs  small  ● done  1 turn
        <BLANKLINE>
        You ...
        """
        if host.in_kernel():
            host.publish(self.to_mimebundle())
        else:
            host.print_items(self.items, self.head())

    def __repr__(self) -> str:
        return f"<Transcript of {self.resource.session.id}, {len(self.items)} items>"

    def __str__(self) -> str:
        return self.to_mimebundle()["text/plain"]

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self.to_mimebundle()


def notes_of(transcripts: Iterable[Transcript]) -> list[str]:
    """What is to be known of the files that transcripts were read from, once each."""
    runs = (transcript.run for transcript in transcripts)
    return list(dict.fromkeys(note for run in runs if run is not None for note in run.notes))


def _metadata_text(metadata: Mapping[str, Any]) -> str:
    """Write the first metadata in short."""
    shown = [f"{name}={value:.40}" for name, value in metadata.items()][:_MOST_SHOWN]
    return ", ".join([*shown, *(["…"] if len(metadata) > _MOST_SHOWN else [])])


_MOST_SHOWN = 8
_RUN_COLUMNS = {
    "id": lambda run: run.resource.session.id,
    "model": lambda run: run.resource.session.llm_id or "",
    "status": lambda run: run.resource.session.last_message_status or "",
    "items": lambda run: str(len(run.items)),
    "format": lambda run: run.format or "",
    "metadata": lambda run: _metadata_text(run.metadata),
}
