"""`waymark stats`: what it asks, and how it draws the answers."""
