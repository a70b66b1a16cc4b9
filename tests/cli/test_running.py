"""Jobs run in this process: the smallest backfill, and Dagster's run history, kept short and never in a night's way."""

import io
import os
import signal
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from helpers.house import House
from helpers.processes import held_elsewhere
from rich.console import Console

from cli.run_history import OneWriterEventLog, dagster_home, forget_old_runs, run_history
from cli.running import Ran, Work, execute, run_backfill, run_night
from pipelines.destination.lock import is_held
from pipelines.destination.warehouse import Warehouse
from pipelines.errors import Interrupted, Locked, WarehouseUnusable
from pipelines.night.backfill import Window, plan
from pipelines.settings import Settings
from reading import Marts
from sandbox.server import Options, running


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(_env_file=None, data_dir=tmp_path)  # type: ignore[call-arg]


@pytest.mark.parametrize("name", ["history/runs.db", "schedules/schedules.db", ""])
def test_a_damaged_run_history_is_put_aside_and_holds_up_no_night(
    settings: Settings, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    damaged = settings.folder / "dagster" / name
    damaged.parent.mkdir(parents=True, exist_ok=True)
    damaged.write_bytes(b"no database" * 1000)

    home = dagster_home(settings)

    assert [path.name for path in home.iterdir()] == ["dagster.yaml"]
    assert "was damaged and is now" in caplog.text
    (aside,) = settings.folder.glob("dagster.damaged-*")
    assert (aside / name if name else aside).read_bytes().startswith(b"no database")


def test_a_run_writes_its_history_over_one_connection_and_closes_it(settings: Settings) -> None:
    home = dagster_home(settings)
    with run_history(home) as instance:
        log = instance.event_log_storage
        assert isinstance(log, OneWriterEventLog)
        with log.index_connection() as first:
            opened = first.connection.dbapi_connection
        with log.index_connection() as second:
            assert second.connection.dbapi_connection is opened
    with dg.DagsterInstance.from_config(str(home)) as as_dagster_opens_it:  # the UI reads the same files
        assert as_dagster_opens_it.get_runs() == []


def test_the_run_history_says_which_tables_it_has_while_it_is_written_too(settings: Settings) -> None:
    with run_history(dagster_home(settings)) as instance:
        log = instance.event_log_storage
        assert isinstance(log, OneWriterEventLog)
        with log.index_connection():
            assert log.has_table("asset_event_tags")
            assert not log.has_table("no_table_of_dagster")


def test_the_run_history_keeps_its_newest_runs_alone(settings: Settings) -> None:
    home = dagster_home(settings)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        for number in range(5):
            tags = {"bluum/started_by": "cli" if number else "the UI"}
            instance.add_run(dg.DagsterRun(job_name="nightly", run_id=f"run-{number}", tags=tags))
            (home / "history" / "runs" / f"run-{number}.db").write_bytes(b"no database" * 1000)

        forget_old_runs(instance, home, keep=2)

        assert {run.run_id for run in instance.get_runs()} == {"run-0", "run-3", "run-4"}
    assert {path.stem for path in (home / "history" / "runs").glob("run-*.db")} == {"run-0", "run-3", "run-4"}


def test_a_sound_run_history_stays(settings: Settings) -> None:
    home = dagster_home(settings)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        instance.add_run(dg.DagsterRun(job_name="nightly", run_id="one"))
    assert dagster_home(settings) == home
    assert list(settings.folder.glob("dagster.*")) == []
    assert (home / "history" / "runs.db").exists()


def test_a_database_that_is_damaged_beyond_its_first_page_is_put_aside(settings: Settings) -> None:
    home = dagster_home(settings)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        instance.add_run(dg.DagsterRun(job_name="nightly", run_id="one"))
    damaged = home / "history" / "runs.db"
    content = damaged.read_bytes()
    damaged.write_bytes(content[:4096] + bytes(len(content) - 4096))

    dagster_home(settings)

    assert not damaged.exists()


def test_a_report_that_fails_costs_no_night_its_publication_nor_its_checks(tmp_path: Path) -> None:
    said = io.StringIO()
    with running(Options(accounts=1, rate_limit=0)) as sandbox:
        house = House(sandbox, tmp_path)
        settings = house.settings()
        settings.folder.mkdir(parents=True, exist_ok=True)
        (settings.folder / "report").write_text("somebody's own")
        code = run_night(settings, Console(file=said, width=400))
    assert code == 3, said.getvalue()
    assert f"The night is published, but without its report: the report in {settings.folder} is as it was" in said.getvalue()
    assert "report is no link that a report may replace; move it away" in said.getvalue()
    assert Marts(settings.bi).ask("accounts_tonight").arrow().num_rows == 1
    assert (settings.folder / "report").read_text() == "somebody's own"
    with run_history(dagster_home(settings)) as instance:
        (run,) = instance.get_runs()
        judged = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    names = {entry.get_dagster_event().asset_check_evaluation_data.check_name for entry in judged}
    assert {"coverage", "quarantine", "reconciliation"} <= names


def test_a_signal_that_strikes_the_report_does_not_deny_the_publication(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assets.report.make_report", lambda settings: signal.raise_signal(signal.SIGTERM))
    with running(Options(accounts=1, rate_limit=0)) as sandbox:
        settings = House(sandbox, tmp_path).settings()
        with pytest.raises(Interrupted, match="stopped by SIGTERM: the night is published, its report was not made"):
            run_night(settings, Console(file=io.StringIO()))
    assert Marts(settings.bi).ask("accounts_tonight").arrow().num_rows == 1


_COUNTING = """
    select count(*), count(loads.load_id) from raw.pnl_reports as reports
    left join raw._dlt_loads as loads on loads.load_id = reports._dlt_load_id where end_date = ?
"""
"""How many reports are held of a day, and of how many the load counts."""


def killed_after_its_rows_before_they_count(house: House) -> date:
    """A first night, and what a backfill of the day before it leaves that is killed in the middle of its load; that day."""
    night = house.sync().as_of_date
    assert night is not None
    day = night - timedelta(days=1)
    house.fill(plan(Warehouse(house.warehouse), Window(day, day)).requests)
    with duckdb.connect(str(house.warehouse)) as connection:
        connection.execute("delete from raw._dlt_loads where load_id = (select max(load_id) from raw._dlt_loads)")
    return day


def test_a_backfill_of_a_single_report_ends_well_and_asks_what_a_killed_one_has_left(tmp_path: Path) -> None:
    said, before = io.StringIO(), dict(os.environ)
    with running(Options(accounts=1, rate_limit=0)) as sandbox:
        house = House(sandbox, tmp_path)
        day = killed_after_its_rows_before_they_count(house)
        code = run_backfill(house.settings(), Console(file=said, width=200), Window(day, day), missing_only=False)
    assert "1 reports to ask for, at no limit; 0 more are held" in said.getvalue()
    assert code == 0, said.getvalue()
    assert f"Night of {day + timedelta(days=1)}" in said.getvalue()
    assert house.rows(_COUNTING, day) == [(1, 1)]
    assert {name for name in os.environ.keys() - before.keys() if name.startswith(("BLUUM", "DAGSTER"))} == set()


def test_a_backfill_with_nothing_to_ask_does_not_say_that_there_is_no_limit(tmp_path: Path) -> None:
    said, sunday = io.StringIO(), date(2022, 3, 6)
    with running(Options(accounts=1, rate_limit=0)) as sandbox:
        house = House(sandbox, tmp_path)
        house.sync()
        settings = house.settings().model_copy(update={"rate_limit": 10.0})
        assert run_backfill(settings, Console(file=said, width=200), Window(sunday, sunday), missing_only=False) == 0
    assert "0 reports to ask for, about 0.0 minutes at the limit" in said.getvalue()


def test_a_backfill_of_dagsters_asks_what_a_killed_one_has_left(tmp_path: Path) -> None:
    with running(Options(accounts=1, rate_limit=0)) as sandbox:
        house = House(sandbox, tmp_path)
        day = killed_after_its_rows_before_they_count(house)
        execute(house.settings(), Work("backfill_pnl", days=(str(day), str(day))))
    assert house.rows(_COUNTING, day) == [(1, 1)]


def test_a_stop_while_nobody_can_say_what_is_published_claims_no_publication(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(settings.bi)) as bi:
        bi.execute("create schema marts; create table marts.manifest as select now() as published_at")

    def vanish(_: Settings) -> None:
        settings.bi.unlink()
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr("assets.models._home", vanish)
    with pytest.raises(Interrupted, match="has landed; whether it is published cannot be told now"):
        execute(settings, Work("remodel"))


def test_a_run_history_that_cannot_be_written_is_one_line(settings: Settings) -> None:
    (settings.folder / "dagster" / "dagster.yaml").mkdir(parents=True)  # a folder in the way of the file
    with pytest.raises(WarehouseUnusable, match=r"Dagster's run history .* cannot be written: Is a directory"):
        execute(settings, Work("remodel"))


def test_the_summary_of_a_night_is_made_before_another_writer_is_let_in(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setattr("cli.running.execute", lambda *_: Ran("run"))
    monkeypatch.setattr("cli.running.print_summary", lambda *_: seen.append(is_held(settings.folder)) or 0)
    assert run_night(settings, Console(file=io.StringIO())) == 0
    assert seen == [True]


def test_a_backfill_beside_another_writer_says_at_once_that_there_is_one(settings: Settings) -> None:
    day = date(2022, 6, 14)
    with held_elsewhere(settings.folder), pytest.raises(Locked, match="nothing was done"):
        run_backfill(settings, Console(file=io.StringIO()), Window(day, day), missing_only=False)
