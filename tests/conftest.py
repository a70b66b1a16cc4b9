"""What every test may lean on: no setting of the machine's leaks in, and hypothesis judges by truth, not by speed."""

import gc
import os
from collections.abc import Iterator

import hypothesis
import pytest

hypothesis.settings.register_profile(
    "shared machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("shared machine")
gc.set_threshold(100_000, 50, 100)  # dagster, dbt and dlt hold so many objects that looking through them costs a twentieth
SLOW = {
    "lake",
    "oracle",
    "sql",
    "engines",
    "cli",
    "assets",
    "faults",
    "test_wheel",
    "test_sync",
    "test_source",
    "test_replay",
    "test_backfill",
}
"""Modules, and folders of modules, that play whole nights or start programs."""
LONG = {
    "test_lake_kills",
    "test_lake_profiles",
    "test_lake_readers",
    "test_kills",
    "test_secrets",
    "test_wheel",
    "test_cli_profiles",
    "test_readers",
    "test_invariants",
    "test_engines",
}
"""Modules that start whole programs again and again, to kill, install, read beside or search them; drawn histories."""
ENGINES = {"test_lake_kills", "test_lake_profiles", "test_lake_readers"}
"""Modules that play many nights into lakes, three times as long as into files."""
LONGEST = (
    "test_oracle",
    "test_kills",
    "test_api_faults",
    "test_cli_profiles",
    "test_sync",
    "test_wheel",
    "test_invariants",
    "test_cli",
    "test_secrets",
)


@pytest.fixture(scope="session", autouse=True)
def _no_settings_of_the_machine() -> Iterator[None]:
    """Take every BLUUM_ variable out of the environment: a developer's own credentials are nobody's test data."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.upper().startswith("BLUUM_")]:
            patch.delenv(name)
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow or long; and the longest modules first, so that none of them is left to one worker at the end."""
    for item in items:
        if SLOW & {item.path.stem, item.path.parent.name}:
            item.add_marker(pytest.mark.slow)
        if item.path.stem in LONG:
            item.add_marker(pytest.mark.long)
        if item.path.stem in ENGINES:
            item.add_marker(pytest.mark.engines)
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))
