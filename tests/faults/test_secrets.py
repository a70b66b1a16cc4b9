"""Nothing that was sent to prove who asks, and nothing about whose accounts they are, is ever kept or said.

Runs that fail in every way, then a search of every byte they left: files as they are, unpacked, and as tables.
"""

import base64
import gzip
import os
import signal
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from helpers.faulty import Sandbox, running
from helpers.faulty.rules import Rule
from helpers.program import zygote
from helpers.search import everything
from pydantic import ValidationError

from pipelines.api.client import Client
from pipelines.settings import Settings
from sandbox.server import Options
from sandbox.world.people import personal_strings

KEY, SECRET = "KQ7-public-key-of-nobody", "SQ7/secret+of=nobody%41"


class Aftermath:
    """A data folder after many kinds of failing runs, and everything they said."""

    def __init__(self, sandbox: Sandbox, data: Path) -> None:
        self.sandbox = sandbox
        self.data = data
        self.said: dict[str, str] = {}
        self.codes: dict[str, int] = {}
        self.command_lines: set[str] = set()

    def run(self, what: str, *rules: Rule, killed_after: int | None = None, **environment: str) -> None:
        self.sandbox.faults.set(rules)
        self.sandbox.requests.clear()
        output = self.data.with_suffix(f".{len(self.said)}.out")
        env = {
            **os.environ,
            "BLUUM_BASE_URL": self.sandbox.base_url,
            "BLUUM_API_KEY": KEY,
            "BLUUM_API_SECRET": SECRET,
            "BLUUM_DATA_DIR": str(self.data),
            "BLUUM_RATE_LIMIT": "0",
            "BLUUM_TIMEOUT": "0.5",
            **environment,
        }
        pid = zygote().start("sync", env=env, output=output)
        while killed_after is not None and self.sandbox.requests.total < killed_after:
            time.sleep(0.005)
        if killed_after is None:
            self._note_command_lines(pid)
        else:
            os.kill(pid, signal.SIGKILL)
        self.codes[what] = zygote().wait()
        self.said[what] = output.read_text()

    def _note_command_lines(self, pid: int) -> None:
        """Until the run has come to dbt, or has ended."""
        task = Path(f"/proc/{pid}/task/{pid}/children")
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                children = task.read_text().split()
                lines = [Path(f"/proc/{child}/cmdline").read_bytes().decode() for child in (pid, *children)]
            except OSError:
                return
            self.command_lines |= set(lines)
            if any("build" in line for line in lines) or "(python) Z" in Path(f"/proc/{pid}/stat").read_text():
                return
            time.sleep(0.01)


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    with running(Options(accounts=6, rate_limit=0, key=KEY, secret=SECRET)) as sandbox:
        after = Aftermath(sandbox, tmp_path_factory.mktemp("secrets") / "data")
        failing, breaking = (account.account_id for account in sandbox.world.accounts[4:6])
        after.run("wrong secret", BLUUM_API_SECRET=SECRET + "x")
        after.run("roster in HTML", Rule("html", endpoint="accounts"))
        after.run("roster cut short", Rule("truncated", endpoint="accounts"))
        after.run("roster is one object", Rule("replace", endpoint="accounts", raw='{"first_name": "FirstXPIIX"}'))
        # One answer is held back, so that the night cannot be over before the kill comes.
        after.run("killed while asking", Rule("hold", endpoint="pnl"), killed_after=3)
        after.run(
            "everything else",
            Rule("replace", endpoint="accounts", pointer="/0", raw='["LastXPIIX"]'),
            Rule("add", endpoint="accounts", pointer="/1/nickname", raw='"NickXPIIX"'),
            Rule("add", endpoint="accounts", pointer="/2/portfolios/0/owner", raw='"OwnerXPIIX"'),
            Rule("replace", endpoint="accounts", pointer="/3/balance", raw='"lots"'),
            Rule("cut", endpoint="portfolios", account=breaking),
            Rule("gzip", endpoint="pnl", account=breaking),
            Rule("reset", endpoint="positions", account=failing),
            Rule("unauthorized", endpoint="investment_policy", account=failing),
        )
        yield after


