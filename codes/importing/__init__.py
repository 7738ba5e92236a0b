"""Import what other services export: one reader for each format, and one importer."""
