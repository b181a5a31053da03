"""A campaign as it stands in YAML: trigger, audience, steps, promises around them. How it is read: `loading`."""

import hashlib
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SkipValidation,
    ValidationInfo,
    field_validator,
    model_validator,
)

from nurture.condition import AllOf, Condition, Offer
from nurture.shape import DateText, DurationText, Section, Share, TimeText, Weekday, WindowText, read_duration, wrong
from nurture.zone import Duration, parse_duration

Channel = Literal["email", "line"]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,60}$")]
EventWord = Literal["order", "shipment", "delivery", "booking", "visit", "no_show", "cancellation"]


def _listed(found: Any) -> Any:
    return found if isinstance(found, list | tuple) else [found]


def _known_pause(found: str) -> str:
    if found not in ("per occurrence", "once"):
        try:
            parse_duration(found.removeprefix("after ") if found.startswith("after ") else None)
        except ValueError:
            raise wrong("campaign.again") from None
    return found


def _pause(again: str) -> Duration | None:
    return read_duration(again.removeprefix("after ")) if again.startswith("after ") else None


class After(Section):
    """Opens for every order, shipment, delivery, booking, visit, no-show, cancellation or custom event."""

    after: EventWord | None = None
    """What happened."""
    event: str | None = None
    """Kind of a custom event, instead of `after`."""

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.after is None) == (self.event is None):
            raise wrong("campaign.after_or_event")
        return self

    @property
    def table(self) -> Literal["order", "booking", "event"]:
        """The table whose rows open the occurrences."""
        if self.event:
            return "event"
        return "order" if self.after in ("order", "shipment", "delivery") else "booking"


class Anniversary(Section):
    """Opens once a year on a yearly date of the customer, in the customer's zone."""

    anniversary: str
    """`birthday`, `first_order` (the day of the first order), or the name of a custom date."""
    relative: str = ""
    """Whose date: empty for the customer, else e.g. `daughter`."""
    before: DurationText = Duration(0, 0, 0)
    """Opens so many whole days earlier."""
    after: DurationText = Duration(0, 0, 0)
    """Opens so many whole days later."""
    month_only: int | None = Field(default=None, ge=1, le=28)
    """The day of the month to use where only the month is known; None = such people are left out."""

    @model_validator(mode="after")
    def _whole_days(self) -> Self:
        for offset in (self.before, self.after):
            if offset.seconds or offset.months or offset.days > 60:
                raise wrong("campaign.anniversary_offset")
        return self

    @property
    def offset_days(self) -> int:
        """Days from the date itself to the opening; negative = earlier."""
        return self.after.days - self.before.days


class Entered(Section):
    """Opens when a customer enters a named segment, seen since the watch began."""

    entered: Name
    """The segment's name."""


class Every(Section):
    """A repeating or fixed date and time in the shop's zone."""

    every: Literal["day", "week", "month"] | None = None
    """How often."""
    on: Annotated[tuple[Weekday, ...], BeforeValidator(_listed)] | None = None
    """Weekdays, for `every: week`."""
    day: int | Literal["last"] | None = None
    """Day of the month, for `every: month`; months that are too short use their last day."""
    dates: tuple[DateText, ...] = ()
    """Fixed dates, instead of `every`."""
    at: TimeText = 10 * 3600
    """The time of day; default `10:00`."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.every is None) == (not self.dates):
            raise wrong("campaign.every_or_dates")
        if (self.every == "week") != (self.on is not None) or (self.every == "month") != (self.day is not None):
            raise wrong("campaign.every_needs")
        return self

    @field_validator("day")
    @classmethod
    def _of_a_month(cls, found: int | str | None) -> int | str | None:
        if isinstance(found, int) and not 1 <= found <= 31:
            raise wrong("campaign.day_of_month")
        return found


class Schedule(Section):
    """Opens for the whole audience at fixed times: a newsletter."""

    schedule: Every


Trigger = After | Anniversary | Entered | Schedule


class About(Section):
    """What an offer is for; a refusal of it holds the campaign back."""

    category: str | None = None
    product: str | None = None


class AtMost(Section):
    """A ceiling for the whole campaign."""

    count: int = Field(ge=1)
    per: Literal["day"] = "day"
    """Days of the shop's zone."""
    first_days: int | None = Field(default=None, ge=1, le=3660)
    """Holds only for so many days from `starts`; None = always."""


class Goal(Section):
    """What the campaign is for, so that its worth can be measured; `exit_when` is what ends an enrollment."""

    order: bool = True
    within: DurationText = Duration(30, 0, 0)
    category: str | None = None


