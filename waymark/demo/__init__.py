"""The data of `waymark demo`."""
