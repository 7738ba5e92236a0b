"""Faults on purpose: the whole pipeline is started, loaded, broken in ways chosen from a seed, and counted."""
