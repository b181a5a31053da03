"""Every operator of the condition language: its word, its arguments, an example. Nothing here touches a database.

Orders that were cancelled or returned never count unless `status` names them. `within: 30 days` means "at or after this
instant 30 calendar days ago in the shop's zone", `older_than: 30 days` means "before it". A missing value makes a
condition false, and its `not` true.
"""

from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar

from pydantic import BeforeValidator, Field, model_validator

from nurture.shape import DurationText, Section, wrong

Channel = Literal["email", "line"]
ContactChannel = Literal["email", "line", "call", "visit", "postcard", "letter", "chat"]
OrderStatus = Literal["ordered", "shipped", "delivered", "cancelled", "returned"]
BookingStatus = Literal["booked", "visited", "cancelled", "no_show"]


LARGEST_NUMBER = 10**15
"""Beyond it the databases and JSON no longer agree about whole numbers."""


def _listed(found: Any) -> Any:
    return found if isinstance(found, list | tuple) else [found]


Item = TypeVar("Item")
Listed = Annotated[tuple[Item, ...], BeforeValidator(_listed), Field(min_length=1)]
"""One value or a list of them, never an empty one."""


def _read_number(found: Any) -> Any:
    if isinstance(found, bool) or not isinstance(found, int | float) or not abs(found) < LARGEST_NUMBER:
        raise wrong("expected.number")
    return found


Number = Annotated[int | float, BeforeValidator(_read_number)]


