"""What `waymark check` looks at."""
