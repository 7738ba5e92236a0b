"""The one world of this process's users."""

from loadtest.world import World

WORLD = World()
