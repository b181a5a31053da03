"""The moments of the bench: every world ends at the same instant, so that figures of two days can be compared."""

from datetime import UTC, datetime, timedelta

NOW = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
"""Ten in the morning in Tokyo on a Tuesday, the first of the month: both the weekly and the monthly letter are due."""
BEFORE = NOW - timedelta(days=3)
"""When the daemon planned last, before it slept: no letter was in sight then."""
EPOCH = int(NOW.timestamp())
DAY = 86_400
