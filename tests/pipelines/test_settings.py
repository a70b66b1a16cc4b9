"""What a user can set, under which names, and what is refused with which words."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from pipelines.api.live import given_settings
from pipelines.errors import NoCredentials
from pipelines.lake import Lake
from pipelines.profiles import SettingsRefused
from pipelines.settings import Settings, alert_webhook, moved, nightly_cron, profile_names

KEYS = {"BLUUM_API_KEY": "key", "BLUUM_API_SECRET": "secret"}


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # .env is read from here


def configured(monkeypatch: pytest.MonkeyPatch, **environment: str) -> Settings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Settings()


def refusal(monkeypatch: pytest.MonkeyPatch, **environment: str) -> str:
    with pytest.raises(ValidationError) as raised:
        configured(monkeypatch, **environment)
    return str(raised.value)


@pytest.mark.parametrize("ask", [Settings.of, profile_names, nightly_cron, alert_webhook])
def test_an_env_file_that_cannot_be_read_is_named_in_a_line_without_what_it_holds(ask: Callable[[], object]) -> None:
    Path(".env").write_bytes("BLUUM_API_KEY=key\nBLUUM_API_SECRET=hunter2é".encode("latin-1"))
    with pytest.raises(SettingsRefused) as raised:
        ask()
    assert str(raised.value).startswith(".env cannot be read: 'utf-8' codec can't decode byte 0xe9")
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("end", ["?page=1", "#part", "/v1?page=1"])
def test_an_address_ends_with_its_path_since_others_are_put_behind_it(monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    assert "must end with its path" in refusal(monkeypatch, **KEYS, BLUUM_BASE_URL=f"https://host.example{end}")


def test_what_a_dlt_user_gives_is_refused_by_name() -> None:
    keys = {"api_key": "key", "BLUUM_API_SECRET": "hunter2"}
    with pytest.raises(NoCredentials) as raised:
        given_settings({**keys, "surface": "wealth", "rate_limit": -1})
    assert "BLUUM_SURFACE ('wealth'): Input should be" in str(raised.value)
    assert "BLUUM_RATE_LIMIT (-1): Input should be" in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_with_nothing_set_the_sandbox_is_wanted() -> None:
    settings = Settings()
    assert settings.wants_sandbox
    assert (settings.surface, settings.data_dir, settings.refresh_prices) == ("accounts", Path("data"), True)
    assert (settings.accounts, settings.keep_bodies_days, settings.rate_limit) == (frozenset(), None, None)


@pytest.mark.parametrize("secret", ["BLUUM_API_SECRET", "BLUUM_SECRET_KEY"])
@pytest.mark.parametrize("url", ["BLUUM_BASE_URL", "BLUUM_API_BASE_URL"])
def test_both_spellings_of_the_vendor_s_names(monkeypatch: pytest.MonkeyPatch, secret: str, url: str) -> None:
    settings = configured(monkeypatch, BLUUM_API_KEY="key", **{secret: "s3", url: "https://host.example/v1"})
    assert settings.api_key == "key"
    assert settings.api_secret is not None
    assert settings.api_secret.get_secret_value() == "s3"
    assert settings.api_url == "https://host.example/v1"
    assert not settings.wants_sandbox


def test_the_documented_name_goes_before_the_demo_s(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = {"BLUUM_BASE_URL": "https://a.example", "BLUUM_API_BASE_URL": "https://b.example"}
    settings = configured(monkeypatch, **KEYS, **addresses, BLUUM_SECRET_KEY="other")
    assert settings.api_secret is not None
    assert (settings.api_secret.get_secret_value(), settings.api_url) == ("secret", "https://a.example/v1")


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ("https://host.example/v1", "https://host.example/v1"),
        ("https://host.example/v1/", "https://host.example/v1"),
        ("https://host.example", "https://host.example/v1"),
        ("https://host.example/", "https://host.example/v1"),
        ("  https://host.example/v1  ", "https://host.example/v1"),
        ("https://host.example/proxy", "https://host.example/proxy/v1"),
        ("http://localhost:8080", "http://localhost:8080/v1"),
        ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1"),
        ("http://[::1]:8080", "http://[::1]:8080/v1"),
    ],
)
def test_the_version_is_added_where_it_is_missing(monkeypatch: pytest.MonkeyPatch, given: str, asked: str) -> None:
    assert configured(monkeypatch, **KEYS, BLUUM_BASE_URL=given).api_url == asked


def test_with_credentials_alone_bluum_itself_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = configured(monkeypatch, **KEYS)
    assert (settings.api_url, settings.wants_sandbox) == ("https://api.bluumfinance.com/v1", False)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://api.bluumfinance.com/v1", "must be https"),
        ("http://10.0.0.5/v1", "must be https"),
        ("http://localhost.example/v1", "must be https"),
        ("http://127.0.0.1.example/v1", "must be https"),
        ("api.bluumfinance.com/v1", "must look like https://host/v1"),
        ("ftp://host/v1", "must look like https://host/v1"),
        ("http://127.0.0.1:99999/v1", "an invalid port"),
        ("https:///v1", "must look like https://host/v1"),
        ("https://key:secret@host.example/v1", "must not hold credentials"),
    ],
)
def test_a_base_url_that_would_betray_or_lead_nowhere(monkeypatch: pytest.MonkeyPatch, url: str, why: str) -> None:
    assert why in refusal(monkeypatch, **KEYS, BLUUM_BASE_URL=url)


def test_half_of_the_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "BLUUM_API_SECRET is missing" in refusal(monkeypatch, BLUUM_API_KEY="key")
    monkeypatch.delenv("BLUUM_API_KEY")
    assert "BLUUM_API_KEY is missing" in refusal(monkeypatch, BLUUM_API_SECRET="secret")


def test_an_address_without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "are missing for BLUUM_BASE_URL" in refusal(monkeypatch, BLUUM_BASE_URL="https://host.example/v1")


def test_what_is_set_to_nothing_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = configured(monkeypatch, BLUUM_API_KEY="", BLUUM_API_SECRET="", BLUUM_BASE_URL="", BLUUM_RATE_LIMIT="")
    assert settings.wants_sandbox


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BLUUM_SURFACE", "wealth"),
        ("BLUUM_SURFACE", "Investors"),
        ("BLUUM_RATE_LIMIT", "-1"),
        ("BLUUM_RATE_LIMIT", "fast"),
        ("BLUUM_RATE_LIMIT", "inf"),
        ("BLUUM_TIMEOUT", "inf"),
        ("BLUUM_KEEP_BODIES_DAYS", "-1"),
        ("BLUUM_KEEP_BODIES_DAYS", "1000000"),
        ("BLUUM_REFRESH_PRICES", "maybe"),
        ("BLUUM_ROSTER_SHRINK_PERCENT", "101"),
        ("BLUUM_TIMEOUT", "0"),
        ("BLUUM_BI_FILE_MODE", "rw-"),
        ("BLUUM_MEMORY_LIMIT", "80%"),
        ("BLUUM_MEMORY_LIMIT", "2GB'; select '"),
    ],
)
def test_a_value_that_is_none_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    assert name.removeprefix("BLUUM_").lower() in refusal(monkeypatch, **{name: value}).lower()


@pytest.mark.parametrize(
    ("url", "rate"),
    [
        ("https://api.bluumfinance.com/v1", 25),
        ("https://service.bluumfinance.com/v1", 25),
        ("https://sandbox.api.bluumfinance.com/v1", 10),
        ("https://test-service.bluumfinance.com/v1", 10),
        ("http://127.0.0.1:8080/v1", 10),
        ("http://localhost:8080", 10),
        ("http://[::1]:8080", 10),
    ],
)
def test_the_limit_is_the_published_one_of_the_host(monkeypatch: pytest.MonkeyPatch, url: str, rate: float) -> None:
    assert configured(monkeypatch, **KEYS, BLUUM_BASE_URL=url).requests_per_second == rate


@pytest.mark.parametrize(("text", "rate"), [("3", 3.0), ("0.5", 0.5), ("0", 0.0)])
def test_a_limit_that_is_set_goes_before_it(monkeypatch: pytest.MonkeyPatch, text: str, rate: float) -> None:
    assert configured(monkeypatch, **KEYS, BLUUM_RATE_LIMIT=text).requests_per_second == rate


@pytest.mark.parametrize(
    ("text", "accounts"), [("a", {"a"}), ("a, b ,,c,", {"a", "b", "c"}), ("inv_1,inv_1", {"inv_1"}), (" , ", set())]
)
def test_accounts_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch, text: str, accounts: set[str]) -> None:
    assert configured(monkeypatch, BLUUM_ACCOUNTS=text).accounts == accounts


def test_dot_env_is_read_and_the_environment_goes_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text(
        "BLUUM_API_KEY=from-file\nBLUUM_SECRET_KEY=hidden\nBLUUM_SURFACE=investors\nBLUUM_DATA_DIR=/tmp/elsewhere\nOTHER=1\n"
    )
    settings = configured(monkeypatch, BLUUM_SURFACE="accounts")
    assert (settings.api_key, settings.surface, settings.data_dir) == ("from-file", "accounts", Path("/tmp/elsewhere"))
    assert settings.warehouse_file == Path("/tmp/elsewhere/warehouse.duckdb")
    assert settings.bi == Path("/tmp/elsewhere/bi.duckdb")


def test_the_secret_is_in_no_text_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = configured(monkeypatch, BLUUM_API_KEY="key", BLUUM_API_SECRET="hunter2")
    assert "hunter2" not in repr(settings) + str(settings) + str(settings.model_dump()) + settings.model_dump_json()


def test_a_refusal_does_not_print_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "hunter2" not in refusal(monkeypatch, BLUUM_API_SECRET="hunter2")


# ------------------------------------------------------------------ where a key pair's data is


def test_sandbox_and_production_have_folders_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = Settings.of()
    assert (sandbox.profile, sandbox.folder) == ("sandbox", tmp_path / "data" / "sandbox")
    assert sandbox.warehouse_file == tmp_path / "data" / "sandbox" / "warehouse.duckdb"

    production = configured(monkeypatch, **KEYS)
    assert (production.profile, production.folder) == ("default", tmp_path / "data")


def test_the_sandbox_keeps_its_folder_once_it_has_an_address() -> None:
    started = Settings.of().model_copy(update={"base_url": "http://127.0.0.1:1/v1", "api_key": "k"})
    assert started.folder.name == "sandbox"


def test_the_sandbox_can_be_chosen_beside_a_key_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = configured(monkeypatch, **KEYS, BLUUM_BASE_URL="https://host.example/v1", BLUUM_PROFILE="sandbox")
    assert settings.wants_sandbox
    assert (settings.api_key, settings.api_secret, settings.folder.name) == (None, None, "sandbox")


# ------------------------------------------------------------------ profiles

PROFILES = """
[profiles.acme]
api_key = "acme-key"
api_secret = "acme-hunter2"
base_url = "https://acme.example/v1"
rate_limit = 3
surface = "investors"
accounts = ["a", "b"]
dataset = "raw_acme"

