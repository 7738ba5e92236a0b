"""What two rooms share: data shapes, names and tables, and nothing that acts on them."""
