"""A ClickHouse server for tests and drills: its HTTP interface, answered by chDB, and a proxy that breaks requests."""
