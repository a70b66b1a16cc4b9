"""What the checks of a night show, and what is posted to a webhook of it. Over a real night and a real server."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import dagster as dg
import pytest
from helpers.faulty import running
from helpers.faulty.rules import Rule
from helpers.house import House

from assets.partitions import range_tags
from assets.pnl_history import KEY
from assets.resources import AlertResource
from assets.schedules import nightly_schedule
from assets.sensors import STARTED_BY, failed_run, incomplete_night, profiles, remodel_after_backfill
from cli.running import Work, execute
from pipelines.errors import Unauthorized
from pipelines.profiles import SettingsRefused
from sandbox.server import Options


@dataclass
class Webhook:
    """A server on loopback that keeps what is posted to it."""

    status: int = 200
    posted: list[dict[str, str]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    kept = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            kept.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(kept.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Tests print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        kept.url = f"http://127.0.0.1:{server.server_port}/services/a-secret"
        monkeypatch.setenv("BLUUM_ALERT_WEBHOOK", kept.url)
        yield kept
        server.shutdown()


@dataclass
class Night:
    """A night with one account's positions refused and another's unreadable, judged by Dagster."""

    house: House
    result: dg.ExecuteInProcessResult

    def check(self, name: str) -> dg.AssetCheckEvaluation:
        (evaluation,) = [found for found in self.result.get_asset_check_evaluations() if found.check_name == name]
        return evaluation

    def rows(self, name: str, table: str) -> list[dict[str, object]]:
        shown = self.check(name).metadata[table]
        assert isinstance(shown, dg.TableMetadataValue)
        return [dict(record.data) for record in shown.records]


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    with running(Options(accounts=3, rate_limit=0)) as sandbox:
        house = House(sandbox, tmp_path_factory.mktemp("night"))
        refused, unreadable = house.account_ids(0, 1)
        sandbox.faults.set([
            Rule("forbidden", endpoint="positions", account=refused, frame="flat"),
            Rule("replace", endpoint="positions", account=unreadable, pointer="/0/quantity", raw='"a lot"'),
        ])  # fmt: skip
        house.sync()
    result = execute(house.settings(), Work("remodel")).result
    assert result
    return Night(house, result)


def test_coverage_shows_the_requests_of_the_night_by_endpoint(night: Night) -> None:
    check = night.check("coverage")
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    positions = next(row for row in night.rows("coverage", "by_endpoint") if row["endpoint"] == "positions")
    assert (positions["expected"], positions["ok"], positions["failed"]) == (3, 2, 1)


def test_quarantine_shows_what_could_not_be_read_and_why(night: Night) -> None:
    assert night.check("quarantine").asset_key == dg.AssetKey(["bluum", "quarantine"])
    assert not night.check("quarantine").passed
    (row,) = night.rows("quarantine", "by_reason")
    assert (row["endpoint"], row["table_name"], row["field"], row["rows"]) == ("positions", "positions", "quantity", 1)


def test_reconciliation_shows_how_far_figures_are_apart(night: Night) -> None:
    found = night.house.rows(
        "select check_name, count(*), max(abs(difference))::varchar from marts.reconciliation_daily group by 1 order by 1"
    )
    shown = night.rows("reconciliation", "by_check") if found else []
    assert [(row["check_name"], row["figures"], row["largest_difference"]) for row in shown] == found
    assert night.check("reconciliation").passed == (not found)


def test_a_night_with_gaps_is_published_and_posts_one_line_without_an_account(night: Night, webhook: Webhook) -> None:
    assert night.house.settings().bi.exists()
    _tell(night, night.result.dagster_run)
    (posted,) = webhook.posted
    assert set(posted) == {"text"}
    assert "bluum: remodel of profile default (run " in posted["text"]
    assert "requests answered" in posted["text"]
    assert "1 rows in quarantine" in posted["text"]
    assert "\n" not in posted["text"]
    assert not any(account in posted["text"] for account in night.house.account_ids(0, 1, 2))


def test_a_night_without_gaps_posts_nothing(night: Night, webhook: Webhook) -> None:
    _tell(night, dg.DagsterRun(job_name="nightly", run_id="another"))
    assert webhook.posted == []


def _tell(night: Night, run: dg.DagsterRun) -> None:
    home = night.house.settings().folder / "dagster"
    with dg.DagsterInstance.from_config(str(home)) as instance:
        context = dg.build_run_status_sensor_context(
            sensor_name="incomplete_night",
            dagster_event=night.result.get_run_success_event(),
            dagster_instance=instance,
            dagster_run=run,
            resources={"alerts": AlertResource()},
        )
        incomplete_night(context)


@dg.op
def refused() -> None:
    raise Unauthorized("https://api.example/v1 refuses the credentials (401); nothing was written")


@dg.resource
def unset() -> None:
    raise SettingsRefused("BLUUM_API_SECRET is missing: the API wants a key and a secret")


@dg.op(required_resource_keys={"bluum"})
def unconnected() -> None: ...


@dg.job
def nightly() -> None:
    refused()


@dg.job(resource_defs={"bluum": unset})
def unset_nightly() -> None:
    unconnected()


def _fail(job: dg.JobDefinition = nightly) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance, raise_on_error=False)
        context = dg.build_run_status_sensor_context(
            sensor_name="failed_run",
            dagster_event=result.get_run_failure_event(),
            dagster_instance=instance,
            dagster_run=result.dagster_run,
            resources={"alerts": AlertResource()},
        ).for_run_failure()
        failed_run(context)


@pytest.mark.parametrize(
    ("job", "why"),
    [
        (nightly, "https://api.example/v1 refuses the credentials (401); nothing was written"),
        (unset_nightly, "BLUUM_API_SECRET is missing: the API wants a key and a secret"),
    ],
)
def test_a_failed_run_posts_its_job_and_the_line_that_says_why(webhook: Webhook, job: dg.JobDefinition, why: str) -> None:
    _fail(job)
    (posted,) = webhook.posted
    assert posted["text"].startswith(f"bluum: {job.name} (run ")
    assert posted["text"].endswith(f") failed: {why}")


def test_a_webhook_that_refuses_is_said_and_nothing_else_happens(webhook: Webhook) -> None:
    webhook.status = 500
    assert AlertResource().post("a line") == "not posted: the webhook answered 500"
    _fail()


def test_a_webhook_that_is_not_there_is_said_without_its_address(
    webhook: Webhook, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BLUUM_ALERT_WEBHOOK", "http://127.0.0.1:9/services/a-secret")
    said = AlertResource().post("a line")
    assert said == "not posted: the webhook cannot be reached (ConnectError)"
    monkeypatch.delenv("BLUUM_ALERT_WEBHOOK")
    monkeypatch.chdir(tmp_path)
    assert AlertResource().post("a line") == "not posted: BLUUM_ALERT_WEBHOOK is not set"
    assert webhook.posted == []


def _follows(run: dg.DagsterRun) -> list[dg.RunRequest]:
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("profiles", ["acme"])
        result = nightly.execute_in_process(instance=instance, raise_on_error=False)
        context = dg.build_run_status_sensor_context(
            sensor_name="remodel_after_backfill",
            dagster_event=result.get_run_failure_event(),
            dagster_instance=instance,
            dagster_run=run,
        )
        return [found for found in remodel_after_backfill(context) if isinstance(found, dg.RunRequest)]


def test_a_backfill_that_dagster_has_run_is_followed_by_the_models_of_its_profile() -> None:
    days = dict(range_tags("2022-06-13", "2022-06-15", "acme"))
    (of_the_job,) = _follows(dg.DagsterRun(job_name="backfill_pnl", run_id="one", tags=days))
    page = dg.DagsterRun(job_name="__ASSET_JOB", run_id="two", tags=days, asset_selection=frozenset({KEY}))
    (of_the_page,) = _follows(page)
    assert (of_the_job.partition_key, of_the_page.partition_key) == ("acme", "acme")
    assert _follows(dg.DagsterRun(job_name="nightly", run_id="three", tags={"dagster/partition": "acme"})) == []
    by_hand = {**days, STARTED_BY: "cli"}  # which goes on by itself
    assert _follows(dg.DagsterRun(job_name="backfill_pnl", run_id="four", tags=by_hand)) == []


def _tick(instance: dg.DagsterInstance) -> list[dg.RunRequest]:
    context = dg.build_schedule_context(
        instance=instance, scheduled_execution_time=datetime.now(UTC), resources={"alerts": AlertResource()}
    )
    return [found for found in nightly_schedule(context) if isinstance(found, dg.RunRequest)]


def test_a_mistake_in_the_settings_that_keeps_the_schedule_from_asking_is_posted(
    webhook: Webhook, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bluum.toml").write_text('[profiles.acme]\napi_key = "key"\napi_secret = "hunter2"\n')
    (tmp_path / "bluum.toml").chmod(0o644)
    with dg.DagsterInstance.ephemeral() as instance, pytest.raises(SettingsRefused, match="others may read it"):
        _tick(instance)
    (posted,) = webhook.posted
    assert posted["text"].endswith("was not begun: bluum.toml holds secrets and others may read it: chmod 600 bluum.toml")


def test_an_alert_is_posted_though_other_settings_are_wrong_and_to_the_webhook_of_its_profile(
    webhook: Webhook, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BLUUM_API_KEY", "key")  # and no secret
    assert AlertResource().post("the plain pair is wrong") == "posted"
    assert AlertResource().post("so is another", "nobody") == "posted"
    monkeypatch.setenv("BLUUM_ALERT_WEBHOOK", "http://hooks.example/a-secret")
    for name, value in (("API_KEY", "key"), ("API_SECRET", "secret"), ("ALERT_WEBHOOK", f"{webhook.url}/acme")):
        monkeypatch.setenv(f"BLUUM_PROFILES__ACME__{name}", value)
    assert AlertResource().post("to a webhook of its own", "acme") == "posted"
    assert [posted["text"] for posted in webhook.posted][-1] == "to a webhook of its own"
    said = AlertResource().post("in the open")
    assert said == "not posted: BLUUM_ALERT_WEBHOOK: must be https: its address is a secret (http is for loopback only)"


def test_a_night_with_gaps_that_fails_after_its_checks_is_told_with_its_gaps(night: Night, webhook: Webhook) -> None:
    with dg.DagsterInstance.from_config(str(night.house.settings().folder / "dagster")) as instance:
        failure = nightly.execute_in_process(raise_on_error=False).get_run_failure_event()
        context = dg.build_run_status_sensor_context(
            sensor_name="failed_run",
            dagster_event=failure,
            dagster_instance=instance,
            dagster_run=night.result.dagster_run,
            resources={"alerts": AlertResource()},
        ).for_run_failure()
        failed_run(context)
    (posted,) = webhook.posted
    assert "nothing was written; it has gaps: " in posted["text"]
    assert "1 rows in quarantine" in posted["text"]


def test_every_profile_of_the_settings_gets_a_partition_and_a_night(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("ACME", "BETA"):
        monkeypatch.setenv(f"BLUUM_PROFILES__{name}__API_KEY", "key")
        monkeypatch.setenv(f"BLUUM_PROFILES__{name}__API_SECRET", "secret")
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        added = profiles(dg.build_sensor_context(instance=instance))
        assert isinstance(added, dg.SensorResult)
        assert added.dynamic_partitions_requests is not None
        (request,) = added.dynamic_partitions_requests
        assert list(request.partition_keys) == ["acme", "beta"]
        asked = _tick(instance)
        assert [run.partition_key for run in asked] == ["acme", "beta"]
        assert instance.get_dynamic_partitions("profiles") == ["acme", "beta"]
        assert isinstance(profiles(dg.build_sensor_context(instance=instance)), dg.SkipReason)
