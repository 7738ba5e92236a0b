"""Questions to the warehouse: over a window, zero-filled, and exact."""
