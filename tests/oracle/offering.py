"""Whether there is a product to offer to a person: related to what was bought, on sale, not owned, not refused."""

from nurture.condition import Offer

from .conditions import View, refusals_of
from .state import Customer, Line, Product, Relation


def offered(offer: Offer, person: Customer, view: View) -> bool:
    """Whether there is a product to offer: related to what was bought, on sale, not owned, not refused."""
    lines = [each for each in view.state.of(Line, person.id) if each.counts]
    bought = {each.product_id for each in lines}
    if offer.related_to == "this":
        base = {each.product_id for each in lines if each.order_id == view.subject.id}
    elif offer.related_to == "last_order":
        orders = view.state.orders_of(person.id)
        base = {each.product_id for each in lines if orders and each.order_id == orders[-1].id}
    else:
        base = bought
    related = {each.related_id for each in view.state.all(Relation) if each.product_id in base}
    return any(_offerable(view.state.one(Product, each), offer, bought, person, view) for each in related)


def _offerable(product: Product, offer: Offer, bought: set[int], person: Customer, view: View) -> bool:
    wanted = offer.category is None or product.category == offer.category
    free = product.on_sale and product.id not in bought
    return wanted and free and not refusals_of(person, product.key, product.category, view)
