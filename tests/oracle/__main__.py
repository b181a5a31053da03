"""`python -m tests.oracle SEED [SEED2] [--database URL] [--large]`: runs one generated world, or a range of them."""

import argparse
import sys
import tempfile
import time
from collections import Counter
from hashlib import sha256
from pathlib import Path

from nurture.campaign import Campaign
from nurture.store import open_engine, upgrade

from .harness import Different
from .state import Customer
from .world import Size, World


def draw(campaign: Campaign, owner: Customer) -> bool:
    """The holdout: a share of the owners' buckets, shuffled by a salt of each campaign."""
    salt = sha256(f"holdout:{campaign.campaign}".encode()).digest()
    factor, summand = (int.from_bytes(salt[start : start + 4], "big") % 2_147_483_646 + 1 for start in (0, 4))
    return (owner.bucket * factor + summand) % 2_147_483_647 % 10_000 < round(campaign.holdout * 10_000)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.oracle")
    parser.add_argument("seed", type=int)
    parser.add_argument("last", type=int, nargs="?")
    parser.add_argument("--database")
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--go-on", action="store_true")
    options = parser.parse_args()
    size = Size(30, 8, 30, 45) if options.large else Size()
    met: Counter[str] = Counter()
    failed = 0
    started = time.monotonic()
    for seed in range(options.seed, (options.last or options.seed) + 1):
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            url = options.database or f"sqlite:///{folder}/nurture.db"
            upgrade(url)
            engine = open_engine(url)
            try:
                met += World(seed, engine, Path(folder), draw, size).run()
            except Different as found:
                failed += 1
                print(found)
                if not options.go_on:
                    return 1
            finally:
                engine.dispose()
    print(dict(met), f"{failed} failed, {time.monotonic() - started:.1f} s")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
