"""Shared by benches, drills, load tests and tests: a launcher of `waymark up`, scanning clients and their headers."""
