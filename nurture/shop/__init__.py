"""What `init` puts into a new shop folder."""

from nurture.shop.starting import KINDS, kind_folder, start

__all__ = ["KINDS", "kind_folder", "start"]
