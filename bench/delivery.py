"""`python -m bench.delivery`: messages a second from a planned touch to a recorded outcome, beside other senders.

Everybody talks to the same sink (Postfix's smtp-sink), with forty connections where nothing else is said. A round is
one run of each, one after the other, and what counts is the ratio within a round: the machine's noise hits all of them.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from .cluster import cluster
from .figure import Figure
from .figure import table as shown
from .loaded import Shop, fresh_database
from .peering import PEERS, send_as
from .report import SENDING, write_about
from .sink import SINK, Sent, bare, certificate_in, pipelined, relay, sink, source

TEMPLATES = {"simple": "simple", "realistic": "first-thanks"}
LETTER = "letter"
"""The realistic mail as others can send it too: its HTML as one text with the customer's name as the only variable."""
SOURCE_GOALS = {"simple": 0.25, "realistic": 0.15}
PEER_GOALS = {"drip": 8.0, "post_office": 4.0}
PEER_NAMES = {
    "drip": "django-drip-campaigns",
    "post_office": "django-post-office",
    "post_office:2": "django-post-office, two processes",
}
DELAY = 0.005
"""Seconds each way: ten milliseconds there and back."""
STAGES = ("look", "take", "compose", "freeze", "fence", "record", "transport")
IN_COMMITS = ("freeze", "fence", "record")
FAR = (2, 4, 10)
"""Connections over the distance; `email: connections` is four by itself."""
MEMORY_SIZES = (20_000, 1_000_000)
Found = dict[str, float]


def main() -> int:
    arguments = _arguments()
    if not Path(SINK).exists():
        print("smtp-sink is missing: apt-get install postfix", file=sys.stderr)
        return 3
    load = os.getloadavg()[0]
    figures: list[Figure] = []
    with TemporaryDirectory(prefix="nurture-sending-") as temporary, sink() as port:
        simple, realistic = (
            Bench(name, Shop(Path(temporary) / name, template, arguments.messages, port))
            for name, template in TEMPLATES.items()
        )
        letter = realistic.as_letter(Path(temporary) / LETTER) if "rates" in (arguments.only or ["rates"]) else None
        measures: dict[str, Callable[[Bench], list[Figure]]] = {
            "rates": lambda bench: bench.rates(arguments.rounds),
            "far": lambda bench: bench.far(arguments.rounds),
            "tls": lambda bench: bench.encrypted(arguments.rounds),
            "postgresql": lambda bench: bench.on_postgresql(arguments.rounds),
            "memory": lambda bench: bench.memory(),
        }
        for name in arguments.only or measures:
            chosen = [simple, realistic, letter] if name == "rates" else [realistic]
            for bench in filter(None, chosen):
                print(f"{name}: {bench.name}", file=sys.stderr, flush=True)
                figures += measures[name](bench)
    print(shown(figures))
    if arguments.write:
        about = f"{arguments.messages:,} messages, ratios within each of {arguments.rounds} rounds by the clock"
        write_about(SENDING, figures, about, (load, os.getloadavg()[0]))
    return 0


