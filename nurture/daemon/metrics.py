"""What the daemon counts for `/metrics`. Of the messages the worker's own counts are read when somebody asks."""

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

OUTCOMES = ("sent", "failed", "rejected", "deferred", "unknown", "not_sent", "refused")
"""See docs/operation.md; each is shown from the start, so that a rate of it can be asked."""
SECONDS = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 300)


class Metrics:
    """One a process."""

    def __init__(self, registry: CollectorRegistry, counts: Mapping[str, int]) -> None:
        """`counts`: messages by outcome, kept up to date by the worker."""
        registry.register(_Messages(counts))
        self.tick_seconds = Histogram("nurture_tick_seconds", "How long ticks took", buckets=SECONDS, registry=registry)
        self.ticks = Counter("nurture_ticks", "Ticks, by what became of them", ["result"], registry=registry)
        self.reloads = Counter("nurture_reloads", "Changed folders read anew", ["result"], registry=registry)
        self.clock_steps = Counter("nurture_clock_steps", "Jumps of the machine's clock", registry=registry)
        self.halted = Gauge("nurture_halted", "1 while clock or database forbid sending", registry=registry)
        self.live = Gauge("nurture_live", "1 while config.yaml says mode: live", registry=registry)
        for result in ("done", "failed", "skipped"):
            self.ticks.labels(result)
        for result in ("taken", "refused"):
            self.reloads.labels(result)


class _Messages(Collector):
    def __init__(self, counts: Mapping[str, int]) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        """Called at each scrape."""
        family = CounterMetricFamily("nurture_messages", "Tries to hand a message over, by outcome", labels=["outcome"])
        for outcome in sorted({*OUTCOMES, *self._counts}):
            family.add_metric([outcome], self._counts.get(outcome, 0))
        yield family
