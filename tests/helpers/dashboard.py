"""The program serving its dashboard, in a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

PROGRAM = Path(sys.executable).with_name("bluum")


@contextmanager
def dashboard(bi: Path, *options: str) -> Iterator[tuple[str, psutil.Process]]:
    """The dashboard of a file on a free port; its address, and its process."""
    command = [PROGRAM, "dashboard", "--port", "0", "--bi", bi, *options]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(bi.parent), "BLUUM_DATA_DIR": str(bi.parent)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, cwd=bi.parent, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[1], psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(20)
