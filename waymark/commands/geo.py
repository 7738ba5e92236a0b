"""`waymark geo`: show, test and replace the geolocation database that is used when no edge gives a location."""

import os
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import click
import msgspec

from redirect.client_ip import packed
from redirect.geo import Location, describe, open_database
from waymark.commands import output
from waymark.commands.options import Unusable, data_flag, explained, json_flag, settings
from waymark.data_dir import DataDir
from waymark.setting_checks import wrong
from waymark.settings import Settings
from waymark.wiring import room_settings

# Addresses change hands: after a year, about one in ten is somewhere else.
OLD_DAYS = 365


@click.command("geo")
@click.argument("addresses", nargs=-1, metavar="[ADDRESS]...")
@click.option(
    "--take",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Copy this database (MaxMind's format, .mmdb) into the data folder and use it from the next start on.",
)
@click.option("--drop", is_flag=True, help="Go back to the bundled database of countries.")
@data_flag
@json_flag
@explained
def geo(addresses: tuple[str, ...], take: Path | None, drop: bool, data: Path | None, as_json: bool) -> None:
    """Show the geolocation database in use, its age, and where it locates each ADDRESS.

    The database is used for visitors whose location no edge gives (docs/countries.md).
    """
    found = settings(data=data)
    if take is not None or drop:
        _change(found, take)
    which = room_settings.geo_database(found)
    today = datetime.now(UTC).date()
    if not which:
        click.echo("database  none (WAYMARK_GEO_DATABASE=none): without an edge's headers, scans have no country")
        return
    about = describe(which)
    look_up = open_database(which)
    assert look_up is not None
    places = {address: look_up(_read(address)) for address in addresses}
    if as_json:
        age = (today - about.made).days if about.made else None
        output.as_json({**msgspec.structs.asdict(about), "age_days": age, "places": places})
        return
    click.echo(f"database  {about.name}: {about.holds}")
    click.echo(f"made      {_age(about.made, today)}")
    if about.credit:
        click.echo(f"credit    {about.credit}")
    for address, place in places.items():
        click.echo(f"{address}  {_said(place)}")


def _change(found: Settings, take: Path | None) -> None:
    folder = DataDir(found.data)
    folder.must_exist()
    if found.geo_database is not None:
        raise Unusable("WAYMARK_GEO_DATABASE already names the database: change or unset it")
    if take is None:
        folder.geo_database.unlink(missing_ok=True)
        click.echo("used from the next start on: the bundled database of countries", err=True)
        return
    if (reason := wrong("geo_database", take)) is not None:
        raise click.ClickException(reason)
    # Renamed when complete.
    unfinished = folder.geo_database.with_suffix(".unfinished")
    try:
        shutil.copyfile(take, unfinished)
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        unfinished.replace(folder.geo_database)
    except OSError as error:
        raise Unusable(f"{folder.geo_database} cannot be written: {error.strerror}") from None
    finally:
        unfinished.unlink(missing_ok=True)
    click.echo(f"used from the next start on: {folder.geo_database}", err=True)


def _read(address: str) -> bytes:
    raw = packed(address)
    if raw is None:
        raise click.ClickException(f"{address} is no address")
    return raw


def _age(made: date | None, today: date) -> str:
    if made is None:
        return "unknown"
    days = (today - made).days
    old = ": outdated, install a newer one (docs/countries.md)" if days > OLD_DAYS else ""
    return f"{made}, {days} days ago{old}"


def _said(place: Location) -> str:
    return ", ".join(part for part in (place.country, place.region, place.city) if part) or "nowhere"
