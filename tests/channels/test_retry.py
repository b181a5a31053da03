"""When a message is tried again: later each time, never at the same second as its neighbours, never past its end."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from nurture.channels.outcome import Accepted, Deferred, NotSent, Outcome, Rejected, Unknown
from nurture.channels.retry import backoff, slows_domain

NOW = 1_795_305_600
EVER = NOW + 10**9
GREYLISTED = Deferred("message", "450 4.2.0", "Greylisted")
BUSY = Deferred("domain", "421 4.7.0", "slow down")
FULL = Deferred("message", "452 4.2.2", "full", strikes=3)
TOO_FAST = Deferred("channel", "429", "rate limit")
DOUBT = Unknown("TimeoutError", retry_same_key=True)


def minutes(outcome: Outcome, attempt: int, expires: int = EVER) -> float | None:
    at = backoff(outcome, attempt, NOW, expires, "touch-7")
    return None if at is None else (at - NOW) / 60


@pytest.mark.parametrize(
    ("outcome", "waits"),
    [
        (GREYLISTED, [5, 10, 20, 40, 67, 67]),
        (BUSY, [5, 10, 20, 40, 67, 67]),
        (FULL, [67, 134, 268, 268]),
        (NotSent("the connection was lost"), [1, 2, 5, 10, 20, 20]),
        (DOUBT, [10 / 60, 20 / 60, 40 / 60]),
        (TOO_FAST, [2 / 60, 4 / 60, 8 / 60]),
    ],
)
def test_each_wait_is_longer_by_at_most_a_quarter(outcome: Outcome, waits: list[float]) -> None:
    for attempt, wait in enumerate(waits, 1):
        found = minutes(outcome, attempt)
        assert found is not None
        assert wait - 1 / 60 <= found <= wait * 1.25 + 1 / 60


@pytest.mark.parametrize("outcome", [Accepted(), Rejected("address", "550 5.1.1", "nobody"), Unknown("no reply")])
def test_what_is_decided_or_in_doubt_is_not_tried_again(outcome: Outcome) -> None:
    assert minutes(outcome, 1) is None


def test_line_names_its_own_time() -> None:
    asked = Deferred("channel", "429", "rate limit", retry_after=90)
    assert 1.5 <= (minutes(asked, 1) or 0) <= 1.9
    assert (minutes(asked, 8) or 0) > 4


def test_a_birthday_is_not_tried_again_on_the_next_day() -> None:
    assert backoff(GREYLISTED, 1, NOW, NOW + 299, "touch-7") is None
    assert backoff(GREYLISTED, 1, NOW, NOW + 376, "touch-7") is not None


def test_a_receiver_that_finds_us_too_fast_is_told_apart() -> None:
    assert slows_domain(BUSY)
    assert not slows_domain(GREYLISTED)
    assert not slows_domain(Rejected("domain", "550 5.7.1", "policy"))


@given(attempt=some.integers(-3, 10_000), key=some.text(), room=some.integers(-10, 10**6))
def test_it_is_never_late_and_always_the_same(attempt: int, key: str, room: int) -> None:
    for outcome in (GREYLISTED, BUSY, FULL, TOO_FAST, DOUBT, NotSent("lost")):
        at = backoff(outcome, attempt, NOW, NOW + room, key)
        assert at is None or NOW < at < NOW + room
        assert at == backoff(outcome, attempt, NOW, NOW + room, key)


def test_a_thousand_that_failed_together_do_not_come_back_together() -> None:
    seconds = [backoff(GREYLISTED, 3, NOW, EVER, f"touch-{number}") for number in range(1_000)]
    assert max(seconds.count(each) for each in set(seconds)) < 20
