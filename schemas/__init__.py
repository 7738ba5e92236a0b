"""What crosses a boundary between two rooms: shapes, names and tables, and nothing that acts on them."""