class Bench:
    """One template's shop with everything planned and due, and all who send its mail."""

    def __init__(self, name: str, shop: Shop) -> None:
        self.name, self.shop, self.messages, self.port = name, shop, shop.messages, shop.port

    def as_letter(self, folder: Path) -> "Bench":
        """A shop that sends this one's mail as everybody else here can."""
        html = self.shop.html("{{ customer.name }}")
        return Bench(LETTER, Shop(folder, LETTER, self.messages, self.port, html=html))

    def rates(self, rounds: int) -> list[Figure]:
        """Ours beside everybody else's, in the same rounds."""
        ours: list[Found] = []
        others: dict[str, list[Sent]] = {each: [] for each in ("smtp-source", "aiosmtplib", *PEERS)}
        for _ in range(rounds):
            ours.append(self.shop.worker())
            body = self.shop.body()
            others["smtp-source"].append(source(self.port, body, self.messages, self.shop.folder))
            others["aiosmtplib"].append(bare(self.port, body, self.messages))
            if self.name != "simple":
                for peer in PEERS:
                    others[peer].append(self._peer(peer, len(body)))
        rates = [_sent(each) for each in ours]
        what = f"{self.name}, one worker"
        found = [
            _ratio(f"{what} : smtp-source", rates, others["smtp-source"], "sqlite", SOURCE_GOALS.get(self.name)),
            _ratio(f"{what} : aiosmtplib, bytes ready", rates, others["aiosmtplib"], "sqlite", None),
        ]
        for peer, sent in ((each, others[each]) for each in PEERS if others[each]):
            found.append(_ratio(f"{what} : {PEER_NAMES[peer]}", rates, sent, "sqlite", PEER_GOALS.get(peer)))
        middle = sorted(ours, key=lambda each: each["cpu"])[len(ours) // 2]
        peak = max(each["megabytes"] for each in ours)
        beside = max(each["megabytes_composer"] for each in ours)
        note = f"and its composer {beside:.0f} MB while it lives"
        return [
            *found,
            Figure(f"{what}, processor a message", self._each(middle), "µs", "sqlite", note=self._shares(middle)),
            Figure(f"{what}, peak memory", peak, "MB", "sqlite", note=note),
        ]

    def far(self, rounds: int) -> list[Figure]:
        """Behind ten milliseconds of network."""
        few = max(self.messages // 2, 100)
        shop = Shop(self.shop.folder / "far", TEMPLATES[self.name], few, self.port)
        ours: dict[int, list[Sent]] = {each: [] for each in FAR}
        transport: dict[int, list[Sent]] = {each: [] for each in FAR}
        theirs: dict[int, list[Sent]] = {each: [] for each in FAR}
        with relay(self.port, DELAY) as port:
            for _ in range(rounds):
                for connections in FAR:
                    ours[connections].append(_sent(shop.worker(port, None, connections)))
                    transport[connections].append(pipelined(port, shop.body(), few, connections))
                    theirs[connections].append(bare(port, shop.body(), few, None, connections))
        what, other = f"{self.name}, 10 ms away", "aiosmtplib, bytes ready"
        return [
            _ratio(f"{what}, {whose}, {each} connections : {other}", found[each], theirs[each], on, 3.0)
            for whose, found, on in (("one worker", ours, "sqlite"), ("our transport, bytes ready", transport, ""))
            for each in FAR
        ]

    def encrypted(self, rounds: int) -> list[Figure]:
        """Over TLS, which a relay before the sink ends: it costs all of them the same."""
        server, authority = certificate_in(self.shop.folder)
        with relay(self.port, 0, server) as port, relay(self.port) as plain:
            ours, theirs, unencrypted = [], [], []
            for _ in range(rounds):
                ours.append(_sent(self.shop.worker(port, authority)))
                theirs.append(bare(port, self.shop.body(), self.messages, authority))
                unencrypted.append(_sent(self.shop.worker(plain)))
        return [
            _ratio(f"{self.name}, over TLS : aiosmtplib over TLS", ours, theirs, "sqlite", None),
            _ratio(f"{self.name}, over TLS : without, the same relay", ours, unencrypted, "sqlite", None),
        ]

    def on_postgresql(self, rounds: int) -> list[Figure]:
        """One, two and four workers on one PostgreSQL, beside smtp-source."""
        body = self.shop.body()
        rates: dict[int, list[Sent]] = {1: [], 2: [], 4: []}
        sources: list[Sent] = []
        with cluster(Path(gettempdir()) / "nurture-bench" / "sending", durable=True) as maintenance:
            for number in range(rounds):
                sources.append(source(self.port, body, self.messages, self.shop.folder))
                for workers, found in rates.items():
                    url = fresh_database(maintenance, f"s{number}_{workers}")
                    found.append(self.shop.together(url, workers))
        return [
            _ratio(f"{self.name}, one worker : smtp-source", rates[1], sources, "postgresql", None),
            _ratio(f"{self.name}, two workers : one", rates[2], rates[1], "postgresql", None),
            _ratio(f"{self.name}, four workers : one", rates[4], rates[1], "postgresql", None),
        ]

    def memory(self) -> list[Figure]:
        """The worker's peak with few and with many customers."""
        peaks = []
        for customers in MEMORY_SIZES:
            folder = self.shop.folder / f"of-{customers}"
            few = Shop(folder, TEMPLATES[self.name], min(self.messages, 5_000), self.port, customers)
            peaks.append(few.worker()["megabytes"])
        note = f"{peaks[0]:.0f} MB → {peaks[1]:.0f} MB"
        return [Figure("peak memory, 1,000,000 customers : 20,000", peaks[1] / peaks[0], "x", "sqlite", 1.3, note=note)]

    def _peer(self, peer: str, size: int) -> Sent:
        letter = self.shop.folder / "letter.html"
        letter.write_text(self.shop.html("{{ user.first_name }}"), "utf-8")
        try:
            found = send_as(peer, self.shop.folder, self.port, max(self.messages // 2, 100), letter, size)
        except subprocess.CalledProcessError as problem:
            raise SystemExit(f"{peer} failed: {(problem.stderr or b'')[-2000:].decode('utf-8', 'replace')}") from None
        return _sent(found)

    def _each(self, found: Found) -> float:
        return found["cpu"] / self.messages * 1e6

    def _shares(self, found: Found) -> str:
        whole = found["cpu"]
        named = {each: found.get(f"cpu_{each}", 0.0) / whole for each in STAGES}
        # What commits take besides what is done in them: BEGIN, COMMIT, the disk.
        named["commit"] = found.get("cpu_commits", 0.0) / whole - sum(named[each] for each in IN_COMMITS)
        return ", ".join(f"{name} {share:.0%}" for name, share in named.items() if share)


def _sent(found: Found) -> Sent:
    return Sent(found["sent"] / found["seconds"], found["cpu"] / found["sent"])


def _ratio(what: str, ours: Sequence[Sent], theirs: Sequence[Sent], database: str, goal: float | None) -> Figure:
    """The ratio of rates; beside it what each message costs both, which a busy machine changes less."""
    each = [one.rate / other.rate for one, other in zip(ours, theirs, strict=True)]
    rates = [f"{_median([one.rate for one in side]):.0f}/s" for side in (ours, theirs)]
    costs = [f"{_median([one.cpu for one in side]) * 1e6:,.0f} µs" for side in (ours, theirs)]
    note = f"min {min(each):.2f}; {' : '.join(rates)}; processor {' : '.join(costs)}"
    return Figure(what, _median(each), "x", database, goal, True, note)


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.delivery", description=__doc__)
    parser.add_argument("--messages", type=int, default=5000, help="messages of a round (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3)
    named = ("rates", "far", "tls", "postgresql", "memory")
    parser.add_argument("--only", choices=named, action="append", help="measure only this; may be repeated")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
