"""What questions call the codes of a workspace: by id, folder, tag, domain, destination or label.

`Codes.attributes` makes one for a question, from the table of the workspace's codes and the names of its folders.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from codes.code_table import CodeTable
from schemas.code import Folder


class CodeAttributes:
    """Never changed, so threads may read it. `short_host` is the domain of codes without one of their own."""

    def __init__(self, table: CodeTable, folders: Iterable[Folder] = (), *, short_host: str = "") -> None:
        self.table = table
        self._folders = _folder_names(folders)
        self._short_host = short_host

    def groups(self, dimension: str) -> Mapping[str, Collection[int]]:
        """Value → the numbers of the codes that have it; those that have none are under ""."""
        match dimension:
            case "code":
                return _ById(self.table.by_id)
            case "code:folder":
                return _renamed(self.table.groups("folder_id"), lambda id: self._folders.get(id, ""))
            case "code:tag":
                return self.table.groups("tags")
            case "code:domain":
                return _renamed(self.table.groups("host"), lambda host: host or self._short_host)
            case "code:destination" | "code:label":
                return self.table.groups(dimension.partition(":")[2])
        raise KeyError(dimension)

    def id_of(self, number: int) -> str | None:
        row = self.table.rows.get(number)
        return None if row is None else row.id

    def ids_with_slug(self, slug: str) -> list[str]:
        """The ids of the codes with this slug, on whatever domain."""
        return [self.table.rows[number].id for number in self.table.groups("slug").get(slug, ())]

    def folder_name(self, id: str) -> str | None:
        """What the folder with this id is called here."""
        return self._folders.get(id)


class _ById(Mapping[str, tuple[int]]):
    """Groups of one code each, as a view: 100,000 codes need no list each."""

    def __init__(self, by_id: Mapping[str, int]) -> None:
        self._by_id = by_id

    def __getitem__(self, id: str) -> tuple[int]:
        return (self._by_id[id],)

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id)

    def __len__(self) -> int:
        return len(self._by_id)


def _renamed(groups: Mapping[str, Sequence[int]], name: Callable[[str], str]) -> dict[str, Sequence[int]]:
    found: dict[str, Sequence[int]] = {}
    for value, numbers in groups.items():
        named = name(value)
        found[named] = [*found[named], *numbers] if named in found else numbers
    return found


def _folder_names(folders: Iterable[Folder]) -> dict[str, str]:
    """Id → name. Names may repeat: those that do have the beginning of the id beside them."""
    found = list(folders)
    times = Counter(folder.name for folder in found)
    return {
        folder.id: folder.name if times[folder.name] == 1 else f"{folder.name} ({folder.id[:8]})" for folder in found
    }
