"""Fault injection: start the whole pipeline, load it, break it by a seeded schedule, and count the scans."""
