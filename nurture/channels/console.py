"""A channel that sends nothing: it writes what would be sent into a folder, for a person to open."""

import asyncio
import hashlib
import re
from pathlib import Path

from .fence import Fence
from .outcome import Accepted, Deferred, NotSent, Outcome
from .parcel import Parcel

ENDINGS = {"email": ".eml", "line": ".json"}


class Console:
    """Mail becomes `<key>.eml`, a LINE push `<key>.json`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        """Where the files go; it is made when the first is written."""

    async def send(self, parcel: Parcel, fence: Fence | None = None) -> Outcome:
        """Writes the file; the same key writes the same file again, so that a retry makes no second message."""
        if fence:
            permit = await fence()
            if permit is None or not permit.check():
                return NotSent("the fence was shut")
        return await asyncio.to_thread(self._write, parcel)

    def _write(self, parcel: Parcel) -> Outcome:
        path = self.folder / (file_name(parcel.key) + ENDINGS[parcel.channel])
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            path.write_bytes(parcel.body)
        except OSError as problem:
            return Deferred("channel", "", f"{path}: {problem.strerror}")
        return Accepted(reply=str(path))


def file_name(key: str) -> str:
    """The key as a file name: what a file system may not take becomes a hyphen, and a hash keeps two keys apart."""
    plain = re.sub(r"[^A-Za-z0-9._@-]+", "-", key).strip(".-")[:100]
    return plain if plain == key else f"{plain}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"
