"""The tables: customer state, the ledger of touches and what planning remembers.

Instants are whole seconds since 1970 UTC in the database and timezone-aware UTC datetimes in Python (`Instant`), so
that the same arithmetic holds on both databases. Money is in integer minor units. Local dates are ISO text.
"""

from .column import Identity, Instant, probe, seconds, table
from .ledger import Attempt, CampaignVersion, Enrollment, Membership, Message, Touch, TouchLog
from .people import Account, Address, Consent, Customer, CustomerFact, CustomerTag, DatedFact, Hold, Suppression
from .trade import Booking, Contact, Event, Order, OrderLine, Product, ProductRelation
from .upkeep import (
    Alarm,
    Cadence,
    CapInForce,
    CustomerChange,
    Generation,
    ImportRow,
    ImportRun,
    Inbound,
    Lease,
    LinkCode,
    Pause,
    Setting,
    Throttle,
)

__all__ = [
    "Account",
    "Address",
    "Alarm",
    "Attempt",
    "Booking",
    "Cadence",
    "CampaignVersion",
    "CapInForce",
    "Consent",
    "Contact",
    "Customer",
    "CustomerChange",
    "CustomerFact",
    "CustomerTag",
    "DatedFact",
    "Enrollment",
    "Event",
    "Generation",
    "Hold",
    "Identity",
    "ImportRow",
    "ImportRun",
    "Inbound",
    "Instant",
    "Lease",
    "LinkCode",
    "Membership",
    "Message",
    "Order",
    "OrderLine",
    "Pause",
    "Product",
    "ProductRelation",
    "Setting",
    "Suppression",
    "Throttle",
    "Touch",
    "TouchLog",
    "probe",
    "seconds",
    "table",
]
