"""`bluum sql`: a query answered, a client that opens."""

import fcntl
import io
import os
import pty
import re
import select
import struct
import subprocess
import termios
from pathlib import Path
from time import monotonic

import pytest
from helpers.dashboard import PROGRAM
from helpers.program import refused
from helpers.small_bi import publish, story
from rich.console import Console

from pipelines.errors import BluumError
from reading import prompt, questions


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


def _printed(bi: Path, query: str) -> str:
    console = Console(file=io.StringIO(), width=1000)
    prompt.answer(bi, query, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_name_or_a_value_in_markup_is_printed_as_it_is(bi: Path) -> None:
    printed = _printed(bi, "select '[red]a[/red] [/b]' as \"[bold]head[/bold]\"")
    assert "[red]a[/red] [/b]" in printed
    assert "[bold]head[/bold]" in printed


@pytest.mark.parametrize("query", ["", "  ", ";", "-- nothing but a comment"])
def test_no_query_is_one_line(bi: Path, query: str) -> None:
    with pytest.raises(BluumError, match="there is no query to answer"):
        _printed(bi, query)


def test_several_queries_are_refused(bi: Path) -> None:
    with pytest.raises(BluumError, match="2 queries in one: ask one at a time"):
        _printed(bi, "select 1; select 2")
    assert "7" in _printed(bi, "select 7; -- and a comment")


@pytest.mark.parametrize(
    "query",
    [
        "from read_csv('{other}')",
        "copy (select 1) to '{other}'",
        "attach '{other}' as other",
        "set enable_external_access = true",
    ],
)
def test_a_query_reads_and_writes_no_other_file_than_bi_duckdb(bi: Path, tmp_path: Path, query: str) -> None:
    other = tmp_path / "other.csv"
    other.write_text("a\n1\n")
    with pytest.raises(BluumError, match=r"disabled|locked"):
        _printed(bi, query.format(other=other))
    assert other.read_text() == "a\n1\n"
    assert "4321" in _printed(bi, "select account_number_last4 from marts.accounts")


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


def test_every_question_can_be_asked_with_nothing_chosen_of_a_file_without_rows(tmp_path: Path) -> None:
    from reading import Marts

    marts = Marts(publish(tmp_path / "bi.duckdb", {}))
    for name in questions():
        marts.ask(name)
