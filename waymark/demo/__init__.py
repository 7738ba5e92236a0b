"""The data of `waymark demo`: a business that does not exist, and who scanned its codes."""
