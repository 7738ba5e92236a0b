"""The `waymark` command. Each subcommand's module is loaded on use, so a redirector does not load what the audit
needs."""

from importlib import import_module

import click

from infra.version import VERSION

# Subcommand → its module in waymark.commands, and its name there.
_SUBCOMMANDS = {
    "up": ("run", "up"),
    "demo": ("demo", "demo"),
    "workspace": ("keys", "workspace"),
    "key": ("keys", "key"),
    "mcp": ("mcp", "mcp"),
    "export": ("export", "export_"),
    "import": ("import_", "import_"),
    "backup": ("backup", "backup"),
    "restore": ("backup", "restore_"),
    "stats": ("stats", "stats"),
    "audit": ("warehouse", "audit"),
    "rebuild": ("warehouse", "rebuild_"),
    "skip": ("warehouse", "skip"),
    "migrate": ("warehouse", "migrate_"),
    "status": ("warehouse", "status"),
    "check": ("check", "check"),
    "geo": ("geo", "geo"),
    "redirect": ("run", "redirect"),
    "ingest": ("run", "ingest"),
    "aggregate": ("run", "aggregate"),
    "api": ("run", "api"),
    "core": ("run", "core"),
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _SUBCOMMANDS:
            return None
        module, name = _SUBCOMMANDS[cmd_name]
        command: click.Command = getattr(import_module(f"waymark.commands.{module}"), name)
        return command


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, prog_name="waymark")
def main() -> None:
    """Dynamic QR codes and short links that count every scan exactly once.

    Start with: waymark up
    """
