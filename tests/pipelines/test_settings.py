"""What a user can set, under which names, and what is refused with which words."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from pipelines.settings import Settings

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
        ("http://127.0.0.1:99999/v1", "a port that is none"),
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
    assert settings.warehouse == Path("/tmp/elsewhere/warehouse.duckdb")
    assert settings.bi == Path("/tmp/elsewhere/bi.duckdb")


def test_the_secret_is_in_no_text_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = configured(monkeypatch, BLUUM_API_KEY="key", BLUUM_API_SECRET="hunter2")
    assert "hunter2" not in repr(settings) + str(settings) + str(settings.model_dump()) + settings.model_dump_json()


def test_a_refusal_does_not_print_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "hunter2" not in refusal(monkeypatch, BLUUM_API_SECRET="hunter2")
