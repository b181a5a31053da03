"""Whatever the reading of campaigns lets pass can be planned, and planned again at once it changes nothing.

Twelve people with everything that a rule can ask about are met by campaigns drawn at random.
"""

from random import Random

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from nurture.campaign import After
from nurture.condition import OPERATORS, Not, Operator
from nurture.mistake import MistakesFound
from tests.rules.test_operators import SEGMENTS, SHOP, asked_of, drawn

from .people import Shop, loaded

TRIGGERS = (
    "{after: order}",
    "{after: shipment}",
    "{after: visit}",
    "{event: page_view}",
    "{anniversary: birthday}",
    "{anniversary: birthday, month_only: 1, before: 60 days}",
    "{anniversary: first_order, after: 3 days}",
    "{entered: friends}",
    "{schedule: {every: day}}",
    "{schedule: {every: month, day: last, at: '24:00'}}",
    "{schedule: {dates: [9999-12-31, 0001-01-01, 2026-11-22]}}",
)
STEPS = (
    "",
    "wait: 400 days",
    "at: 24:00",
    "at: 00:00",
    "valid_for: 400 days",
    "valid_for: 1 second",
    "window: all day",
    "window: 23:00-05:00",
    "channels: [line, email]",
    "channels: [line, email, line]",
    "when_capped: drop, valid_for: 3 days",
    "wait: 3 weeks, wait_from: occurrence",
)
MORE = (
    "again: once",
    "again: after 400 days",
    "again: after 0 days",
    "again: after 3 months",
    "holdout: 50%",
    "starts: 0001-01-01",
    "ends: 9999-12-31",
    "starts: 9999-12-31",
    "at_most: {count: 1}",
    "at_most: {count: 99999999999999999}",
    "offer: {related_to: any_order}",
    "offer: {related_to: this}",
    "offer: {related_to: last_order, category: 豆}",
    "about: {product: beans, category: 豆}",
    "purpose: transactional\nbecause: 控え",
)
LINES = st.lists(st.sampled_from(MORE), max_size=4, unique_by=lambda line: line.split(":")[0])
WORDS = st.sampled_from(sorted(OPERATORS))


def test_any_campaign_that_is_read_is_planned_and_planning_it_again_changes_nothing(engine: Engine) -> None:
    drawn(7).write(engine)
    shop = Shop(engine, "segments: []\n", caps=[{"at_most": 2, "per": "7 days"}], min_gap="20 hours")
    shop.settings = shop.settings.model_copy(update={"attributes": SHOP.attributes})
    met = []

    @settings(max_examples=6, suppress_health_check=list(HealthCheck))
    @given(
        st.sampled_from(TRIGGERS),
        LINES,
        st.tuples(st.sampled_from(STEPS), st.sampled_from(STEPS)),
        st.tuples(WORDS, WORDS),
        st.integers(0, 9_999),
    )
    @example("{after: order}", [], ("valid_for: 400 days", "wait: 1 day"), ("kind", "complaint"), 1)
    @example("{schedule: {every: day}}", ["at_most: {count: 1}"], ("channels: [line, email]", ""), ("kind", "tag"), 1)
    def plans(trigger: str, more: list[str], steps: tuple[str, str], asked: tuple[str, str], seed: int) -> None:
        try:
            shop.campaigns = loaded(shop.settings, campaign(trigger, more, steps), SEGMENT_FILE)
        except MistakesFound:
            return
        (found,) = shop.campaigns.campaigns
        of_order = isinstance(found.trigger, After) and found.trigger.table == "order"
        audience, exit_when = (condition(word, seed, of_order=of_order) for word in asked)
        conditions = {"audience": Not(audience) if seed % 2 else audience, "exit_when": exit_when if seed % 3 else None}
        found = found.model_copy(update={**conditions, "digest": f"{trigger}{more}{steps}{asked}{seed}"})
        shop.campaigns = shop.campaigns.model_copy(update={"campaigns": (found,)})
        met.append(shop.tick("2026-11-22 12:00").committed.touches)
        again = shop.tick("2026-11-22 12:00").committed
        assert (again.enrollments, again.touches, again.changed) == (0, 0, 0)

    plans()
    assert sum(met) > 0


def campaign(trigger: str, more: list[str], steps: tuple[str, str]) -> str:
    listed = "\n".join(f"- {{step: {name}, template: a, {step}}}" for name, step in zip("ab", steps, strict=True))
    return "\n".join(["campaign: any", "title: any", f"trigger: {trigger}", "steps:", listed, *more]).replace(
        ", }", "}"
    )


def condition(word: str, seed: int, *, of_order: bool) -> Operator:
    return asked_of(Random(seed), word if of_order or word != "this" else "tag")


SEGMENT_FILE = f"""segments:
- {{segment: friends, condition: [tag: friend]}}
- {{segment: buyers, condition: [orders: {{}}, not: {{segment: friends}}]}}
# {sorted(SEGMENTS)}
"""
