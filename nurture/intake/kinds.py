"""The kinds of file that can be imported."""

from collections.abc import Mapping

from nurture.intake.bookings import BOOKINGS
from nurture.intake.contacts import CONTACTS
from nurture.intake.customers import CUSTOMERS
from nurture.intake.holds import HOLDS
from nurture.intake.kind import Kind
from nurture.intake.optouts import OPTOUTS
from nurture.intake.orders import ORDERS
from nurture.intake.products import PRODUCTS

KINDS: Mapping[str, Kind] = {
    each.name: each for each in (CUSTOMERS, ORDERS, PRODUCTS, BOOKINGS, CONTACTS, OPTOUTS, HOLDS)
}
