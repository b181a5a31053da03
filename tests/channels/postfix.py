"""A real mail server for tests: a private Postfix on this machine's loopback, with a door for each kind of trouble.

It is started by `tools/pf.sh` of the folder that NURTURE_TEST_TOOLS names, and needs root, as Postfix's master does.
What it takes lies in Maildirs; what it can't deliver it returns with a delivery report of its own.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme

from nurture.channels.server import MailServer

TOOLS = "NURTURE_TEST_TOOLS"
REPORTS = "bounce"
"""The mailbox of the shop, where delivery reports go."""
BEFORE = (b"x-original-to:", b"delivered-to:", b"return-path:", b"received:")
"""What a mail server puts before a mail (RFC 5321 section 4.4), and Postfix's own two."""
DOORS: Mapping[str, tuple[str, ...]] = {
    "slow": ("smtpd_discard_ehlo_keywords = pipelining",),
    "narrow": ("message_size_limit = 20000",),
    "mute": ("message_size_limit = 20000", "smtpd_discard_ehlo_keywords = size"),
    "guarded": (
        "smtpd_tls_security_level = encrypt",
        "smtpd_tls_cert_file = {folder}/etc/cert.pem",
        "smtpd_tls_key_file = {folder}/etc/key.pem",
    ),
    "hasty": ("smtpd_client_connection_rate_limit = 3", "smtpd_client_event_limit_exceptions ="),
    "crowded": ("smtpd_client_connection_count_limit = 2", "smtpd_client_event_limit_exceptions ="),
    "counting": ("smtpd_client_recipient_rate_limit = 2", "smtpd_client_event_limit_exceptions ="),
    "grey": ("smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:{policy}, permit_mynetworks, reject",),
}
"""Name of a port → what is other there; `plain` is Postfix as it comes."""


@dataclass(frozen=True)
class Postfix:
    """The running server."""

    folder: Path
    doors: Mapping[str, int]
    """Name → port."""
    policy: int
    """Where the `grey` door asks for its policy, once somebody listens there."""
    relay: int
    """Where mail for relay.test is handed on to, once somebody listens there."""
    authority: trustme.CA
    """Signed the certificate of the `guarded` door."""

    def server(self, door: str = "plain", tls: str = "none", **more: object) -> MailServer:
        return MailServer("127.0.0.1", self.doors[door], tls, **more)  # type: ignore[arg-type]

    def box(self, name: str) -> list[bytes]:
        """What lies in a mailbox, as Postfix wrote it."""
        return [each.read_bytes() for each in self._files(name)]

    def mailbox(self, name: str) -> Path:
        """Its Maildir."""
        return self.folder / "mail" / name

    def clear(self) -> None:
        """Empties all mailboxes."""
        self.rest()
        shutil.rmtree(self.folder / "mail")
        (self.folder / "mail").mkdir(mode=0o755)
        shutil.chown(self.folder / "mail", "vmail")

    def wait(self, name: str, count: int = 1, seconds: float = 60) -> list[bytes]:
        """The mails of a mailbox, once there are so many."""
        until(lambda: len(self._files(name)) >= count, f"fewer than {count} mails for {name}", seconds)
        return self.box(name)

    def rest(self) -> None:
        """Returns when nothing is on its way any more: everything taken was delivered, returned or refused."""
        until(lambda: "queue is empty" in self._queue(), "the queue does not empty")

    def log(self) -> str:
        return (self.folder / "log" / "mail.log").read_text("utf-8", "replace")

    def _files(self, name: str) -> list[Path]:
        folder = self.mailbox(name) / "new"
        return sorted(folder.iterdir()) if folder.is_dir() else []

    def _queue(self) -> str:
        asked = subprocess.run(
            ["postqueue", "-c", str(self.folder / "etc"), "-p"], capture_output=True, text=True, check=False
        )
        return asked.stdout + asked.stderr


