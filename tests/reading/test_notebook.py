"""The notebook as its readers have it: opened by the program, it has answered its questions; as a script, it prints them."""

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from helpers.browser import Browser
from helpers.dashboard import PROGRAM
from helpers.small_bi import publish, story

from reading import questions
from reading.serving import NOTEBOOK
from reading.tour import TOUR

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bi(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(tmp_path_factory.mktemp("data") / "bi.duckdb", story())


def test_every_question_is_answered_when_it_opens_and_nobody_else_is_asked(
    browser: Browser, bi: Path, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [PROGRAM, "notebook", "--bi", bi, "--port", str(port)]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "BLUUM_DATA_DIR": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, cwd=tmp_path, text=True) as process:
        try:
            assert process.stdout is not None
            addresses = (re.search(r"http://\S+", line) for line in process.stdout)
            address = next(found[0] for found in addresses if found)
            with browser.open(address) as visit:
                visit.page.locator("marimo-table").nth(len(TOUR) - 1).wait_for(state="attached")
                assert visit.complaints == []
                assert visit.strangers == []
        finally:
            for each in [*psutil.Process(process.pid).children(recursive=True), process]:
                each.terminate()


def test_the_notebook_as_a_script_prints_each_of_the_twelve_questions_with_its_answer(bi: Path, tmp_path: Path) -> None:
    copy = shutil.copyfile(NOTEBOOK, tmp_path / "notebook.py")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "BLUUM_BI": str(bi)}
    run = subprocess.run([sys.executable, copy], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    asked = [questions()[name].title for name in TOUR]
    assert len(asked) == 12
    assert sorted(asked, key=run.stdout.index) == asked
