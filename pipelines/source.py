"""The dlt source `bluum`: the raw tables as resources, for any destination of dlt's.

    asked of the API, or batches --> Feed --rows of each table--> one resource a table --Arrow--> dlt

A resource yields Arrow tables, so that no digit passes through Python's or dlt's own numbers, and carries precision and
scale as hints. All of them share one `Feed`: an answer has rows for several tables, and is asked once. It asks when dlt
pulls, and only what the selected resources need. How a night is asked is `api/engine.py`; what a warehouse does with it
`night/`.

Alone, with the key pair in dlt's secrets (`sources.bluum.api_key`, `.api_secret`) or in BLUUM_*:

    import dlt
    from pipelines.source import bluum_source

    dlt.pipeline("mine", destination="postgres", dataset_name="raw").run(bluum_source().with_resources("positions"))

A run knows nothing of earlier ones but the numbers it has given to the answers of tonight: it asks all of tonight again.
"""

from collections.abc import Generator, Iterable, Iterator
from typing import Literal

import dlt
import pyarrow as pa
from dlt.extract import DltResource

from pipelines.api.feed import Feed
from pipelines.api.live import given_settings, tonight
from pipelines.api.parse import Batch
from pipelines.schema.rows import Rows
from pipelines.schema.table import Table
from pipelines.schema.tables import TABLES

NOUNS = {"pnl_reports": "pnl", "policy_versions": "investment_policies"}
"""Resources whose table has another name: the API's noun for what the table holds."""
_LOAD_ID = "normalize.parquet_normalizer.add_dlt_load_id"


@dlt.source(  # type: ignore[untyped-decorator]
    name="bluum",
    section="bluum",
    max_table_nesting=0,
    schema_contract={"tables": "evolve", "columns": "evolve", "data_type": "freeze"},
)
def bluum_source(
    api_key: dlt.TSecretStrValue | None = None,
    api_secret: dlt.TSecretStrValue | None = None,
    base_url: str | None = None,
    surface: Literal["accounts", "investors"] | None = None,
    refresh_prices: bool | None = None,
    accounts: list[str] | None = None,
    rate_limit: float | None = None,
    batches: Iterable[Batch] | None = None,
    tables: Iterable[Table] = tuple(TABLES.values()),
) -> Iterable[DltResource]:
    """Tonight's positions, P&L reports, policies and rebalancing analyses of every account, with the answers they came in.

    What is not given is looked up in dlt's config and secrets (`sources.bluum.<name>`), then in BLUUM_<NAME>. Nothing is
    asked, and no key pair is needed, before dlt pulls.

    Args:
        api_key: the key of Bluum's key pair.
        api_secret: its secret.
        base_url: where the API is; https, but for loopback.
        surface: which list of accounts is read, `accounts` (the default) or `investors`.
        refresh_prices: whether Bluum is asked to price positions anew (the default).
        accounts: ids of the only accounts to ask; without them all are.
        rate_limit: requests a second that the key pair is permitted; 0: no limit.
        batches: rows to load instead of asking: answers that were asked, or kept, by whoever gives them.
        tables: the raw tables to have.

    Returns:
        A resource for each table, named as it, but `pnl` for pnl_reports and `investment_policies` for policy_versions.

    Raises:
        NoCredentials: when pulled without a key pair, or with a setting that cannot be.
        Unauthorized, Unreachable, RosterRefused: when pulled, and the night cannot begin or does not come to its end.
    """
    if dlt.config.get(_LOAD_ID) is None:
        dlt.config[_LOAD_ID] = True  # Arrow tables get no _dlt_load_id otherwise, and the models count rows by it
    given = {
        "api_key": api_key,
        "BLUUM_API_SECRET": api_secret,
        "BLUUM_BASE_URL": base_url,
        "surface": surface,
        "refresh_prices": refresh_prices,
        "accounts": accounts,
        "rate_limit": rate_limit,
    }
    raw_tables = {table.name: table for table in tables}

    def asked(wanted: frozenset[str]) -> Generator[Batch, None, None]:
        # So that each table is there, with all of its columns, whatever tonight has.
        yield Batch.blank(raw_tables[name] for name in wanted)
        yield from tonight(given_settings(given), wanted, dlt.current.source_state())

    def held(wanted: frozenset[str]) -> Generator[Batch, None, None]:
        yield from batches or ()

    feed = Feed(asked if batches is None else held)
    return [_resource(feed, table) for table in raw_tables.values()]


def _resource(feed: Feed, table: Table) -> DltResource:
    def pull() -> Iterator[pa.Table]:
        yield from map(Rows.arrow, feed.pull(table.name, _selected()))  # a loop of our own would hold rows that are written
        pa.default_memory_pool().release_unused()

    resource: DltResource = dlt.resource(
        pull,
        name=NOUNS.get(table.name, table.name),
        table_name=table.name,
        columns=table.hints,
        write_disposition="append",
    )
    return resource


def _selected() -> frozenset[str]:
    """The tables of the resources that dlt is pulling from."""
    tables = {noun: name for name, noun in NOUNS.items()}
    return frozenset(tables.get(name, name) for name in dlt.current.source().resources.selected)
