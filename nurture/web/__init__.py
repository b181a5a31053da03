"""The public endpoints: the opt-out page, the page that links a LINE account, LINE's webhook, and health."""

from .app import make_app
from .serving import serve

__all__ = ["make_app", "serve"]
