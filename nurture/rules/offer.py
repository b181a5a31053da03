"""The product a campaign names for a customer: declared as related, never owned, never refused, on sale now."""

from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select

from nurture.condition import Offer
from nurture.store.tables import Hold, Order, OrderLine, Product, ProductRelation, probe

from .buying import GONE
from .scope import Scope

HOLD, ORDER, LINE, PRODUCT, RELATION = (probe(each) for each in (Hold, Order, OrderLine, Product, ProductRelation))


def offered_product(scope: Scope, offer: Offer) -> ColumnElement[Any]:
    """Id of the product to name, NULL where there is none: the best position first, then the lower id."""
    bought = LINE.alias("bought")
    found = (
        select(RELATION.c.related_id)
        .join(PRODUCT, PRODUCT.c.id == RELATION.c.related_id)
        .where(
            RELATION.c.product_id.in_(_bought(scope, offer, bought)),
            PRODUCT.c.on_sale,
            ~_owned(scope),
            ~_refused(scope),
        )
        .order_by(RELATION.c.position, RELATION.c.related_id)
        .limit(1)
    )
    if offer.category is not None:
        found = found.where(PRODUCT.c.category == offer.category)
    return found.correlate_except(RELATION, PRODUCT).scalar_subquery()


def _bought(scope: Scope, offer: Offer, bought: Any) -> Select[Any]:
    # SQLAlchemy ties a subquery to the statement just around it only; these stand two deep.
    found = select(bought.c.product_id).where(bought.c.customer_id == scope.customer_id, bought.c.counts)
    found = found.correlate_except(bought)
    if offer.related_to == "this":
        assert scope.subject_id is not None
        return found.where(bought.c.order_id == scope.subject_id)
    if offer.related_to == "last_order":
        newest = (
            select(ORDER.c.id)
            .where(ORDER.c.customer_id == scope.customer_id, ORDER.c.status.not_in(GONE))
            .order_by(ORDER.c.ordered_at.desc(), ORDER.c.id.desc())
            .limit(1)
            .correlate_except(ORDER)
        )
        return found.where(bought.c.order_id == newest.scalar_subquery())
    return found


def _owned(scope: Scope) -> ColumnElement[bool]:
    owned = LINE.alias("owned")
    return (
        select(1)
        .where(owned.c.customer_id == scope.customer_id, owned.c.product_id == RELATION.c.related_id, owned.c.counts)
        .correlate_except(owned)
        .exists()
    )


def _refused(scope: Scope) -> ColumnElement[bool]:
    return (
        select(1)
        .where(
            HOLD.c.customer_id == scope.customer_id,
            HOLD.c.kind == "refusal",
            func.coalesce(HOLD.c.closed_at, scope.instant + 1) > scope.instant,
            or_(HOLD.c.product_id == PRODUCT.c.id, (HOLD.c.category != "") & (HOLD.c.category == PRODUCT.c.category)),
        )
        .correlate_except(HOLD)
        .exists()
    )
