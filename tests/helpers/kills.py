"""Kills nights: starts `bluum sync` in a process of its own, ends it by SIGKILL, and says what came of it.

    Zygote --fork--> victim (cli.main.main, against the sandbox of this process) --SIGKILL--> the next one

Used by test_kills.py and bench/kills.py. The processes are zygote.py's, comparing is differences.py's.
"""

import os
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from helpers.faulty import Sandbox
from helpers.house import target
from helpers.lakes import Catalog, Place, rows
from helpers.zygote import PATIENCE, Zygote, is_alive, processes_below

_POLL = 0.005
_BATCH_SECONDS = 0.25


@dataclass
class Report:
    """What a series of kills came to."""

    kills: Counter[str] = field(default_factory=Counter)  # by the stage in which they struck
    starts: int = 0
    requests: int = 0
    repeated: Counter[str] = field(default_factory=Counter)  # asked again although a committed batch had answered
    complaints: list[str] = field(default_factory=list)


class Slaughter:
    """Nights of one sandbox into one data folder, or into a lake."""

    def __init__(
        self,
        sandbox: Sandbox,
        data_dir: Path,
        zygote: Zygote,
        seed: int = 1,
        log: Callable[[str], None] = print,
        catalog: Catalog | None = None,
    ) -> None:
        self.sandbox = sandbox
        self.data_dir = data_dir
        self.zygote = zygote
        self.random = random.Random(seed)
        self.log = log
        self.catalog = catalog
        self.report = Report()
        self._built = False  # whether this start's dbt has been seen
        self._committed: set[str] = set()
        self._began = self._began_asking = 0.0  # when the newest start was made: wall clock, and the sandbox's monotonic one
        self._orphans: set[tuple[str, str]] = set()  # packages that an earlier start has left
        self._targets: dict[str, str] = {}  # request id -> what it asked
        self._length = {"ask": 5.0, "build": 8.0}  # seconds; the second is measured again with every start that finishes

    # ------------------------------------------------------------- one start

    @property
    def environment(self) -> dict[str, str]:
        return {
            "BLUUM_BASE_URL": self.sandbox.base_url,
            "BLUUM_API_KEY": self.sandbox.key,
            "BLUUM_API_SECRET": self.sandbox.secret,
            "BLUUM_DATA_DIR": str(self.data_dir),
            "BLUUM_RATE_LIMIT": "0",
            **(self.catalog.environment if self.catalog else {}),
        }

    @property
    def place(self) -> Place:
        """What `differences` compares: the folder, or the lake."""
        return self.catalog.lake() if self.catalog else self.data_dir

    @property
    def output(self) -> str:
        path = self.data_dir.with_suffix(".out")
        return path.read_text() if path.exists() else ""

    def finish(self) -> int:
        """One start that nobody disturbs."""
        self.start()
        return self.zygote.wait()

    def start(self) -> int:
        self.report.starts += 1
        self._began, self._began_asking = time.time(), time.monotonic()
        self._orphans, self._built = set(self._packages()), False
        self.sandbox.requests.clear()
        env, output = {**os.environ, **self.environment}, self.data_dir.with_suffix(".out")
        return self.zygote.start("sync", env=env, output=output, batch_seconds=_BATCH_SECONDS)

    def night(self, kills: int) -> None:
        """Kill so many starts of one night, then let one finish."""
        self._committed.clear()  # another night asks the same questions anew
        done, in_asking = 0, kills * 2 // 3
        for _ in range(4 * kills):  # a start may be over before its moment comes
            if done < in_asking:
                moment = self._while_asking()
            else:
                moment = self._while_publishing if done == kills - 1 else self._while_building()
            done += self._kill(moment)
            if done == kills:
                break
        began = time.monotonic()
        code = self.finish()
        self._length["build"] = time.monotonic() - began
        self._account_for()
        self.log(f"{self._length['build']:5.1f} s, {self.sandbox.requests.total:3} requests, finished with {code}")
        if code != 0:
            self.report.complaints.append(f"the start that nobody disturbed ended with {code}: {self.output[-2000:]}")

    def _kill(self, moment: Callable[[int], str]) -> bool:
        began, pid = time.monotonic(), self.start()
        stage = moment(pid)
        if stage != "over":
            os.kill(pid, signal.SIGKILL)
        code = self.zygote.wait()
        if code == -signal.SIGKILL:
            self.report.kills[stage] += 1
        elif code != 0:
            self.report.complaints.append(f"a start ended with {code} by itself: {self.output[-2000:]}")
        self._account_for()
        took = time.monotonic() - began
        asked, held = self.sandbox.requests.total, len(self._committed)
        self.log(f"{took:5.1f} s, {asked:3} requests, {held:3} held, {stage}")
        if stage == "over":
            self._length["build"] = took
        return code == -signal.SIGKILL

    # ------------------------------------------------------------- when to kill

    def _while_asking(self) -> Callable[[int], str]:
        """Between the first request and some way into the loads."""
        wait = self.random.uniform(0, self._length["ask"])

        def moment(pid: int) -> str:
            self.until(pid, lambda: self.sandbox.requests.total > 0)
            end = time.monotonic() + wait
            self.until(pid, lambda: time.monotonic() > end)
            return self.stage(pid)

        return moment

    def _while_building(self) -> Callable[[int], str]:
        """Anywhere in the whole length of a start: mostly in dbt, which is most of it once all is answered."""
        wait = self.random.uniform(0, self._length["build"])

        def moment(pid: int) -> str:
            end = time.monotonic() + wait
            self.until(pid, lambda: time.monotonic() > end)
            return self.stage(pid)

        return moment

    def _while_publishing(self, pid: int) -> str:
        """While the readers' next file is being built, or within a second after a lake's models."""
        began = time.monotonic()
        self.until(pid, lambda: self.stage(pid) == "publish")
        self._length["build"] = time.monotonic() - began
        if self.catalog:
            end = time.monotonic() + self.random.uniform(0, 1)
            self.until(pid, lambda: time.monotonic() > end)
        return self.stage(pid)

    @staticmethod
    def until_so(is_so: Callable[[], bool]) -> None:
        """Wait for something that has to come."""
        deadline = time.monotonic() + PATIENCE
        while not is_so():
            assert time.monotonic() < deadline, "it did not come"
            time.sleep(_POLL)

    def until(self, pid: int, is_so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not is_so() and is_alive(pid) and time.monotonic() < deadline:
            time.sleep(_POLL)

    def stage(self, pid: int) -> str:
        """Where the victim is, by what it has left on the disk."""
        if not is_alive(pid):
            return "over"
        if self._is_publishing():
            return "publish"
        if any("build" in child for child in _children(pid)):
            self._built = True
            return "dbt"
        if self.catalog and self._built:
            return "publish"
        if not self.sandbox.requests.total:
            return "start and sweep"
        return next((stage for stage, package in self._packages() if (stage, package) not in self._orphans), "ask")

    def _is_publishing(self) -> bool:
        try:
            begun = (self.data_dir / "bi.duckdb.building").stat().st_mtime
            return begun > self._began  # an older one is what a kill has left
        except FileNotFoundError:
            return False

    def _packages(self) -> Iterator[tuple[str, str]]:
        """Packages of dlt on their way, the furthest first, with the stage they are in."""
        packages = self.data_dir / "dlt" / "pipelines" / "bluum_warehouse"
        for stage, folder in (("load", "load/normalized"), ("normalize", "normalize/extracted"), ("extract", "normalize")):
            yield from ((stage, name) for name in _named_by_number(packages / folder))

    # ------------------------------------------------------------- what was repeated

    def _account_for(self) -> None:
        """Compare what this start asked with what was committed before it, then read what is committed now."""
        # The sandbox notes a request when it answers: one of the start before, on its way when the kill came, is not ours.
        entries = [entry for entry in self.sandbox.requests.entries if entry.monotonic > self._began_asking]
        asked = Counter(target(entry) for entry in entries)
        self.report.requests += len(entries)
        again = asked & Counter(dict.fromkeys(self._committed, len(entries)))
        if set(asked) == {"/v1/accounts"} and sum(asked.values()) == 1:
            again = Counter()  # a night that is complete is asked for its date alone
        self.report.repeated += again
        self._targets.update({entry.request_id: target(entry) for entry in entries})
        held = self._held_now()
        if held is not None:
            self._committed = {self._targets[request_id] for request_id in held if request_id in self._targets}

    def _held_now(self) -> set[str] | None:
        """Request ids with a committed good answer. Read from a copy: the file itself is the next start's."""
        query = """
            select request_id from raw.responses where outcome in ('ok', 'absent', 'disabled')
            and _dlt_load_id in (select load_id from raw._dlt_loads where status = 0) and as_of_date = ?
        """
        try:
            found = rows(self.catalog.lake() if self.catalog else self._copy(), query, self.sandbox.clock.market_date())
        except duckdb.Error:
            return None  # dbt outlived its parent and is writing, or nothing is there yet: what was known still holds
        return {request_id for (request_id,) in found}

    def _copy(self) -> Path:
        path, copy = self.data_dir / "warehouse.duckdb", self.data_dir.with_suffix(".copy")
        copy.mkdir(exist_ok=True)
        for name in (path.name, path.name + ".wal"):
            (copy / name).unlink(missing_ok=True)
            if (self.data_dir / name).exists():
                shutil.copyfile(self.data_dir / name, copy / name)
        if (copy / path.name).exists():
            duckdb.connect(str(copy / path.name)).close()  # what a kill has left in the log is taken in
        return copy / path.name


def _children(pid: int) -> Iterable[list[str]]:
    try:
        children = processes_below(pid)
        return [Path(f"/proc/{child}/cmdline").read_text().split("\0") for child in children]
    except OSError:
        return []


def _named_by_number(folder: Path) -> list[str]:
    """The packages in a folder of dlt's, which may take it away meanwhile."""
    try:
        return [path.name for path in folder.iterdir() if path.name[0].isdigit() and path.is_dir()]
    except FileNotFoundError:
        return []
