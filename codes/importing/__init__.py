"""Bringing in what other services export: a reader for each format, and one importer."""
