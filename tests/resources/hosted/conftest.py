from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import dari_nb as dari
from dari_nb.resources import connections

ROOT = Path(__file__).parents[3]
KEY = "hosted-canary-0123456789"


class Hosted:
    """A Dari in another process."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._notes = folder / "asked.txt"
        self._notes.touch()
        self.key = KEY
        self._process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("hosted.py"), self._notes],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "KEY": KEY},
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()

    @property
    def asked(self) -> list[str]:
        """What its agents were asked, in order."""
        return self._notes.read_text().splitlines()

    def go_on(self) -> None:
        """Let what is slow end."""
        self._notes.with_name("go on").touch()

    def stop(self) -> None:
        """End the process; from then on it cannot be reached."""
        if self._process.poll() is None:
            self._process.communicate("")


@pytest.fixture
def hosted(tmp_path: Path) -> Iterator[Hosted]:
    server = Hosted(tmp_path / "hosted")
    yield server
    server.go_on()
    server.stop()


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No connection of other tests, and none is left to them."""
    monkeypatch.setattr(connections, "_current", None)
    for name in ("DARI_API_KEY", "DARI_API_URL", "DARI_TAPE_MODE"):
        monkeypatch.delenv(name, raising=False)
    made: list[dari.Dari] = []
    first = connections.Dari.__init__

    def noting(self: dari.Dari, *args: object) -> None:
        first(self, *args)  # type: ignore[arg-type]
        made.append(self)

    monkeypatch.setattr(connections.Dari, "__init__", noting)
    yield
    for d in made:
        d.close()
