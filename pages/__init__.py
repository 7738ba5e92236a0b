"""What a scanner may see: small pages, whole and ready to be sent."""

from pages.notices import not_allowed, not_found, paused, unavailable
from pages.page import Page

__all__ = ["Page", "not_allowed", "not_found", "paused", "unavailable"]