class Step(Section):
    """One message of a campaign."""

    step: Name
    """Its name."""
    wait: DurationText = Duration(0, 0, 0)
    """From the due time of the step before (for the first: from the occurrence)."""
    wait_from: Literal["step", "occurrence"] = "step"
    """`occurrence` counts `wait` from what opened the campaign instead."""
    at: TimeText | None = None
    """Moves the due time to this hour of its local day when that is later."""
    channels: tuple[Channel, ...] = Field(default=("email",), min_length=1)
    """Preference order: the first that is reachable and consented."""
    template: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    """Name of the template in `templates/`."""
    window: WindowText | None = None
    """Narrows the shop's hours, never widens them."""
    valid_for: DurationText | None = None
    """After that, better not at all. Default: anniversaries to the end of the local day, schedules 24 h, else 48 h."""
    when_capped: Literal["defer", "drop"] = "defer"
    """`defer` waits for the next free slot while valid; `drop` leaves it out."""

    @field_validator("wait", "valid_for")
    @classmethod
    def _counted_in_days(cls, found: Duration | None) -> Duration | None:
        if found and found.months:
            raise wrong("campaign.months")
        return found

    @field_validator("valid_for")
    @classmethod
    def _some_time(cls, found: Duration | None) -> Duration | None:
        if found and not (found.days or found.seconds):
            raise wrong("campaign.valid_for")
        return found


class Campaign(Section):
    """The whole of one campaign file."""

    campaign: Name
    """Its name, by which everything it ever did is found again: it never changes."""
    title: str
    """What the owner calls it."""
    purpose: Literal["commercial", "transactional"] = "commercial"
    """`commercial` obeys consent, caps and the duties of the law; a thank-you is commercial too."""
    because: str = Field(default="", validate_default=True)
    """Why the law's opt-out rules need not hold; needed for `transactional`."""
    priority: int = Field(default=50, ge=0, le=100)
    """0-100: who gets the slot of a customer who may get only one more message."""
    trigger: Trigger
    """What opens it."""
    kind: Literal["relationship", "cross_sell", "win_back", "news", "review", "reminder"] = "relationship"
    """What it is to the customer; a cross-sell must not go to people who hardly know the shop."""
    about: About | None = None
    """What the offer is for: a refusal of it holds the campaign back."""
    offer: Offer | None = None
    """Names a product for each customer; whoever has none to be offered is not in the audience."""
    audience: SkipValidation[Condition] = AllOf(())
    """Who it is for, asked when it opens and again before every step."""
    steps: tuple[Step, ...] = Field(min_length=1)
    """Its messages in order; a step keeps its identity by its name."""
    exit_when: SkipValidation[Condition | None] = None
    """Ends the enrollment as soon as it holds."""
    goal: Goal | None = None
    """What it is to bring about."""
    holdout: Share = 0.0
    """The share of people who are deliberately not contacted, so that its worth can be measured."""
    again: Annotated[str, AfterValidator(_known_pause)] = "per occurrence"
    """`per occurrence`, `once`, or `after 90 days`."""
    at_most: AtMost | None = None
    """A ceiling for all customers together."""
    starts: DateText | None = Field(default=None, validate_default=True)
    """First local day of the shop on which occurrences may open; earlier occurrences never open."""
    ends: DateText | None = None
    """Last local day of the shop on which occurrences may open."""
    digest: str = Field(default="", exclude=True)
    """Hash of the file's text."""
    source: str = Field(default="", exclude=True)
    file: str = Field(default="", exclude=True)

    # Each rule stands at the later of its two keys, so that a mistake in another key does not keep it from being told.
    @field_validator("because")
    @classmethod
    def _because(cls, found: str, others: ValidationInfo) -> str:
        if others.data.get("purpose") == "transactional" and not found:
            raise wrong("campaign.because", beside="purpose")
        return found

    @field_validator("offer")
    @classmethod
    def _this_order(cls, found: Offer | None, others: ValidationInfo) -> Offer | None:
        trigger = others.data.get("trigger")
        about_order = isinstance(trigger, After) and trigger.table == "order"
        if found and found.related_to == "this" and trigger and not about_order:
            raise wrong("campaign.offer_this")
        return found

    @field_validator("again")
    @classmethod
    def _again_in_months(cls, found: str, others: ValidationInfo) -> str:
        pause = _pause(found)
        if pause and pause.months and not isinstance(others.data.get("trigger", None), Schedule | None):
            raise wrong("campaign.again_months")
        return found

    @field_validator("starts")
    @classmethod
    def _first_days(cls, found: date | None, others: ValidationInfo) -> date | None:
        at_most = others.data.get("at_most")
        if at_most and at_most.first_days and not found:
            raise wrong("campaign.first_days", beside="at_most")
        return found

    @field_validator("ends")
    @classmethod
    def _after_the_start(cls, found: date | None, others: ValidationInfo) -> date | None:
        starts = others.data.get("starts")
        if starts and found and found < starts:
            raise wrong("campaign.ends_before_start")
        return found

    @property
    def again_after(self) -> Duration | None:
        """The pause of `again: after …`, None for the other two."""
        return _pause(self.again)

    @property
    def obeys_cap(self) -> bool:
        """Commercial messages obey the caps and count to them; transactional ones do neither."""
        return self.purpose == "commercial"


class Segment(Section):
    """A named condition tree."""

    name: Name = Field(alias="segment")
    title: str = ""
    condition: SkipValidation[Condition]
    digest: str = Field(default="", exclude=True)


class Campaigns(Section):
    """Everything that was loaded, in the order of the names."""

    campaigns: tuple[Campaign, ...] = ()
    segments: dict[str, Segment] = Field(default_factory=dict)

    @property
    def digest(self) -> str:
        """A hash over every campaign and segment: a new one is a new generation."""
        parts = [each.digest for each in self.campaigns] + [each.digest for each in self.segments.values()]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()
