"""Other senders on the same mail: a virtual environment of their own, made once in the cache, and one run of each."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent / "peers"
PEERS = ("drip", "post_office", "post_office:2")
"""The last with two processes."""


def peers_python() -> Path:
    """The Python that has them; made when the pinned versions change. Raises CalledProcessError where pip fails."""
    pins = FOLDER / "requirements.txt"
    digest = hashlib.sha256(pins.read_bytes() + sys.version.encode()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nurture-bench"
    made = cache / f"peers-{digest}"
    if not (made / "complete").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(made)], check=True)
        pip = [str(made / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", "-r", str(pins)]
        subprocess.run(pip, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        (made / "complete").touch()
    return made / "bin" / "python"


def send_as(peer: str, folder: Path, port: int, messages: int, letter: Path, size: int) -> dict[str, float]:
    """One run of `peer` (one of PEERS) with mails of `size` bytes: how many were sent, seconds, processor."""
    database = folder / f"{peer.replace(':', '-')}.db"
    for suffix in ("", "-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    command = [str(peers_python()), str(FOLDER / "sending.py"), peer, str(database), str(port), str(messages)]
    done = subprocess.run([*command, str(letter), str(size)], check=True, capture_output=True, cwd=folder)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    assert found["sent"] == messages, found
    return found
