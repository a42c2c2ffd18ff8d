"""What survives a restart: records and files in one SQLite database.

Every write is committed before the call returns, so that a killed process
loses nothing it has answered for. A write takes tens of microseconds, which
is why it happens on the event loop.
"""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
  kind TEXT NOT NULL, id INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS files (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
"""


class Journal:
    """Records by kind and id, and the bytes of uploads."""

    def __init__(self, path: Path | None) -> None:
        """Open or create the database; None keeps it in memory."""
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None)
        # A write-ahead log survives kill -9 without waiting for the disk; only
        # a power cut may cost the last messages, which a local world can bear.
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def put(self, kind: str, key: int, body: Any) -> None:
        """Write a record, replacing the one before."""
        text = json.dumps(body, separators=(",", ":"))
        self._db.execute("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", (kind, key, text))

    def drop(self, kind: str, key: int) -> None:
        """Forget a record; one that is not there is fine."""
        self._db.execute("DELETE FROM records WHERE kind = ? AND id = ?", (kind, key))

    def all(self, kind: str) -> Iterator[tuple[int, Any]]:
        """Every record of a kind, by rising id."""
        rows = self._db.execute("SELECT id, body FROM records WHERE kind = ? ORDER BY id", (kind,))
        for key, body in rows:
            yield key, json.loads(body)

    def put_file(self, key: int, body: bytes) -> None:
        """Keep the bytes of an upload."""
        self._db.execute("INSERT OR REPLACE INTO files VALUES (?, ?)", (key, body))

    def file(self, key: int) -> bytes | None:
        """Return the bytes of an upload, if it is there."""
        row = self._db.execute("SELECT body FROM files WHERE id = ?", (key,)).fetchone()
        return None if row is None else bytes(row[0])

    def drop_file(self, key: int) -> None:
        """Forget an upload."""
        self._db.execute("DELETE FROM files WHERE id = ?", (key,))
