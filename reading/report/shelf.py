"""Where reports stand: a folder a night, a link to the newest that changes in one step, and how many are kept.

    reports/.building --what pages.py writes--> reports/2022-06-15 <-- report (a symbolic link)

A reader of `report` never meets half a report. Files have the permissions of bi.duckdb, folders let the same people in.
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from pipelines.settings import Settings
from reading.report.names import account_file

_NIGHT = re.compile(r"(\d{4}-\d\d-\d\d|no-night)(?:\.(\d+))?")


class Shelf:
    """The reports of one data folder."""

    def __init__(self, settings: Settings) -> None:
        self.root = settings.folder / "reports"
        self.link = settings.folder / "report"
        self._file_mode = int(settings.bi_file_mode, 8)
        self._keep = settings.keep_reports

    @contextmanager
    def building(self) -> Iterator[Path]:
        """An empty folder to write a report into; gone again if that fails. Raises OSError."""
        if self.link.exists() and not self.link.is_symlink():
            raise FileExistsError(f"{self.link} is no link that a report may replace; move it away")
        folder = self.root / ".building"
        self.root.mkdir(parents=True, exist_ok=True)
        _remove(folder)  # of a report that was killed
        folder.mkdir(mode=0o700)  # nobody else reads what is not whole; `put` opens it
        try:
            yield folder
        finally:
            _remove(folder)

    def put(self, building: Path, night: date | None) -> Path:
        """Let `report` lead to a report, and drop what is kept no more. Returns its folder. Raises OSError."""
        self._open_to_readers(building)
        name = f"{night}" if night else "no-night"
        numbers = [number for held, number in self._held() if held == name]
        place = self.root / (f"{name}.{max(numbers) + 1}" if numbers else name)
        building.rename(place)
        self._lead_to(place)
        self._forget(place)
        return place

    def put_aside(self, building: Path, account_id: str) -> Path:
        """Put the pages of one account in the place of those made for it before. Returns their folder. Raises OSError."""
        self._open_to_readers(building)
        place = self.root / Path(account_file(account_id)).with_suffix("")
        place.parent.mkdir(exist_ok=True)
        place.parent.chmod(self._folder_mode)
        _remove(place)
        building.rename(place)
        return place

    @property
    def _folder_mode(self) -> int:
        """Whoever may read the files may pass through their folders."""
        return self._file_mode | (self._file_mode & 0o444) >> 2 | 0o700

    def _open_to_readers(self, building: Path) -> None:
        for path in building.rglob("*"):
            path.chmod(self._folder_mode if path.is_dir() else self._file_mode)
        for folder in (building, self.root):
            folder.chmod(self._folder_mode)

    def _lead_to(self, place: Path) -> None:
        fresh = self.root / ".report"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(place.relative_to(self.link.parent))
        os.replace(fresh, self.link)  # one step: whoever opens it meets the old report or the new one

    def _held(self) -> list[tuple[str, int]]:
        """The reports that are kept: night, and the how manyth of it."""
        found = [_NIGHT.fullmatch(path.name) for path in self.root.iterdir()]
        return [(match[1], int(match[2] or 1)) for match in found if match]

    def _forget(self, newest: Path) -> None:
        """Drop all but the last report of each night, and all but so many nights; never the newest made."""
        last = dict(sorted(self._held()))
        kept = sorted(night for night in last if night != "no-night")[-max(1, self._keep) :]
        for night, number in self._held():
            place = self.root / (night if number == 1 else f"{night}.{number}")
            if place != newest and (number != last[night] or night not in kept) and not _holds_data(place):
                _remove(place)


def _holds_data(folder: Path) -> bool:
    """Whether a database lies in it: then it is no report, whatever it is called."""
    return any(folder.rglob("*.duckdb"))


def _remove(folder: Path) -> None:
    """Remove a report. Raises FileExistsError, and removes nothing, if there is a database in it."""
    if _holds_data(folder):
        raise FileExistsError(f"{folder} holds a database, so it is no report that may be removed; move it away")
    shutil.rmtree(folder, ignore_errors=True)
