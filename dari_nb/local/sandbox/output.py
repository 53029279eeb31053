"""Output of a process, of which the beginning and the end are kept."""

from __future__ import annotations


class Output:
    """Collects bytes up to a size; what is left out is the middle.

    Args:
        most: Bytes to keep.

    Attributes:
        total: Bytes that came.
    """

    def __init__(self, most: int) -> None:
        self._half = most // 2
        self._head = bytearray()
        self._tail = bytearray()
        self.total = 0

    def add(self, data: bytes) -> None:
        """Take the next bytes."""
        self.total += len(data)
        room = max(self._half - len(self._head), 0)
        self._head += data[:room]
        self._tail += data[room:]
        if len(self._tail) > self._half:
            del self._tail[: -self._half]

    @property
    def left_out(self) -> int:
        """How many bytes are left out."""
        return self.total - len(self._head) - len(self._tail)

    @property
    def data(self) -> bytes:
        """The bytes that were kept."""
        return bytes(self._head + self._tail)

    @property
    def text(self) -> str:
        """What was kept as text, with a line that says what was left out.

        >>> output = Output(4)
        >>> output.add(b"abcdefg")
        >>> output.text.splitlines()
        ['ab', '[3 bytes left out]', 'fg']
        """
        if not self.left_out:
            return self.data.decode("utf-8", "replace")
        head, tail = (bytes(half).decode("utf-8", "replace") for half in (self._head, self._tail))
        return f"{head}\n[{self.left_out} bytes left out]\n{tail}"
