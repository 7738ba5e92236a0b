"""The checks of `waymark check`."""
