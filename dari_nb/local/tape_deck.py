"""The tape in a local Dari: putting one in, and taking it out."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from ..tapes import Tape
from ..tapes.tape import growing
from .contents import Contents
from .http.serving import Serving
from .llm import Llms
from .service import Service


class TapeDeck(Contents):
    """A server's contents, and what is recorded of them while it serves.

    Args:
        path: The server's file; in memory without one.
        llms: The server's LLMs.

    Raises:
        InvalidRequestError: The file cannot be used.
    """

    def __init__(self, path: str | Path | None, llms: Llms) -> None:
        super().__init__(path, llms)
        self._service: Service | None = None
        self._serving: Serving | None = None
        self._tape: Tape | None = None

    @property
    def tape(self) -> Tape | None:
        """The tape that is in, if there is one."""
        return self._tape

    def insert(self, tape: str | Path | Tape) -> None:
        """Record the turns of the first organization on a tape, in place of another one.

        Every turn that is asked from now on goes to its end, or in the place of an earlier
        recording of the same: the same agent, LLM and text after the same beginning. Secrets are
        taken out before anything is written. The file is whole whenever nothing runs, and of one
        whose process is killed, what was recorded up to there can be used. The format is described
        in ``dari_nb/tapes/FORMAT.md``, which is installed with the package.

        Args:
            tape: The file, which is made when missing, or a ``dari_nb.tapes.Tape``, which says
                more. The one that is in already stays as it is.

        Raises:
            InvalidRequestError: The file cannot be used, or the tape before it could not be
                written.
            TapeError: It is no tape, or a line is broken.

        >>> server.insert("lesson.tape")
        >>> server.tape.path
        'lesson.tape'
        >>> server.eject()
        """
        tape = tape if isinstance(tape, Tape) else Tape(tape)
        if tape == self._tape:
            return
        opened = growing(tape)
        if self._serving is not None and self._service is not None:
            self._serving.call(partial(self._service.recorder.insert, opened))
        self._tape = tape

    def eject(self) -> None:
        """Record no more; what runs is on the tape up to here.

        Raises:
            InvalidRequestError: The tape could not be written.

        >>> server.eject()
        >>> server.tape is None
        True
        """
        self._tape = None
        if self._serving is not None and self._service is not None:
            self._serving.call(self._service.recorder.eject)
