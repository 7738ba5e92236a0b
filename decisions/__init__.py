"""Where a scan leads: pure functions of a route and a scan."""
