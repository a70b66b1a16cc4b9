"""The pack in a real Superset: imported into a fresh one, each chart asked, and asked again after the next night's file.

    python3 -m venv /tmp/superset
    /tmp/superset/bin/pip install apache-superset==6.1.0 duckdb-engine==0.17.0 duckdb==1.5.5
    /tmp/superset/bin/pip install rich cachetools flask-caching==2.3.1    # without them it does not start
    python bench/superset.py --superset /tmp/superset --bi data/demo/bi.duckdb

Superset wants versions that this project does not have, so it has an environment of its own, and is no part of the tests.
It works on a copy of the file, on loopback. Prints what each chart came to, and whether the next file was seen.
"""

import argparse
import json
import os
import shutil
import subprocess
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import httpx
import yaml
from playwright.sync_api import sync_playwright

from reading import Marts
from reading.superset import write_pack
from reading.superset.charts import DASHBOARDS

PORT = 8097
CONFIG = """
from superset.config import TALISMAN_CONFIG

# Superset's pages ask scarf.sh for a picture, whatever SCARF_ANALYTICS says: no page may load one from elsewhere.
TALISMAN_CONFIG["content_security_policy"]["img-src"] = ["'self'", "data:", "blob:"]
SECRET_KEY = "of one trial"
SQLALCHEMY_DATABASE_URI = "sqlite:///{folder}/superset.db"
WTF_CSRF_ENABLED = False
"""
ADMIN = "fab create-admin --username admin --firstname a --lastname a --email a@example.com --password admin"


def main() -> None:
    """Import, ask, replace, ask."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--superset", type=Path, required=True, help="the environment that Superset is installed in")
    parser.add_argument("--bi", type=Path, required=True)
    parser.add_argument("--look", type=Path, help="a folder for pictures of the dashboards, taken in Debian's Chromium")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, program = Path(name), given.superset.resolve() / "bin" / "superset"
        bi = Path(shutil.copy(given.bi, folder))
        write_pack(Marts(bi), folder / "pack.zip")
        (folder / "superset_config.py").write_text(CONFIG.format(folder=folder))
        environment = {
            **os.environ,
            "SUPERSET_CONFIG_PATH": str(folder / "superset_config.py"),
            "FLASK_APP": "superset",
            "SCARF_ANALYTICS": "false",
        }
        for command in ("db upgrade", ADMIN, "init", f"import-dashboards -p {folder}/pack.zip -u admin"):
            subprocess.run([program, *command.split()], env=environment, check=True, capture_output=True)
        server = subprocess.Popen(
            [program, "run", "-p", str(PORT)], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{PORT}/api/v1", timeout=60) as client:
                _try(client, bi)
            if given.look:
                _look(given.look)
        finally:
            server.terminate()
            server.wait()


def _try(client: httpx.Client, bi: Path) -> None:
    _log_in(client)
    for found in client.get("/chart/", params={"q": "(page_size:100)"}).json()["result"]:
        chart = client.get(f"/chart/{found['id']}").json()["result"]
        params = yaml.safe_load(chart["params"])
        rows = _ask(client, int(params["datasource"].split("__")[0]), params)
        print(f"{chart['slice_name']:60} {chart['viz_type']:24} {len(rows):5} rows")
    databases = client.get("/database/").json()["result"]
    before = _run(client, databases[0]["id"])
    fresh = Path(shutil.copy(bi, bi.with_name("fresh.duckdb")))
    with duckdb.connect(str(fresh)) as connection:
        connection.execute("update marts.manifest set run_id = 'the next night'")
    os.replace(fresh, bi)
    print(f"published: {before} -> {_run(client, databases[0]['id'])}")


def _look(folder: Path) -> None:
    """Open both dashboards as a person does, keep pictures of them, and say who else was asked for anything."""
    folder.mkdir(parents=True, exist_ok=True)
    strangers = set()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1500, "height": 1900})
        page.set_default_timeout(180_000)
        page.on("response", lambda answer: strangers.add(urlsplit(answer.url).netloc))
        page.goto(f"http://127.0.0.1:{PORT}/login/")
        page.locator("input[type=text]").fill("admin")
        page.locator("input[type=password]").fill("admin")
        page.locator("button[type=submit], input[type=submit]").first.click()
        page.wait_for_url("**/welcome/**")
        for dashboard in DASHBOARDS:
            page.goto(f"http://127.0.0.1:{PORT}/superset/dashboard/{dashboard.slug}/")
            page.locator(".slice_container").nth(sum(len(charts) for _, charts in dashboard.rows) - 1).wait_for()
            page.wait_for_load_state("networkidle")
            page.wait_for_timeout(5000)  # lines are drawn in steps
            page.screenshot(path=folder / f"{dashboard.slug}.png")
        browser.close()
    print(f"answered: {', '.join(sorted(strangers))}")


def _log_in(client: httpx.Client) -> None:
    """Wait until it answers, for two minutes at most, and take its token. Raises httpx.HTTPError."""
    who = {"username": "admin", "password": "admin", "provider": "db", "refresh": False}
    for attempt in range(120):
        try:
            answer = client.post("/security/login", json=who)
            break
        except httpx.ConnectError:
            if attempt == 119:
                raise
            time.sleep(1)
    client.headers["Authorization"] = f"Bearer {answer.raise_for_status().json()['access_token']}"


def _ask(client: httpx.Client, dataset: int, params: dict[str, Any]) -> list[dict[str, Any]]:
    """What a chart would ask, without its formats. Raises RuntimeError with what Superset says."""
    metrics = params.get("metrics") or ([params["metric"]] if "metric" in params else [])
    columns = [
        *params.get("groupby", []),
        *params.get("all_columns", []),
        *([params["x_axis"]] if "x_axis" in params else []),
    ]
    filters = [
        {"col": chosen["subject"], "op": chosen["operator"], "val": chosen["comparator"]}
        for chosen in params["adhoc_filters"]
    ]
    query = {"columns": columns, "metrics": metrics or None, "filters": filters, "row_limit": 50_000}
    asked = {"datasource": {"id": dataset, "type": "table"}, "queries": [query], "result_type": "full"}
    answer = client.post("/chart/data", json=asked)
    if answer.status_code != 200:
        raise RuntimeError(answer.text)
    rows: list[dict[str, Any]] = answer.json()["result"][0]["data"]
    return rows


def _run(client: httpx.Client, database: int) -> list[dict[str, Any]]:
    sql = "select distinct run_id, 12345678901234567890.123456789012345678::decimal(38, 18) as digits from marts.manifest"
    answer = client.post("/sqllab/execute/", json={"database_id": database, "sql": sql, "runAsync": False})
    rows: list[dict[str, Any]] = json.loads(answer.raise_for_status().text, parse_float=Decimal)["data"]
    return rows


if __name__ == "__main__":
    main()
