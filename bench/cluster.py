"""A PostgreSQL cluster that is kept between runs: started here, stopped at the end, durable while it is measured.

The tests' own cluster lives in memory and dies with them; a million customers take minutes to make.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.database import MISSING, PostgresMissing, find_programs

SETTINGS = {
    "listen_addresses": "''",
    "shared_buffers": "1GB",
    "effective_cache_size": "4GB",
    "work_mem": "32MB",
    "max_wal_size": "4GB",
    "random_page_cost": "1.1",
    # ANALYZE and VACUUM run where we say so, never in the middle of a measurement.
    "autovacuum": "off",
}
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
CARELESS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


@contextmanager
def cluster(folder: Path, *, durable: bool) -> Iterator[str]:
    """The URL of the maintenance database of the cluster in `folder`, made there where there is none.

    `durable` keeps fsync on, as a shop would. Raises PostgresMissing without PostgreSQL's programs.
    """
    programs = find_programs()
    if programs is None:
        raise PostgresMissing(MISSING)
    control = _Control(programs, folder)
    control.make()
    control.start({**SETTINGS, **(DURABLE if durable else CARELESS)})
    try:
        yield f"postgresql+psycopg://nurture@/postgres?host={control.sockets}"
    finally:
        control.stop()


class _Control:
    """`pg_ctl` on one folder, under a user who may run it."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.programs, self.data, self.user = programs, folder / "data", _other_user()
        # The path of a Unix socket may have 107 bytes, and a folder of one's own may lie deep.
        self.sockets = Path(f"/tmp/nurture-bench-{os.getuid()}")

    def make(self) -> None:
        self.data.parent.mkdir(parents=True, exist_ok=True)
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        if self.user is not None:
            for each in (self.data.parent, self.sockets):
                os.chown(each, self.user.pw_uid, self.user.pw_gid)
        if not (self.data / "PG_VERSION").exists():
            shutil.rmtree(self.data, ignore_errors=True)
            self._run("initdb", "-U", "nurture", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-instructions")

    def start(self, settings: dict[str, str]) -> None:
        self.stop()
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        options += f" -c unix_socket_directories={self.sockets}"
        log = self.data.parent / "log"
        self._run("pg_ctl", "-w", "-t", "120", "-l", str(log), "-o", options, "start")

    def stop(self) -> None:
        if (self.data / "postmaster.pid").exists():
            self._run("pg_ctl", "-m", "fast", "-w", "-t", "120", "stop", check=False)

    def _run(self, program: str, *arguments: str, check: bool = True) -> None:
        subprocess.run(
            [str(self.programs / program), "-D", str(self.data), *arguments],
            check=check,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
            user=self.user.pw_uid if self.user else None,
            group=self.user.pw_gid if self.user else None,
            extra_groups=[] if self.user else None,
            start_new_session=True,
        )


def _other_user() -> pwd.struct_passwd | None:
    """Whom the server runs as where we are root, which initdb refuses."""
    known = {each.pw_name: each for each in pwd.getpwall()}
    return (known.get("postgres") or known.get("nobody")) if os.geteuid() == 0 else None
