"""What a shop can set, and its reading from config.yaml and the environment."""

from .loading import DKIM_KEY_FILE, FILE_NAME, SECRETS, SettingsRead, in_doubt, load_settings, read_settings
from .model import Attribute, Cap, Closed, Dkim, Email, Hours, Line, Owner, Secrets, Settings, Shop, Web

__all__ = [
    "DKIM_KEY_FILE",
    "FILE_NAME",
    "SECRETS",
    "Attribute",
    "Cap",
    "Closed",
    "Dkim",
    "Email",
    "Hours",
    "Line",
    "Owner",
    "Secrets",
    "Settings",
    "SettingsRead",
    "Shop",
    "Web",
    "in_doubt",
    "load_settings",
    "read_settings",
]
