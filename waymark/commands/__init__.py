"""The subcommands of `waymark`, a module for each kind."""
