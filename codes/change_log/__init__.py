"""The change log: a second durable copy of what Redis is the record of, from which an empty Redis is made whole."""
