"""Where all senders send to, and who only sends: Postfix's smtp-sink, its smtp-source, and a loop of aiosmtplib."""

import asyncio
import os
import resource
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import aiosmtplib
import trustme

from nurture.channels.envelope import Envelope
from nurture.channels.fence import Permit
from nurture.channels.mail import MailTransport
from nurture.channels.outcome import Accepted, Outcome
from nurture.channels.pipeline import Letter
from nurture.channels.server import MailServer

CONNECTIONS = 40
SINK = "/usr/sbin/smtp-sink"
SOURCE = "/usr/sbin/smtp-source"


@contextmanager
def sink() -> Iterator[int]:
    """A running smtp-sink; gives its port."""
    port = _free_port()
    whose = ["-u", "postfix"] if os.geteuid() == 0 else []
    process = subprocess.Popen([SINK, *whose, f"inet:127.0.0.1:{port}", "1000"])
    with _ended(process):
        _await_port(port)
        yield port


@contextmanager
def relay(target: int, delay: float = 0.0, certificate: Path | None = None) -> Iterator[int]:
    """A TCP relay to a port: `delay` seconds later in each direction, with TLS on its side where there is a certificate
    (a PEM file with its key). Gives its port."""
    port = _free_port()
    command = [sys.executable, "-m", "bench.relaying", str(port), str(target), str(delay), str(certificate or "")]
    with _ended(subprocess.Popen(command)):
        _await_port(port)
        yield port


class Sent(NamedTuple):
    """How somebody sent."""

    rate: float
    """Messages a second by the clock."""
    cpu: float
    """Seconds of its own processor time for each message."""


def source(port: int, body: bytes, messages: int, folder: Path) -> Sent:
    """Postfix's own load generator with the same bytes, nothing recorded."""
    letter = folder / "letter.eml"
    letter.write_bytes(body.replace(b"\r\n", b"\n"))
    command = [SOURCE, "-s", str(CONNECTIONS), "-m", str(messages), "-F", str(letter)]
    command += ["-f", "shop@shop.example", "-t", "c1@x.example", f"inet:127.0.0.1:{port}"]
    began, cpu = time.perf_counter(), _of_children()
    subprocess.run(command, check=True)
    return Sent(messages / (time.perf_counter() - began), (_of_children() - cpu) / messages)


def bare(port: int, body: bytes, messages: int, trusted: Path | None = None, connections: int = CONNECTIONS) -> Sent:
    """aiosmtplib with the bytes at hand, nothing composed and nothing recorded."""
    began, cpu = time.perf_counter(), time.process_time()
    asyncio.run(_send_bare(port, body, messages, trusting(trusted) if trusted else None, connections))
    return Sent(messages / (time.perf_counter() - began), (time.process_time() - cpu) / messages)


def pipelined(port: int, body: bytes, messages: int, connections: int) -> Sent:
    """Our transport with the bytes at hand, nothing composed and nothing recorded: as `bare`, of each its own way."""
    began, cpu = time.perf_counter(), time.process_time()
    asyncio.run(_send_pipelined(port, body, messages, connections))
    return Sent(messages / (time.perf_counter() - began), (time.process_time() - cpu) / messages)


def trusting(authority: Path) -> ssl.SSLContext:
    """A client's context that trusts this authority."""
    return ssl.create_default_context(cafile=str(authority))


def certificate_in(folder: Path) -> tuple[Path, Path]:
    """A new certificate for this machine with its key, and the authority to trust for it."""
    authority, made = trustme.CA(), (folder / "server.pem", folder / "authority.pem")
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(made[0]))
    authority.cert_pem.write_to_path(str(made[1]))
    return made


async def _send_bare(port: int, body: bytes, messages: int, context: ssl.SSLContext | None, connections: int) -> None:
    async def loop(count: int) -> None:
        secured = {"use_tls": True, "tls_context": context} if context else {"use_tls": False, "start_tls": False}
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, **secured) as client:
            for _ in range(count):
                await client.sendmail("shop@shop.example", ["c1@x.example"], body)

    share, rest = divmod(messages, connections)
    await asyncio.gather(*(loop(share + (number < rest)) for number in range(connections)))


async def _send_pipelined(port: int, body: bytes, messages: int, connections: int) -> None:
    taken: list[Outcome] = []

    async def open_fence() -> Permit:
        return Permit(float("inf"), lambda: True)

    async def loop(count: int) -> None:
        transport = MailTransport(MailServer("127.0.0.1", port, "none"))
        await transport.connect()
        letter = Letter(Envelope("shop@shop.example", "c1@x.example", body), open_fence)
        await transport.send_many((replace(letter) for _ in range(count)), lambda _, outcome: taken.append(outcome))
        await transport.close()

    share, rest = divmod(messages, connections)
    await asyncio.gather(*(loop(share + (number < rest)) for number in range(connections)))
    if sum(isinstance(each, Accepted) for each in taken) != messages:
        raise SystemExit("the sink refused some of them")


@contextmanager
def _ended(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def _of_children() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _await_port(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"nothing listens on port {port}")
