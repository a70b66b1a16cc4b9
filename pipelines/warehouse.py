"""The raw tables in DuckDB: loading them with dlt, exactly once, and the questions a sync has about them.

    Landing --Arrow--> one dlt package --commit (_dlt_loads)--> raw.*

dlt commits per table, not per package: a row counts once its load stands in `_dlt_loads`. So `sweep` first deletes what
never committed; after it, every row of raw.* counts. What is true among them is decided in sql/, not here.
"""

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from pipelines.answers import Landing
from pipelines.endpoints import Request
from pipelines.errors import WarehouseUnusable
from pipelines.rows import Row
from pipelines.tables import TABLES

DATASET = "raw"
_COMMITTED = f"select load_id from {DATASET}._dlt_loads where status = 0"
_GOOD = "('ok', 'absent', 'disabled')"


@dataclass(frozen=True)
class Figures:
    """What one run came to: HTTP requests sent, how many of them again, how many answered 429, and rows per raw table."""

    requests: int
    retries: int
    rate_limited: int
    rows: Mapping[str, int]


@dataclass(frozen=True)
class Standing:
    """How complete a night is."""

    accounts_expected: int
    accounts_landed: int  # with every question answered and no row quarantined
    missing: list[tuple[str, str | None, str | None, str]]  # keys of the requests without a good answer
    quarantined: list[tuple[str, str | None, str, str, str, int]]  # endpoint, account_id, table, field, reason, rows


