"""A Dari in a file can be closed at any moment, also just when a checkpoint is due."""

import random
import sqlite3
import sys
import threading
import time

from dari_nb.local.store.sqlite_file.checkpoints import PAUSE, Checkpoints

THREADS = 40


def closed_when_one_is_due(path, pause):
    checkpoints = Checkpoints(path, threading.Lock())
    checkpoints.note_commit()
    time.sleep(PAUSE + pause)
    checkpoints.close()


def test_closing_when_a_checkpoint_is_due_ends(tmp_path):
    path = tmp_path / "a.db"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA journal_mode = wal")
    before, chance = sys.getswitchinterval(), random.Random(3)
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(3):
            closing = [
                threading.Thread(
                    target=closed_when_one_is_due,
                    args=(path, chance.uniform(-0.0005, 0.002)),
                    daemon=True,
                )
                for _ in range(THREADS)
            ]
            for thread in closing:
                thread.start()
            for thread in closing:
                thread.join()
    finally:
        sys.setswitchinterval(before)
    db.close()
