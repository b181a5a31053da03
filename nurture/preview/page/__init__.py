"""The foresight as one self-contained page for a browser."""

from .html import as_html

__all__ = ["as_html"]