def handed(delivered: bytes) -> bytes:
    """A delivered mail as it was handed over: CRLF, and without what mail servers put before it."""
    lines = delivered.replace(b"\n", b"\r\n").split(b"\r\n")
    before = True

    def is_ours(line: bytes) -> bool:
        nonlocal before
        if not line.startswith((b" ", b"\t")):
            before = line.lower().startswith(BEFORE)
        return not before

    return b"\r\n".join(lines[next(number for number, line in enumerate(lines) if is_ours(line)) :])


def missing() -> str:
    """Why there can be no Postfix here; empty where there can."""
    tools = os.environ.get(TOOLS, "")
    if not tools or not (Path(tools) / "tools" / "pf.sh").is_file():
        return f"NO REAL MAIL SERVER TRIED: {TOOLS} names no folder with tools/pf.sh"
    if not (shutil.which("postfix") or Path("/usr/sbin/postfix").exists()):
        return "NO REAL MAIL SERVER TRIED: no Postfix on this machine (Debian: apt-get install postfix)"
    return "" if os.geteuid() == 0 else "NO REAL MAIL SERVER TRIED: Postfix's master needs root"


def until(holds: Callable[[], bool], what: str, seconds: float = 20) -> None:
    """Waits for what another process does; fails with `what`."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


@contextmanager
def postfix() -> Iterator[Postfix]:
    """A Postfix with every door, in a folder that its own users can reach; stopped at the end."""
    script = str(Path(os.environ[TOOLS]) / "tools" / "pf.sh")
    here = Path(tempfile.mkdtemp(prefix="nurture-postfix-", dir="/tmp"))
    here.chmod(0o755)
    folder = here / "mta"
    ports = _free_ports(len(DOORS) + 4)
    plain, own, policy, relay = ports[:4]
    doors = {"plain": plain, **dict(zip(DOORS, ports[4:], strict=True))}
    try:
        _run("bash", script, "start", str(folder), str(plain), str(own))
        found = Postfix(folder, doors, policy, relay, trustme.CA())
        _furnish(found)
        yield found
    finally:
        subprocess.run(["bash", script, "stop", str(folder)], capture_output=True, check=False)
        shutil.rmtree(here, ignore_errors=True)


def _furnish(found: Postfix) -> None:
    """More mailboxes, the way on to relay.test, and the doors."""
    etc = found.folder / "etc"
    people = ["alice", "bob", "charlie", "tanaka", *(f"person{number}" for number in range(100))]
    boxes = [f"{name}@{domain} {name}/" for name in people for domain in ("shop.example", "customer.test")]
    boxes += [f"{name}@minato.example {REPORTS}/" for name in ("news", "minato")]
    (etc / "boxes").write_text("\n".join(boxes) + "\n")
    (etc / "transport").write_text(f"dead.test smtp:[127.0.0.1]:1\nrelay.test smtp:[127.0.0.1]:{found.relay}\n")
    with (etc / "rcpt.regexp").open("a") as refused:
        refused.write("/^unknown@/ 550 5.1.1 User unknown\n")
    certificate = found.authority.issue_cert("127.0.0.1")
    certificate.private_key_pem.write_to_path(etc / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(etc / "cert.pem")
    lines = []
    for name, options in DOORS.items():
        lines.append(f"127.0.0.1:{found.doors[name]} inet n - n - - smtpd")
        lines += [f"  -o {{ {each.format(folder=found.folder, policy=found.policy)} }}" for each in options]
    with (etc / "master.cf").open("a") as master:
        master.write("\n".join(lines) + "\n")
    domains = "virtual_mailbox_domains = customer.test, shop.example, minato.example"
    _run("postconf", "-c", str(etc), "-e", domains, f"virtual_mailbox_maps = texthash:{etc}/boxes")
    _run("postfix", "-c", str(etc), "reload")
    until(lambda: all(_listens(port) for port in found.doors.values()), "Postfix does not listen")


def _run(*command: str) -> None:
    # Its daemons keep what they were given as their output open.
    subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)


def _listens(port: int) -> bool:
    # Without knocking, which the doors that count would count.
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return any(each.split()[1].endswith(f":{port:04X}") and each.split()[3] == "0A" for each in lines)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports
