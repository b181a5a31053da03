"""The raw files of two invented shops, a coffee roaster and a hair salon. What reads them lies elsewhere."""

from nurture.shop.sample.salon import write_salon
from nurture.shop.sample.shop import write_shop

__all__ = ["write_salon", "write_shop"]
