"""Clients and plumbing that every room may use: the warehouse, object storage, metrics, queues. Knows no room but
schemas."""