def test_the_runs_failed_as_they_were_meant_to(aftermath: Aftermath) -> None:
    codes = dict(aftermath.codes)
    assert codes.pop("killed while asking") == -signal.SIGKILL
    assert codes == {
        "wrong secret": 1,
        "roster in HTML": 1,
        "roster cut short": 1,
        "roster is one object": 1,
        "everything else": 3,
    }, aftermath.said


def _credentials() -> dict[str, bytes]:
    pair = f"{KEY}:{SECRET}"
    plain = {"key": KEY, "secret": SECRET, "secret, quoted": "SQ7%2Fsecret%2Bof%3Dnobody%2541"}
    encoded = {f"{name}, base64": base64.b64encode(text.encode()).decode().rstrip("=") for name, text in
               {"key": KEY, "secret": SECRET, "pair": pair}.items()}  # fmt: skip
    return {name: text.encode() for name, text in {**plain, **encoded}.items()}


def _personal(sandbox: Sandbox) -> dict[str, bytes]:
    return {
        f"account {account.number}: {text}": text.encode()
        for account in sandbox.world.accounts
        for text in personal_strings(account)
    }


def test_neither_credentials_nor_people_are_in_anything_that_was_kept(aftermath: Aftermath) -> None:
    wanted = {**_credentials(), **_personal(aftermath.sandbox)}
    places = list(everything(aftermath.data))
    assert len(places) > 100, "the search looked at next to nothing"
    found = [(place, name) for place, content in places for name, needle in wanted.items() if needle in content]
    assert found == []


def test_neither_credentials_nor_people_are_in_anything_that_was_said(aftermath: Aftermath) -> None:
    wanted = {**_credentials(), **_personal(aftermath.sandbox)}
    found = [
        (what, name) for what, said in aftermath.said.items() for name, needle in wanted.items() if needle.decode() in said
    ]
    assert found == []


def test_the_list_of_processes_tells_no_credentials(aftermath: Aftermath) -> None:
    assert any("dbt" in line for line in aftermath.command_lines), "no run of dbt was seen"
    assert not any(needle.decode() in line for line in aftermath.command_lines for needle in _credentials().values())


def test_the_search_finds_what_it_looks_for(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "a.duckdb")) as connection:
        connection.execute("create table t as select 'x' || i as a, ? as b from range(5000) as r(i)", [SECRET])
    (tmp_path / "b.gz").write_bytes(gzip.compress(KEY.encode()))
    wanted = _credentials()
    found = {name for _, content in everything(tmp_path) for name, needle in wanted.items() if needle in content}
    assert {"key", "secret"} <= found


def test_every_file_is_for_its_owner_alone(aftermath: Aftermath) -> None:
    open_to_others = [
        (str(path), oct(path.stat().st_mode))
        for path in (aftermath.data, *aftermath.data.rglob("*"))
        if stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    assert open_to_others == []


def test_nothing_but_get_was_ever_sent(aftermath: Aftermath) -> None:
    assert {entry.method for entry in aftermath.sandbox.requests.entries} == {"GET"}
    verbs = {"post", "put", "patch", "delete", "request", "send", "stream"}
    assert not verbs & {name for name in dir(Client) if not name.startswith("_")}


@pytest.mark.parametrize(
    "url", ["http://api.bluumfinance.com/v1", "http://10.0.0.1/v1", "http://localhost.evil.example/v1", "http://0.0.0.0/v1"]
)
def test_without_tls_nobody_but_loopback_gets_the_credentials(url: str) -> None:
    with pytest.raises(ValidationError, match="must be https"):
        Settings(_env_file=None, api_key=KEY, BLUUM_API_SECRET=SECRET, BLUUM_BASE_URL=url)  # type: ignore[call-arg]


def test_settings_do_not_print_the_secret() -> None:
    settings = Settings(_env_file=None, api_key=KEY, BLUUM_API_SECRET=SECRET, BLUUM_BASE_URL="http://127.0.0.1:1/v1")  # type: ignore[call-arg]
    assert SECRET not in repr(settings)
    assert SECRET not in settings.model_dump_json()
