"""`bluum sql` and the notebook: a query answered, a client that opens, twelve questions printed."""

import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import termios
from pathlib import Path
from time import monotonic

import pytest
from helpers.dashboard import PROGRAM
from helpers.program import refused
from helpers.small_bi import publish, story

from pipelines.errors import BluumError
from reading import prompt, questions
from reading.serving import NOTEBOOK
from reading.tour import TOUR


@pytest.fixture(scope="module")
def bi(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(tmp_path_factory.mktemp("data") / "bi.duckdb", story())


def _sql(bi: Path, query: str) -> subprocess.CompletedProcess[str]:
    command = [PROGRAM, "sql", "--bi", bi, query]
    return subprocess.run(command, cwd=bi.parent, env={"HOME": str(bi.parent)}, capture_output=True, text=True, timeout=60)


@pytest.mark.slow
def test_a_query_is_answered_with_every_digit_in_lines_as_long_as_they_have_to_be(bi: Path) -> None:
    run = _sql(bi, "select *, net_pnl from marts.pnl_daily order by as_of_date")
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("12345678901234568.123456789") == 3  # net, unrealized, and net once more, of one night
    assert len(run.stdout.splitlines()) == 3 + 4 + 1


@pytest.mark.slow
def test_a_query_that_is_wrong_or_would_write_is_one_line(bi: Path) -> None:
    assert "nowhere does not exist" in refused(_sql(bi, "from nowhere"))
    assert "read-only" in refused(_sql(bi, "delete from marts.accounts"))


def test_without_harlequin_the_client_is_duckdbs_own_and_without_both_a_line_says_what_to_install(
    bi: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert prompt.client(bi)[1:3] == ["-m", "harlequin"]
    monkeypatch.setattr(prompt, "find_spec", lambda name: None)
    program = tmp_path / "duckdb"
    program.touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert prompt.client(bi) == [str(program), "-readonly", str(bi)]
    program.unlink()
    with pytest.raises(BluumError, match=r"pip install 'bluum-warehouse\[explore\]' brings harlequin"):
        prompt.client(bi)


@pytest.mark.slow
def test_harlequin_starts_in_a_terminal_with_the_file_in_its_catalog(bi: Path, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 140, 0, 0))
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TERM": "xterm-256color"}
    with subprocess.Popen(prompt.client(bi), stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        try:
            shown, ends = "", monotonic() + 60
            while not re.search(r"bi\s+db", shown):
                assert monotonic() < ends and select.select([ours], [], [], 60)[0], shown[-2000:]
                shown += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", os.read(ours, 65536).decode(errors="replace"))
        finally:
            process.kill()
            os.close(ours)


@pytest.mark.slow
def test_the_notebook_as_a_script_prints_each_of_the_twelve_questions_with_its_answer(bi: Path, tmp_path: Path) -> None:
    copy = shutil.copyfile(NOTEBOOK, tmp_path / "notebook.py")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "BLUUM_BI": str(bi)}
    run = subprocess.run([sys.executable, copy], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    asked = [questions()[name].title for name in TOUR]
    assert len(asked) == 12
    assert sorted(asked, key=run.stdout.index) == asked


def test_every_question_can_be_asked_with_nothing_chosen_of_a_file_without_rows(tmp_path: Path) -> None:
    from reading import Marts

    marts = Marts(publish(tmp_path / "bi.duckdb", {}))
    for name in questions():
        marts.ask(name)