class Warehouse:
    """The pipeline's own DuckDB file. One process at a time may hold it: see `lock.py`."""

    def __init__(self, path: Path, patience: float = 60) -> None:
        self.path = path
        self.patience = patience  # seconds to wait for another process to let go of the file
        self._pipeline: Any = None

    @contextmanager
    def connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection for a moment; nobody keeps one open, since dlt and dbt open the same file."""
        try:
            connection = self._open()
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            raise WarehouseUnusable(f"{self.path} cannot be opened, and was left as it is: {reason}") from error
        try:
            connection.execute("set TimeZone = 'UTC'")
            yield connection
        finally:
            connection.close()

    def _open(self) -> duckdb.DuckDBPyConnection:
        # A sync that was killed may leave its dbt running for a moment, and dbt then holds the file.
        retrying = Retrying(
            retry=retry_if_exception(lambda error: "Could not set lock" in str(error)),
            stop=stop_after_delay(self.patience),
            wait=wait_fixed(0.25),
            reraise=True,
        )
        return retrying(duckdb.connect, str(self.path))

    def sweep(self) -> None:
        """Delete the rows of loads that never committed, and what dlt has pending of them."""
        held = self._tables()
        if not held:
            return
        committed = _COMMITTED if "_dlt_loads" in held else "select null where false"
        with self.connect() as connection:
            for name in held & TABLES.keys():
                connection.execute(f"delete from {DATASET}.{name} where _dlt_load_id not in ({committed})")
        pipeline = self._dlt()
        if pipeline.has_pending_data:
            pipeline.abort_packages()

    def load(self, landing: Landing) -> None:
        """Load one batch as one package. When this returns, all of it counts; before, none of it does."""
        import dlt

        pipeline = self._dlt()
        is_new = not self._tables() >= TABLES.keys()
        resources = [
            dlt.resource(
                [pa.Table.from_pylist(landing.rows.get(name, []), schema=table.schema)],
                name=name,
                write_disposition="append",
                schema_contract={"tables": "evolve", "columns": "evolve", "data_type": "freeze"},
            )
            for name, table in TABLES.items()
            if is_new or landing.rows.get(name)
        ]
        pipeline.run(resources).raise_on_failed_jobs()

    def drop_old_bodies(self, before: date) -> None:
        """Empty the bodies of nights before a day; their typed rows stay."""
        with self.connect() as connection:
            connection.execute(
                f"update {DATASET}.responses set body = null where as_of_date < ? and body is not null", [before]
            )

    def newest_night(self) -> date | None:
        """The last night that anything was landed for."""
        night: date | None = self._one(f"select max(as_of_date) from {DATASET}.responses")
        return night

    def last_sequence(self, night: date) -> int:
        """The sequence number of the night's last response; 0 when it has none."""
        last = self._one(f"select max(response_id) from {DATASET}.responses where as_of_date = ?", night)
        return int(last.partition("-")[2]) if last else 0

    def answered(self, night: date) -> set[tuple[str, str | None, str | None, str]]:
        """Keys of the requests that have a good answer tonight."""
        return set(
            self._all(
                f"""
                select endpoint, account_id, portfolio_id, max(params) filter (where page = 0)
                from {DATASET}.responses where as_of_date = ?
                group by answer_id, endpoint, account_id, portfolio_id
                having bool_and(outcome in {_GOOD})
                """,
                night,
            )
        )

    def planned(self, night: date, surface: str | None = None) -> list[Request]:
        """What the night's answers, on this surface or any, told us to ask, in the order they told it."""
        rows = self._all(
            f"""
            select plan.endpoint, plan.account_id, plan.portfolio_id, plan.params
            from {DATASET}.plan as plan
            join {DATASET}.responses as responses using (response_id)
            where plan.as_of_date = ? and responses.surface = coalesce(?, responses.surface)
            group by all order by min(plan.response_id), min(plan.rowid)
            """,
            night,
            surface,
        )
        return [Request(endpoint, account, portfolio, json.loads(params)) for endpoint, account, portfolio, params in rows]

    def held_policies(self) -> frozenset[tuple[str, int]]:
        """(account_id, version) of every published policy version whose body has landed."""
        published = "lower(status) is distinct from 'draft'"
        return frozenset(self._all(f"select distinct account_id, version from {DATASET}.policy_versions where {published}"))

    def closed_before(self, night: date) -> frozenset[str]:
        """Accounts that an earlier night has seen closed, with all of its questions about them answered."""
        rows = self._all(
            f"""
            with closed as (
                select distinct account_id, as_of_date from {DATASET}.accounts
                where lower(status) = 'closed' and as_of_date < ?
            ),
            asked as (
                select plan.account_id, plan.as_of_date, bool_or(responses.outcome in {_GOOD}) as is_answered
                from {DATASET}.plan as plan
                join closed using (account_id, as_of_date)
                left join {DATASET}.responses as responses
                    on responses.as_of_date = plan.as_of_date and responses.account_id = plan.account_id
                    and responses.endpoint = plan.endpoint and responses.params = plan.params
                    and responses.portfolio_id is not distinct from plan.portfolio_id
                group by plan.account_id, plan.as_of_date, plan.endpoint, plan.portfolio_id, plan.params
            )
            select account_id from asked group by account_id, as_of_date having bool_and(coalesce(is_answered, false))
            """,
            night,
        )
        return frozenset(account_id for (account_id,) in rows)

    def newest_roster(self) -> list[tuple[str, date | None]]:
        """(account_id, opened_on) of the newest good roster."""
        return self._all(
            f"""
            select account_id, max(opened_on) from {DATASET}.accounts
            where as_of_date = (select max(as_of_date) from {DATASET}.accounts)
            group by account_id order by min(rowid)
            """
        )

    def observed_pnl(self, backfilled_on: date | None = None) -> set[tuple[str, date]]:
        """(account_id, end date) of every P&L report with a good answer; or of those that a night's backfill asked for."""
        return set(
            self._all(
                f"""
                select distinct account_id, cast(json_extract_string(params, '$.end_date') as date)
                from {DATASET}.responses where endpoint in ('pnl', 'pnl_backfill') and outcome in {_GOOD}
                and ($1 is null or (endpoint = 'pnl_backfill' and as_of_date = $1))
                """,
                backfilled_on,
            )
        )

    def roster_size(self, before: date) -> int:
        """How many accounts the newest good roster of an earlier night had."""
        return int(
            self._one(
                f"""
                select count(distinct account_id) from {DATASET}.accounts where as_of_date = (
                    select max(as_of_date) from {DATASET}.accounts where as_of_date < ?
                )
                """,
                before,
            )
            or 0
        )

    def missed_pnl(self, night: date, most: int, closed: frozenset[str]) -> dict[str, tuple[date, ...]]:
        """End dates between an account's first P&L report and tonight that no report answers, the newest `most` of all.

        A date counts as missed if it is a weekday, or any day on which a sync ran; of `closed` accounts none does.
        """
        rows = self._all(
            f"""
            with observed as (
                select distinct account_id, cast(json_extract_string(params, '$.end_date') as date) as end_date
                from {DATASET}.responses where endpoint in ('pnl', 'pnl_backfill') and outcome in {_GOOD}
            ),
            roster as (
                select account_id from {DATASET}.accounts
                where as_of_date = (select max(as_of_date) from {DATASET}.accounts)
            ),
            first_ones as (
                select account_id, min(end_date) as first_date from observed
                where account_id in (select account_id from roster) and not list_contains(?, account_id) group by account_id
            ),
            nights as (select distinct as_of_date from {DATASET}.responses where endpoint = 'accounts'),
            days as (
                select cast(day as date) as day
                from generate_series(
                    (select min(first_date) from first_ones), cast(? as date) - interval 1 day, interval 1 day
                ) as series(day)
                where isodow(day) < 6 or cast(day as date) in (select as_of_date from nights)
            )
            select account_id, day from first_ones join days on day > first_date
            where not exists (
                select 1 from observed where observed.account_id = first_ones.account_id and observed.end_date = day
            )
            order by day desc, account_id limit ?
            """,
            sorted(closed),
            night,
            most,
        )
        missed: dict[str, list[date]] = {}
        for account_id, day in rows:
            missed.setdefault(account_id, []).append(day)
        return {account_id: tuple(days) for account_id, days in missed.items()}

    def standing(self, night: date, only: frozenset[str] = frozenset()) -> Standing:
        """How complete a night is, for these accounts or for all."""
        asked = {request.key for request in self.planned(night) if not only or request.account_id in only}
        missing = sorted(asked - self.answered(night), key=str)
        expected = {account_id for _, account_id, _, _ in asked}
        quarantined = self._all(
            f"""
            select endpoint, account_id, table_name, field, reason, count(*) from {DATASET}.quarantine
            where as_of_date = ? group by all order by all
            """,
            night,
        )
        troubled = {account_id for _, account_id, _, _ in missing} | {row[1] for row in quarantined}
        return Standing(
            len(expected), len(expected - troubled), missing, [row for row in quarantined if not only or row[1] in only]
        )

    def kept_answers(self, chunk: int, *, troubled_only: bool) -> Iterator[list[dict[str, Any]]]:
        """The readable answers whose bodies are all kept, `chunk` at a time, the pages of one standing together.

        `troubled_only`: those with rows in quarantine, or rejected for their shape. A rejected roster is left alone: it was
        rejected for what it would have concluded, not because it could not be read.
        """
        troubled = f"""
            having bool_or(response_id in (select response_id from {DATASET}.quarantine)) or bool_or(outcome = 'rejected')
        """
        answers = [
            answer_id
            for (answer_id,) in self._all(
                f"""
                with readable as (
                    select answer_id from {DATASET}.responses group by answer_id
                    having bool_and(body is not null and status between 200 and 299)
                    and not bool_or(endpoint = 'accounts' and outcome = 'rejected')
                )
                select answer_id from {DATASET}.responses where answer_id in (select answer_id from readable)
                group by answer_id {troubled if troubled_only else ""} order by answer_id
                """
            )
        ]
        for start in range(0, len(answers), chunk):
            with self.connect() as connection:
                yield (
                    connection.execute(
                        f"select * from {DATASET}.responses where answer_id in (select unnest(?)) order by answer_id, page",
                        [answers[start : start + chunk]],
                    )
                    .to_arrow_table()
                    .to_pylist()
                )

    def replace(self, landing: Landing, log: list[Row]) -> None:
        """Put these rows in the place of all that the same responses gave before, in one transaction and as one load."""
        load_id = repr(time.time())
        with self.connect() as connection:
            connection.execute("begin")
            connection.register("log", pa.Table.from_pylist(log, schema=TABLES["responses"].schema))
            for name, table in TABLES.items():
                if name in ("responses", "plan"):
                    continue
                connection.execute(f"delete from {DATASET}.{name} where response_id in (select response_id from log)")
                rows = pa.Table.from_pylist(landing.rows.get(name, []), schema=table.schema)
                connection.register("fresh", rows)
                connection.execute(f"insert into {DATASET}.{name} by name select *, '{load_id}' as _dlt_load_id from fresh")
            connection.execute(
                f"""
                update {DATASET}.responses as responses
                set outcome = log.outcome, row_count = log.row_count, error_message = log.error_message,
                    _dlt_load_id = '{load_id}'
                from log where responses.response_id = log.response_id
                and (responses.outcome, responses.row_count) is distinct from (log.outcome, log.row_count)
                """
            )
            connection.execute(
                f"""
                insert into {DATASET}._dlt_loads (load_id, schema_name, status, inserted_at, schema_version_hash)
                select '{load_id}', schema_name, 0, now(), schema_version_hash from {DATASET}._dlt_loads
                order by inserted_at desc limit 1
                """
            )
            connection.execute("commit")

    def figures(self, run_id: str) -> Figures:
        """What one run landed."""
        requests, retries, limited = (
            self._all(
                f"""
            select coalesce(sum(attempts), 0), coalesce(sum(attempts - 1), 0), coalesce(sum(rate_limited), 0)
            from {DATASET}.responses where run_id = ?
            """,
                run_id,
            )[0]
            if self._tables()
            else (0, 0, 0)
        )
        rows = {}
        for name in TABLES:
            ids = f"select response_id from {DATASET}.responses where run_id = ?"
            query = f"select count(*) from {DATASET}.{name} where response_id in ({ids})"
            rows[name] = self._one(query, run_id) or 0
        return Figures(int(requests), int(retries), int(limited), rows)

    def _tables(self) -> set[str]:
        if not self.path.exists():
            return set()
        with self.connect() as connection:
            return _tables_in(connection)

    def _all(self, query: str, *values: object) -> list[Any]:
        if not self.path.exists():
            return []
        with self.connect() as connection:
            if not _tables_in(connection) >= TABLES.keys():
                return []  # before the first load there is nothing to know
            rows: list[Any] = connection.execute(query, values).fetchall()
        return rows

    def _one(self, query: str, *values: object) -> Any:
        rows = self._all(query, *values)
        return rows[0][0] if rows else None

    def _dlt(self) -> Any:
        if self._pipeline is None:
            folder = self.path.parent / "dlt"
            os.environ["DLT_DATA_DIR"] = str(folder)
            os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"  # before dlt reads it: nothing goes to anybody but Bluum
            import dlt

            dlt.config["normalize.parquet_normalizer.add_dlt_load_id"] = True
            self._pipeline = dlt.pipeline(
                "bluum_warehouse",
                pipelines_dir=str(folder / "pipelines"),
                destination=dlt.destinations.duckdb(str(self.path)),
                dataset_name=DATASET,
            )
        return self._pipeline


def _tables_in(connection: duckdb.DuckDBPyConnection) -> set[str]:
    names = connection.execute("select table_name from duckdb_tables() where schema_name = ?", [DATASET]).fetchall()
    return {name for (name,) in names}
