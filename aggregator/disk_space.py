"""Room on the warehouse's disk: below a floor nothing is inserted, until there is room again.

A disk that runs full in the middle of an insert or a merge is the engine's worst case: writes are cut short wherever
they are. So the aggregator looks before it begins, and waits; the scans stay where they are, on the bus. Merges go on
below the floor (the engine asks for their room by itself), and free what they replace.
"""

from clickhouse_connect.driver.client import Client

from infra import cluster

# Of the disks on which `scans` may lie, the one with the most room: that is where the engine writes. On a cluster, that
# of the fullest server that answers.
_FREE = """
SELECT room.1, room.2 FROM (
    SELECT max((unreserved_space, total_space)) AS room FROM {disks} WHERE name IN (
        SELECT arrayJoin(disks) FROM system.storage_policies WHERE policy_name IN (
            SELECT storage_policy FROM system.tables WHERE database = {database} AND name = '{table}'))
    GROUP BY hostName())
ORDER BY room LIMIT 1
"""
_BROKEN = "SELECT count() FROM {parts} WHERE database = {database} AND startsWith(reason, 'broken')"


class NoRoom(OSError):
    """The disk is nearly full. It is over by itself when there is room."""


class DiskSpace:
    """Used in the warehouse's thread, and read in any. A floor of 0 is none."""

    def __init__(self, floor: int) -> None:
        self.free: int | None = None
        self.size = 0
        # Parts that the engine found broken and set aside.
        self.broken = 0
        self._floor = floor

    @property
    def short(self) -> bool:
        return self.free is not None and self.free < self._floor

    def look(self, client: Client) -> None:
        query = _FREE.format(
            disks=cluster.system(client, "disks"),
            database=cluster.database(client),
            table=cluster.part_name(client, "scans"),
        )
        ((free, size),) = client.query(query, settings=cluster.THOSE_THERE).result_rows
        self.free, self.size = int(free), int(size)

    def look_closely(self, client: Client) -> None:
        self.look(client)
        query = _BROKEN.format(parts=cluster.system(client, "detached_parts"), database=cluster.database(client))
        self.broken = int(client.query(query, settings=cluster.THOSE_THERE).result_rows[0][0])

    def require(self, client: Client) -> None:
        """Raises NoRoom, always in the same words."""
        if not self._floor:
            return
        self.look(client)
        if self.short:
            raise NoRoom(f"less than {self._floor >> 20} MiB are free on the warehouse's disk (WAYMARK_WAREHOUSE_FREE)")
