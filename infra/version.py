"""The version of this Waymark, for the API's description, logs, `waymark --version` and the package.

A constant, so that a tree that was never installed knows it too. `pyproject.toml` takes it from here.
"""

VERSION = "0.2.0"
