"""The subcommands of `waymark`."""
