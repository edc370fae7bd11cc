"""The last known state of the ledger on disk, for a service that starts while its database is down.

Two files in a folder, readable by their owner only. ``roster.json`` is what the database said last, replaced as a
whole. ``barred`` has a line for each lead that a service barred before the database had it; lines are only ever added,
so that several workers need no lock. Both hold hashes, never a lead's key or a secret of a key.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from serving.ledger.known import NONE, Known
from serving.ledger.segments import FILE_MODE, make_folder, sync_folder, write_whole

STATE, BARRED = "roster.json", "barred"
_LINE = re.compile(rb"([0-9a-f]{16}) (erased|objected) ([0-9a-f]{64})")


@dataclass
class KnownFiles:
    """The files in ``folder``, of the ledger at ``place``. Not to be shared by threads."""

    folder: Path
    place: str
    _seen: int = 0
    _bars: dict[str, dict[str, set[str]]] = field(default_factory=dict)

    def read(self) -> Known | None:
        """What was written last of this ledger, with what was barred since; ``None`` where that is nothing readable."""
        try:
            document = json.loads((self.folder / STATE).read_bytes())
            known = Known.from_json(document) if document["place"] == self.place else None
        except (OSError, KeyError, TypeError, ValueError):
            return None
        return None if known is None else self.barred_too(known)

    def write(self, known: Known) -> None:
        """Keeps this state. Raises `OSError`."""
        make_folder(self.folder)
        content = json.dumps({"place": self.place, **known.to_json()}, separators=(",", ":")).encode()
        handle, name = tempfile.mkstemp(prefix=f"{STATE}.", dir=self.folder)  # 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self.folder / STATE)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise

    def bar(self, known: Known, hashed: str, why: str) -> None:
        """Adds a barred lead; on disk when it returns. Raises `OSError`, also where the disk took a part."""
        make_folder(self.folder)
        handle = os.open(self.folder / BARRED, os.O_WRONLY | os.O_APPEND | os.O_CREAT, FILE_MODE)
        try:  # a line of its own even where another was cut off
            write_whole(handle, f"\n{known.mark} {why} {hashed}\n".encode())
            os.fsync(handle)
            sync_folder(self.folder)
        finally:
            os.close(handle)

    def barred_too(self, known: Known) -> Known:
        """This state with all leads of its ledger that any worker has barred. Reads only what is new since the last."""
        self._follow()
        bars = self._bars.get(known.mark, {})
        return known.barring(bars.get("erased", NONE), bars.get("objected", NONE))

    def _follow(self) -> None:
        try:
            with (self.folder / BARRED).open("rb") as file:
                if os.fstat(file.fileno()).st_size < self._seen:  # another file than before
                    self._seen = 0
                file.seek(self._seen)
                new = file.read()
        except OSError:
            return
        whole = new[: new.rfind(b"\n") + 1]
        self._seen += len(whole)
        for line in whole.splitlines():
            if found := _LINE.fullmatch(line):
                mark, why, hashed = (part.decode() for part in found.groups())
                self._bars.setdefault(mark, {}).setdefault(why, set()).add(hashed)
