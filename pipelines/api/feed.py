"""Hands the rows of batches out to whoever pulls a table, however many pull and in whichever order.

    batches --taken when a buffer is empty--> buffers, one a table --> the puller of that table

Knows neither dlt nor what a row is. Rows of one answer come in one batch, so what is pulled to its end holds answers whole.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field

from pipelines.api.parse import Batch
from pipelines.schema.rows import Rows


@dataclass
class _Round:
    """One reading of the batches, for the tables that are wanted; rows of others are dropped."""

    batches: Generator[Batch, None, None]
    wanted: frozenset[str]
    joined: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    buffers: dict[str, deque[Rows]] = field(default_factory=dict)
    is_read: bool = False  # there is no further batch
    is_over: bool = False  # nobody can join any more

    def rows(self, table: str) -> Iterator[Rows]:
        """The table's rows, batch by batch; none of them where a batch names the table and has no row of it."""
        self.joined.add(table)
        buffer = self.buffers.setdefault(table, deque())
        try:
            while True:
                while buffer:
                    yield buffer.popleft()
                batch = next(self.batches, None)
                if batch is None:
                    self.is_read = True
                    return
                for name in batch.rows.keys() & self.wanted - self.left:
                    self.buffers.setdefault(name, deque()).append(batch.rows.pop(name))  # whoever pulls lets go of it, too
        finally:
            self._leave(table)

    def _leave(self, table: str) -> None:
        self.left.add(table)
        self.buffers.pop(table, None)
        if self.left >= self.joined and not self.is_read:  # all were closed: what they would have pulled is not asked for
            self.is_over = True
            self.batches.close()


@dataclass
class Feed:
    """What all pullers share. `open_batches` begins a reading for these tables, when the first of them is pulled."""

    open_batches: Callable[[frozenset[str]], Generator[Batch, None, None]]
    _round: _Round | None = None

    def pull(self, table: str, selected: frozenset[str]) -> Iterator[Rows]:
        """The rows of one table, batch by batch. `selected` are the tables that are pulled together with it.

        A table that is pulled once more, or was not among those selected, begins another reading.
        """
        current = self._round
        if current is None or current.is_over or table in current.joined or table not in current.wanted:
            wanted = selected | {table}
            current = self._round = _Round(self.open_batches(wanted), wanted)
        yield from current.rows(table)
