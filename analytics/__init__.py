"""Analytics: exact, zero-filled answers from the warehouse."""
