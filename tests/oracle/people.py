"""The people of a generated shop and what happens to them, drawn from one seeded source."""

from collections.abc import Callable
from datetime import date, timedelta
from random import Random

from .pen import Pen
from .state import (
    Account,
    Address,
    Booking,
    Consent,
    Contact,
    Customer,
    DatedFact,
    Event,
    Hold,
    Line,
    Order,
    Pause,
    Product,
    Relation,
    State,
    Suppression,
    Tag,
)
from .time import DAY, HOUR, day_of
from .writing import CATEGORIES, KINDS, PREFECTURES, TAGS, ZONES

Act = Callable[[], None]


class People:
    """Writes people, and changes of them, with a pen."""

    def __init__(self, random: Random, state: State, pen: Pen, now: int, step: int) -> None:
        self.random, self.state, self.pen, self.now = random, state, pen, now
        self.step = step
        """Everything happens at multiples of so many seconds, so that instants often coincide."""
        self.number = 0

    # -- the beginning

    def found(self, count: int) -> None:
        """A shop with products, a company and `count` people."""
        for index, category in enumerate((*CATEGORIES, "beans", "mill", "drip")):
            on_sale = self.random.random() < 0.9
            product = Product(self.pen.next_id(), f"p{index}", f"品{index}", category, self.now, on_sale)
            self.pen.add(product)
        products = self.state.all(Product)
        for product in products:
            for position, other in enumerate(self.random.sample(products, 2)):
                if other is not product:
                    self.pen.add(Relation(self.pen.next_id(), product.id, other.id, position))
        self.pen.add(Account(self.pen.next_id(), "灘商店", "灘商店", self.random.choice((None, *ZONES))))
        for _ in range(count):
            self.person()

    def person(self) -> None:
        """Somebody new, with a past."""
        random, pen = self.random, self.pen
        number = pen.next_id()
        account = self.state.all(Account)[0].id if random.random() < 0.2 else None
        zone = random.choice(ZONES) if random.random() < 0.35 else None
        customer = Customer(
            number,
            f"c{number}",
            "company" if random.random() < 0.25 else "individual",
            "山田",
            "山田" if random.random() < 0.8 else "",
            random.choice((*PREFECTURES, "")),
            random.randrange(2_147_483_647),
            self.now,
            account,
            zone,
            never=random.random() < 0.03,
            attributes={"plan": "gold"} if random.random() < 0.3 else {},
        )
        others = [each for each in self.state.customers if each.cap_owner_id is None]
        if others and random.random() < 0.15:
            customer.cap_owner_id = random.choice(others).id
        pen.add(customer)
        self._addresses(customer)
        self._consents(customer)
        self._dates(customer)
        for tag in TAGS:
            if random.random() < 0.2:
                pen.add(Tag(pen.next_id(), number, tag))
        for _ in range(random.choice((0, 0, 1, 1, 2, 4))):
            self.order(customer, self._ago(random.choice((1, 3, 20, 500))))
        for _ in range(random.choice((0, 0, 1))):
            self.booking(customer)
        for _ in range(random.choice((0, 0, 0, 1, 2))):
            self.contact(customer, self._ago(10))

    def _addresses(self, customer: Customer) -> None:
        for channel in ("email", "line"):
            if self.random.random() < 0.9:
                value = f"{channel}{customer.id}@x.example"
                shared = None
                if customer.cap_owner_id and channel == "email":
                    first = [each for each in self.state.of(Address, customer.cap_owner_id) if each.channel == "email"]
                    value, shared = (first[0].value, customer.cap_owner_id) if first else (value, None)
                status = "invalid" if self.random.random() < 0.05 else "ok"
                self.pen.add(Address(self.pen.next_id(), customer.id, channel, value, self.now, status, shared))

    def _consents(self, customer: Customer) -> None:
        for channel in ("email", "line"):
            if self.random.random() < 0.92:
                self.consent(customer, channel, "granted" if self.random.random() < 0.9 else "withdrawn")

    def _dates(self, customer: Customer) -> None:
        random = self.random
        for name, relative in (("birthday", ""), ("birthday", "daughter")):
            if random.random() < (0.7 if not relative else 0.2):
                day = self._near_date()
                month, number = (2, 29) if random.random() < 0.2 else (day.month, day.day)
                year = random.choice((None, 1980, day.year - 1, day.year))
                known = None if random.random() < 0.15 else number
                self.pen.add(DatedFact(self.pen.next_id(), customer.id, name, relative, year, month, known))

    def _near_date(self) -> date:
        return day_of(self.now, "UTC") + timedelta(days=self.random.randint(-3, 20))

    # -- what happens

    def happens(self) -> None:
        """One change of somebody."""
        customer = self.random.choice(self.state.customers)
        act = self.random.choices([each for each, _ in self.acts], [weight for _, weight in self.acts])[0]
        act(customer)

    @property
    def acts(self) -> list[tuple[Callable[[Customer], None], int]]:
        """What may happen, and how often."""
        return [
            (lambda each: self.order(each, self._lately()), 24),
            (self.ship, 12),
            (self.cancel_order, 3),
            (self.booking, 5),
            (self.book_otherwise, 5),
            (self.event, 24),
            (lambda each: self.contact(each, self._lately()), 9),
            (self.opt_out, 3),
            (self.consent_again, 4),
            (self.complain, 3),
            (self.make_up, 4),
            (self.refuse, 3),
            (self.birthday, 3),
            (self.move, 3),
            (self.tag, 8),
            (self.address, 3),
            (self.rename, 2),
            (self.ban, 1),
            (self.erase, 1),
            (lambda _: self.pause(), 2),
            (lambda _: self.resume(), 4),
            (lambda _: self.person(), 2),
        ]

    def order(self, customer: Customer, ordered_at: int) -> None:
        random, pen = self.random, self.pen
        number, product = pen.next_id(), random.choice(self.state.all(Product))
        status = random.choice(("ordered", "ordered", "shipped", "delivered", "cancelled"))
        order = Order(number, f"o{number}", customer.id, status, ordered_at, self.now, random.choice((900, 2000, 5000)))
        if status in ("shipped", "delivered"):
            order.shipped_at = min(self.now, ordered_at + random.choice((0, HOUR, DAY)))
        if status == "delivered":
            order.delivered_at = self.now if random.random() < 0.5 else order.shipped_at
        pen.add(order)
        counts = not order.void
        line = Line(
            pen.next_id(),
            number,
            customer.id,
            ordered_at,
            product.id,
            product.name,
            product.category,
            order.total,
            counts,
        )
        pen.add(line)

    def ship(self, customer: Customer) -> None:
        waiting = [each for each in self.state.of(Order, customer.id) if each.status in ("ordered", "shipped")]
        if waiting:
            order = self.random.choice(waiting)
            if order.status == "ordered":
                self.pen.edit(order, status="shipped", shipped_at=self.now, received_at=self.now)
            else:
                self.pen.edit(order, status="delivered", delivered_at=self.now, received_at=self.now)

    def cancel_order(self, customer: Customer) -> None:
        orders = [each for each in self.state.of(Order, customer.id) if not each.void]
        if orders:
            order = self.random.choice(orders)
            status = self.random.choice(("cancelled", "returned"))
            self.pen.edit(order, status=status, cancelled_at=self.now, received_at=self.now)
            for line in self.state.of(Line, customer.id):
                if line.order_id == order.id:
                    self.pen.edit(line, counts=False)

    def booking(self, customer: Customer) -> None:
        random = self.random
        number = self.pen.next_id()
        status = random.choice(("booked", "booked", "visited", "no_show", "cancelled"))
        starts_at = self._lately() if status in ("visited", "no_show") else self.now + random.randint(0, 5) * DAY
        booked_at = None if random.random() < 0.3 else self._ago(2)
        staff = random.choice(("", "Sato"))
        self.pen.add(Booking(number, f"b{number}", customer.id, status, starts_at, self.now, booked_at, "cut", staff))

    def book_otherwise(self, customer: Customer) -> None:
        bookings = self.state.of(Booking, customer.id)
        if bookings:
            booking = self.random.choice(bookings)
            status = self.random.choice(("visited", "no_show", "cancelled"))
            starts_at = min(booking.starts_at, self.now)
            self.pen.edit(booking, status=status, starts_at=starts_at, received_at=self.now)

    def event(self, customer: Customer) -> None:
        number = self.pen.next_id()
        kind = self.random.choice(KINDS)
        self.pen.add(Event(number, f"e{number}", customer.id, kind, self._lately(), self.now))

    def contact(self, customer: Customer, at: int) -> None:
        random = self.random
        channel = random.choice(("call", "visit", "postcard", "email"))
        direction = "in" if random.random() < 0.2 else "out"
        counts = random.random() < 0.9
        contact = Contact(self.pen.next_id(), customer.id, customer.owner_id, channel, at, direction, counts)
        self.pen.add(contact)

    def opt_out(self, customer: Customer) -> None:
        random = self.random
        channel = random.choice(("email", "line", None))
        scope = "all" if random.random() < 0.2 else "commercial"
        suppression = Suppression(self.pen.next_id(), self.now, channel, None, customer.id, scope)
        addresses = [each for each in self.state.of(Address, customer.id) if each.removed_at is None]
        if addresses and random.random() < 0.4:
            address = random.choice(addresses)
            suppression.channel, suppression.value = address.channel, address.value
            suppression.customer_id = None
            self._mark_holders(suppression)
        self.pen.mark([customer.id])
        self.pen.add(suppression)
        if channel and random.random() < 0.6:
            self.consent(customer, channel, "withdrawn")

    def _mark_holders(self, suppression: Suppression) -> None:
        held = (suppression.channel, suppression.value)
        self.pen.mark(each.customer_id for each in self.state.all(Address) if (each.channel, each.value) == held)

    def consent_again(self, customer: Customer) -> None:
        channel = self.random.choice(("email", "line"))
        self.consent(customer, channel, "granted")
        for each in self.state.all(Suppression):
            if each.customer_id == customer.id and each.lifted_at is None and each.channel == channel:
                self.pen.edit(each, lifted_at=self.now)

    def consent(self, customer: Customer, channel: str, status: str) -> None:
        for each in self.state.of(Consent, customer.id):
            if each.channel == channel and each.ended_at is None:
                self.pen.edit(each, ended_at=self.now)
        self.pen.add(Consent(self.pen.next_id(), customer.id, channel, status, self.now, self.now))

    def complain(self, customer: Customer) -> None:
        self.pen.add(Hold(self.pen.next_id(), customer.id, "complaint", self.now))

    def make_up(self, customer: Customer) -> None:
        for each in self.state.of(Hold, customer.id):
            if each.kind == "complaint" and each.closed_at is None:
                self.pen.edit(each, closed_at=self.now)

    def refuse(self, customer: Customer) -> None:
        ends = self.now + self.random.choice((HOUR, DAY, 4 * DAY, 180 * DAY))
        hold = Hold(self.pen.next_id(), customer.id, "refusal", self.now, ends)
        if self.random.random() < 0.5:
            hold.product_id = self.random.choice(self.state.all(Product)).id
        else:
            hold.category = self.random.choice(CATEGORIES)
        self.pen.add(hold)

    def birthday(self, customer: Customer) -> None:
        facts = self.state.of(DatedFact, customer.id)
        if facts:
            fact, day = self.random.choice(facts), self._near_date()
            self.pen.edit(fact, month=day.month, day=None if self.random.random() < 0.1 else day.day)

    def move(self, customer: Customer) -> None:
        self.pen.edit(customer, zone=self.random.choice((None, *ZONES)))

    def tag(self, customer: Customer) -> None:
        mine = self.state.of(Tag, customer.id)
        tag = self.random.choice(TAGS)
        found = [each for each in mine if each.tag == tag]
        if found:
            self.pen.remove(found[0])
        else:
            self.pen.add(Tag(self.pen.next_id(), customer.id, tag))

    def address(self, customer: Customer) -> None:
        mine = [each for each in self.state.of(Address, customer.id) if each.removed_at is None]
        if mine and self.random.random() < 0.6:
            self.pen.edit(self.random.choice(mine), removed_at=self.now)
            return
        channel = self.random.choice(("email", "line"))
        number = self.pen.next_id()
        self.pen.add(Address(number, customer.id, channel, f"{channel}{number}@x.example", self.now))

    def rename(self, customer: Customer) -> None:
        self.pen.edit(
            customer, family_name="" if customer.family_name else "森", prefecture=self.random.choice(PREFECTURES)
        )

    def ban(self, customer: Customer) -> None:
        self.pen.edit(customer, never=not customer.never)

    def erase(self, customer: Customer) -> None:
        if self.random.random() < 0.5 and not customer.erased_at:
            self.pen.add(Suppression(self.pen.next_id(), self.now, None, None, customer.id, "all", "erased"))
            self.pen.edit(customer, erased_at=self.now)

    def pause(self) -> None:
        until = self.random.choice((None, 2 * HOUR, 8 * HOUR, 8 * HOUR, 3 * DAY))
        scopes = ("channel:email", "all", "channel:line", "campaign:a0", "campaign:b1", "campaign:line-2")
        ends = None if until is None else self.now + until
        self.pen.pause(Pause(self.pen.next_id(), self.random.choice(scopes), self.now, ends), self.now)

    def resume(self) -> None:
        for scope in sorted({each.scope for each in self.state.all(Pause) if each.ended_at is None}):
            self.pen.resume(scope, self.now)

    def _lately(self) -> int:
        """An instant that is mostly some hours ago, sometimes days, so that some of what opens is too late."""
        if self.random.random() < 0.2:
            return self._ago(4)
        instant = self.now - self.random.randint(0, 4 * HOUR)
        return instant - instant % self.step

    def _ago(self, days: int) -> int:
        """An instant of the last days, not later than now."""
        instant = self.now - self.random.randint(0, days * DAY)
        return instant - instant % self.step
