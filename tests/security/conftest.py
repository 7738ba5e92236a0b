"""The API's own fixtures: one chDB for each module, one empty Redis for each test."""

from tests.api.conftest import api, warehouse

__all__ = ["api", "warehouse"]
