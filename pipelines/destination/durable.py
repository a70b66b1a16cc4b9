"""Makes sure that what was written is on the disk, before a name leads to it. What is written is everybody else's matter."""

import os
from pathlib import Path


def flush(path: Path) -> None:
    """Wait until a file, or what a folder lists, is on the disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