class Comparison(Section):
    """A range of numbers; both ends belong to it."""

    at_least: Number | None = None
    at_most: Number | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare_number(cls, found: Any) -> Any:
        if isinstance(found, dict | Comparison):
            return found
        return {"at_least": _read_number(found), "at_most": found}

    @model_validator(mode="after")
    def _some_end(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise wrong("condition.no_end")
        return self


class Operator(Section):
    """One question about a customer."""

    word: ClassVar[str]
    example: ClassVar[str]
    bare: ClassVar[str] = ""
    """The argument meant when a bare value is written instead of a mapping."""

    @model_validator(mode="before")
    @classmethod
    def _bare_value(cls, found: Any) -> Any:
        if cls.bare and not isinstance(found, dict):
            return {cls.bare: found}
        return found


class Period(Operator):
    """An operator about something that happened at an instant."""

    within: DurationText | None = None
    """Not longer ago than this."""
    older_than: DurationText | None = None
    """Longer ago than this."""


class AttributeIs(Operator):
    """A declared attribute, compared as its declared type."""

    word = "attribute"
    example = "attribute: {name: plan, equals: gold}"
    name: str
    equals: str | int | float | bool | None = None
    any_of: Listed[str | int | float] | None = None
    at_least: int | float | str | None = None
    at_most: int | float | str | None = None
    contains: str | None = None
    known: bool | None = None

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        tests = (self.equals, self.any_of, self.at_least, self.at_most, self.contains, self.known)
        if all(test is None for test in tests):
            raise wrong("condition.no_test", allowed="equals, any_of, at_least, at_most, contains, known")
        return self


class HasTag(Operator):
    """Carries one of the tags."""

    word = "tag"
    example = "tag: [常連, ギフト]"
    bare = "any_of"
    any_of: Listed[str]


class IsKind(Operator):
    """Is a private person or a company."""

    word = "kind"
    example = "kind: company"
    bare = "equals"
    equals: Literal["individual", "company"]


class LivesIn(Operator):
    """Lives in one of the prefectures."""

    word = "prefecture"
    example = "prefecture: [兵庫県, 大阪府]"
    bare = "any_of"
    any_of: Listed[str]


class DateIs(Operator):
    """A yearly date of the customer or a relative: known at all, in a month, or coming within some days."""

    word = "date"
    example = "date: {name: birthday, within: 14 days}"
    name: str = "birthday"
    relative: str = ""
    within: DurationText | None = None
    """Its next return is at most so many days ahead, today included, in the shop's zone."""
    month: int | None = Field(default=None, ge=1, le=12)
    this_month: bool | None = None
    known: bool | None = None

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        if all(test is None for test in (self.within, self.month, self.this_month, self.known)):
            raise wrong("condition.no_test", allowed="within, month, this_month, known")
        return self


class Orders(Period):
    """How many orders (default: at least one) there are of a kind, and what they add up to."""

    word = "orders"
    example = "orders: {category: 豆, within: 90 days, count: {at_least: 3}}"
    count: Comparison | None = None
    """How many such orders."""
    amount: Comparison | None = None
    """Total of each order, in the smallest unit of money."""
    total: Comparison | None = None
    """Total of all such orders together."""
    product: Listed[str] | None = None
    """Product codes, any of them."""
    category: Listed[str] | None = None
    status: Listed[OrderStatus] | None = None
    after_opening: bool | None = None
    """Only orders made after the campaign opened for the customer; for `exit_when`."""


class FirstOrder(Period):
    """When the first order was; false for people without one."""

    word = "first_order"
    example = "first_order: {older_than: 365 days}"


class LastOrder(Period):
    """When the newest order was; false for people without one."""

    word = "last_order"
    example = "last_order: {older_than: 90 days}"


class This(Operator):
    """Speaks of the order, booking or event that opened the occurrence."""

    word = "this"
    example = "this: {order: first}"
    order: Literal["first", "repeat"] | None = None
    """The customer's first order that was not cancelled, or a later one."""
    product: Listed[str] | None = None
    category: Listed[str] | None = None
    amount: Comparison | None = None
    booking: Literal["first", "repeat"] | None = None
    menu: Listed[str] | None = None
    staff: Listed[str] | None = None

    @model_validator(mode="after")
    def _some_test(self) -> Self:
        if not self.model_fields_set:
            raise wrong("condition.no_test", allowed=", ".join(type(self).model_fields))
        return self


class Bookings(Period):
    """How many bookings (default: at least one) there are of a kind."""

    word = "bookings"
    example = "bookings: {status: visited, menu: カット, older_than: 60 days}"
    count: Comparison | None = None
    status: Listed[BookingStatus] | None = None
    """Default: booked and visited."""
    menu: Listed[str] | None = None
    staff: Listed[str] | None = None
    ahead: bool | None = None
    """true: still to come; false: already begun."""
    after_opening: bool | None = None
    """Only bookings made after the campaign opened for the customer; for `exit_when`."""


class Events(Period):
    """How many events of a kind (default: at least one) happened."""

    word = "events"
    example = "events: {kind: page_view, within: 7 days}"
    kind: str
    count: Comparison | None = None


class Contacts(Period):
    """How many contacts (default: at least one) there were, ours and people's; but not this occurrence's own."""

    word = "contacts"
    example = "contacts: {direction: out, within: 30 days, count: {at_most: 1}}"
    count: Comparison | None = None
    channel: Listed[ContactChannel] | None = None
    direction: Literal["out", "in"] | None = None


class SilentFor(Operator):
    """We have not approached the customer for so long, or never; this occurrence's own contacts are left out."""

    word = "silent_for"
    example = "silent_for: 60 days"
    bare = "duration"
    duration: DurationText


class Received(Operator):
    """Has been sent a step of a campaign."""

    word = "received"
    example = "received: {campaign: first-thanks, within: 60 days}"
    bare = "campaign"
    campaign: str
    step: str | None = None
    within: DurationText | None = None


class Reachable(Operator):
    """Has a usable address on the channel, or on any; suppressed addresses are not usable."""

    word = "reachable"
    example = "reachable: line"
    bare = "by"
    by: Literal["any", "email", "line"]


class HasConsent(Operator):
    """Has allowed commercial messages on the channel, or on any."""

    word = "consent"
    example = "consent: email"
    bare = "to"
    to: Literal["any", "email", "line"]


class InSegment(Operator):
    """Belongs to a named segment."""

    word = "segment"
    example = "segment: regulars"
    bare = "name"
    name: str


class Complaint(Operator):
    """Has a complaint that is still open."""

    word = "complaint"
    example = "not: {complaint: open}"
    bare = "state"
    state: Literal["open"]


class Refused(Operator):
    """Has refused a product or a category, and the refusal still holds."""

    word = "refused"
    example = "not: {refused: {category: 器具}}"
    product: str | None = None
    category: str | None = None

    @model_validator(mode="after")
    def _some_test(self) -> Self:
        if self.product is None and self.category is None:
            raise wrong("condition.no_test", allowed="product, category")
        return self


class Offer(Section):
    """Names a product for each customer among the declared `related:` products of what was bought."""

    related_to: Literal["this", "last_order", "any_order"] = "any_order"
    category: str | None = None
    """Only products of this category."""


OPERATORS: dict[str, type[Operator]] = {
    each.word: each
    for each in (
        AttributeIs,
        HasTag,
        IsKind,
        LivesIn,
        DateIs,
        Orders,
        FirstOrder,
        LastOrder,
        This,
        Bookings,
        Events,
        Contacts,
        SilentFor,
        Received,
        Reachable,
        HasConsent,
        InSegment,
        Complaint,
        Refused,
    )
}
