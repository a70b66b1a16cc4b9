"""A process with everything imported, from which runs of the program are forked, and what the system says of processes.

Importing Dagster, dlt and dbt takes longer than a small night, and a kill in there proves nothing. So a helper process
imports them once and forks for every start; from there on it is the program as installed. It can make batches small, too,
so that a night of seconds has as many as one of hours.
"""

import gc
import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

PATIENCE = 120.0


class Zygote:
    """A process with everything imported, from which runs of the program are forked, one at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "helpers.zygote"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        )
        assert self._answer() == {"ready": True}

    def start(
        self,
        *arguments: str,
        env: Mapping[str, str],
        output: Path,
        errors: Path | None = None,
        cwd: Path | None = None,
        batch_seconds: float | None = None,
    ) -> int:
        """Fork a run with this environment and no other; returns its process id. Errors go to the output by default."""
        order = {
            "batch_seconds": batch_seconds,
            "arguments": arguments,
            "env": {**env},
            "output": str(output),
            "errors": str(errors or ""),
            "cwd": str(cwd or Path.cwd()),
        }
        assert self._process.stdin
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._answer()["pid"])

    def wait(self) -> int:
        """Exit code of the run: negative after a signal."""
        return int(self._answer()["code"])

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(PATIENCE)

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, "the zygote died"
        answer: dict[str, Any] = json.loads(line)
        return answer


def is_alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def processes_below(pid: int) -> list[int]:
    """Process ids of the children, whichever thread started them."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(child) for child in task.read_text().split()]
    return found


def _be_a_zygote() -> None:
    import dagster
    import dlt.destinations.impl.duckdb.duck

    import pipelines.api.engine
    from cli.main import main
    from cli.running import execute  # and with it dbt, whose handlers of logs dagster-dbt takes away

    _ = dlt.destinations.impl.duckdb.duck, execute
    with tempfile.TemporaryDirectory() as home, dagster.DagsterInstance.local_temp(home):
        pass  # what an instance imports late
    gc.freeze()  # else every fork would copy what its collector of garbage looks at
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if not pid:
            out = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            err = os.open(order["errors"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600) if order["errors"] else out
            nothing = os.open(os.devnull, os.O_RDONLY)
            for number, descriptor in enumerate((nothing, out, err)):
                os.dup2(descriptor, number)
            os.chdir(order["cwd"])
            os.environ.clear()
            os.environ.update(order["env"])
            sys.argv = ["bluum", *order["arguments"]]
            if order["batch_seconds"]:
                pipelines.api.engine.BATCH_SECONDS = order["batch_seconds"]
            _run(main)
        print(json.dumps({"pid": pid}), flush=True)
        print(json.dumps({"code": os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}), flush=True)


def _run(main: Callable[[], NoReturn]) -> NoReturn:
    """Run the program to its exit code, without the interpreter's tidying up: it would join threads that no fork has."""
    code = 1
    try:
        main()
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _be_a_zygote()