[profiles.beta-2]
api_key = "beta-key"
"""


def profiles(text: str = PROFILES, name: str = "bluum.toml") -> None:
    Path(name).write_text(text)
    Path(name).chmod(0o600)


def test_a_profile_has_a_key_pair_a_folder_a_dataset_and_a_pace_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles()
    monkeypatch.setenv("BLUUM_TIMEOUT", "7")  # what it does not set is as for all
    settings = configured(monkeypatch, BLUUM_PROFILE="acme")
    assert settings.api_secret is not None
    assert (settings.api_key, settings.api_secret.get_secret_value()) == ("acme-key", "acme-hunter2")
    assert (settings.api_url, settings.surface, settings.accounts) == ("https://acme.example/v1", "investors", {"a", "b"})
    assert (settings.requests_per_second, settings.dataset, settings.timeout) == (3, "raw_acme", 7)
    assert settings.bi == tmp_path / "data" / "acme" / "bi.duckdb"
    assert Settings.of("acme") == settings


def test_a_profile_s_secret_may_come_from_the_environment_or_dot_env(monkeypatch: pytest.MonkeyPatch) -> None:
    profiles()
    Path(".env").write_text("BLUUM_PROFILES__BETA-2__API_SECRET=12345\n")
    secret = Settings.of("beta-2").api_secret
    assert secret is not None
    assert secret.get_secret_value() == "12345"
    monkeypatch.setenv("BLUUM_PROFILES__ACME__API_SECRET", "from the environment")
    secret = Settings.of("acme").api_secret
    assert secret is not None
    assert secret.get_secret_value() == "from the environment"


@pytest.mark.parametrize("spelling", ["BLUUM_API_SECRET", "BLUUM_SECRET_KEY"])
def test_a_profile_is_never_completed_by_another_one_s_key_pair_or_address(
    monkeypatch: pytest.MonkeyPatch, spelling: str
) -> None:
    profiles()
    plain = {"BLUUM_API_KEY": "key", spelling: "plain-hunter2", "BLUUM_API_BASE_URL": "https://plain.example/v1"}
    for name, value in plain.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsRefused, match=r"^BLUUM_API_SECRET is missing for the profile beta-2"):
        Settings.of("beta-2")
    monkeypatch.setenv("BLUUM_PROFILES__BETA-2__API_SECRET", "s")
    assert Settings.of("beta-2").api_url == "https://api.bluumfinance.com/v1"
    assert Settings.of("").api_url == "https://plain.example/v1"


def test_the_profiles_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    assert profile_names() == ["sandbox"]
    profiles()
    assert profile_names() == ["acme", "beta-2"]
    monkeypatch.setenv("BLUUM_PROFILE", "acme")
    assert profile_names() == ["acme", "beta-2"]
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    assert profile_names() == ["default", "acme", "beta-2"]


def test_the_settings_file_may_be_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profiles(name="elsewhere.toml")
    Path(".env").write_text(f"BLUUM_PROFILES_FILE={tmp_path / 'elsewhere.toml'}\nBLUUM_PROFILE=acme\n")
    assert Settings.of().api_key == "acme-key"
    assert profile_names() == ["acme", "beta-2"]


def test_a_settings_file_that_is_named_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLUUM_PROFILES_FILE", "nowhere.toml")
    with pytest.raises(SettingsRefused, match=r"^BLUUM_PROFILES_FILE: there is no file nowhere\.toml$"):
        profile_names()


def test_an_unknown_profile_is_refused_by_one_line_that_names_the_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    profiles()
    monkeypatch.setenv("BLUUM_PROFILE", "amce")
    with pytest.raises(SettingsRefused) as raised:
        Settings.of()
    said = "BLUUM_PROFILE: there is no profile 'amce' in bluum.toml; known are default, sandbox, acme, beta-2"
    assert str(raised.value) == said


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[profiles.demo]\napi_key='k'", "cannot be called 'demo'"),
        ("[profiles.default]\napi_key='k'", "cannot be called 'default'"),
        ("[profiles.'../up']\napi_key='k'", "'../up' must be of a-z, 0-9, - and _"),
        ("[profiles.'a/b']\napi_key='k'", "'a/b' must be of"),
        ("[profiles.Acme]\napi_key='k'", "'Acme' must be of"),
        ("[profiles.'']\napi_key='k'", "'' must be of"),
        ("[profiles.acme]\nratelimit=3", "the profile acme has an unknown setting: ratelimit"),
        ("[profiles.acme]\nprofile='b'", "unknown setting: profile"),
        ("[profiles.acme]\nsurface='wealth'\napi_key='k'", "BLUUM_SURFACE ('wealth')"),
        ("[profiles.acme]\nsurface='investors'", "BLUUM_API_KEY and BLUUM_API_SECRET are missing for the profile acme"),
        ("profiles = 'hunter2'", "must hold tables like [profiles.acme]"),
        ("[profiles\nhunter2", "bluum.toml cannot be read"),
        ("[profiles.acme]\napi_key='k'\n[umbra]\napi_secret='hunter2'", "and nothing beside them: umbra"),
        ("rate_limit=5\n[profiles.acme]\napi_key='k'", "and nothing beside them: rate_limit"),
    ],
)
def test_a_settings_file_that_cannot_be_used(text: str, why: str) -> None:
    profiles(text)
    with pytest.raises(SettingsRefused) as raised:
        Settings.of("acme")
    assert why in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_no_profile_can_be_called_as_a_folder_that_the_program_makes() -> None:
    root = Path(__file__).parents[2]
    sources = [path for part in ("pipelines", "assets", "cli", "reading") for path in (root / part).rglob("*.py")]
    made = set(re.findall(r'\b(?:folder|data_dir|path\.parent) / "([a-z]+)"', "".join(map(Path.read_text, sources))))
    told = set(re.findall(r"^\| `([a-z]+)/?`", (root / "data" / "README.md").read_text(), re.MULTILINE))
    assert {"report", "reports", "export", "dlt", "dbt", "dagster"} <= made <= told
    for name in made | told:
        profiles(f"[profiles.{name}]\napi_key='k'")
        with pytest.raises(SettingsRefused, match=f"cannot be called '{name}', a name the program itself uses"):
            Settings.of(name if name != "sandbox" else "acme")


def test_a_settings_file_that_shows_secrets_to_others_is_refused() -> None:
    profiles()
    Path("bluum.toml").chmod(0o640)
    with pytest.raises(SettingsRefused, match=r"others may read it: chmod 600 bluum\.toml"):
        Settings.of("acme")
    Path("bluum.toml").write_text("[profiles.acme]\napi_key='k'\n")  # without a secret anybody may read it
    assert profile_names() == ["acme"]


# ------------------------------------------------------------------ refusals and the webhook


def test_a_refusal_is_one_line_for_all_that_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLUUM_SURFACE", "wealth")
    monkeypatch.setenv("BLUUM_BASE_URL", "http://127.0.0.1:99999/v1")
    with pytest.raises(SettingsRefused) as raised:
        Settings.of()
    assert str(raised.value) == (
        "BLUUM_BASE_URL ('http://127.0.0.1:99999/v1'): has an invalid port; "
        "BLUUM_SURFACE ('wealth'): Input should be 'accounts' or 'investors'"
    )


@pytest.mark.parametrize("dataset", ["marts", "Raw", "a b", "1raw", 'raw"; drop', ""])
def test_a_dataset_that_is_no_schema_of_ours(dataset: str) -> None:
    with pytest.raises(ValidationError):
        Settings(dataset=dataset)


@pytest.mark.parametrize("url", ["https://hooks.example/hunter2", "http://127.0.0.1:9/hunter2"])
def test_a_webhook_is_a_secret(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    settings = configured(monkeypatch, BLUUM_ALERT_WEBHOOK=url)
    assert settings.alert_webhook is not None
    assert settings.alert_webhook.get_secret_value() == url
    assert "hunter2" not in repr(settings) + settings.model_dump_json()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://hooks.example/hunter2", "must be https"),
        ("hooks.example/hunter2", "must look like https://host/path"),
        ("https://hooks.example:99999/hunter2", "has an invalid port"),
    ],
)
def test_a_webhook_that_cannot_be_is_refused_without_being_shown(
    monkeypatch: pytest.MonkeyPatch, url: str, why: str
) -> None:
    monkeypatch.setenv("BLUUM_ALERT_WEBHOOK", url)
    with pytest.raises(SettingsRefused, match=r"^BLUUM_ALERT_WEBHOOK: ") as raised:
        Settings.of()
    assert why in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_a_lake_is_moved_to_a_folder_or_to_s3_and_nowhere_else() -> None:
    lake, here = "ducklake:postgres:dbname=lake", Settings()
    for place, data in (("s3://bucket/lake", "s3://bucket/lake/sandbox"), ("/srv/lake", "/srv/lake/sandbox")):
        assert moved(here, lake, place).lake == Lake.of(lake, data, schema="sandbox")
    with pytest.raises(SettingsRefused, match=r"--data \('gs://bucket/lake'\): must be a folder or s3://bucket/folder"):
        moved(here, lake, "gs://bucket/lake")
    with pytest.raises(ValidationError, match="must be a folder or s3://bucket/folder"):
        Settings(lake_data="gs://bucket/lake")
