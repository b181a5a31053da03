"""Word to systemd (sd_notify(3)): ready, alive, stopping. Where no service manager listens it does nothing."""

import socket
from collections.abc import Callable, Mapping

Notify = Callable[[str], None]
READY, ALIVE, STOPPING = "READY=1", "WATCHDOG=1", "STOPPING=1"


def notifier(environment: Mapping[str, str]) -> Notify:
    """How to speak to the service manager that the environment names."""
    address = environment.get("NOTIFY_SOCKET", "")

    def notify(word: str) -> None:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
                to.sendto(word.encode(), f"\0{address[1:]}" if address.startswith("@") else address)
        except OSError:
            pass  # a service manager that does not listen must not end the service

    return notify if address else lambda word: None
