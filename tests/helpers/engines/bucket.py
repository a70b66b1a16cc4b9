"""A bucket on this machine: SeaweedFS, which speaks S3, can be stopped for a while, and keeps what it had."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from pipelines.lake import Bucket

KEY_ID, SECRET, NAME = "lake", "SQ7-secret-of-nobody", "lake"
WEED = Path(sys.executable).with_name("weed")


class Seaweed:
    """Master, volumes, filer and S3 in one process."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._master, self._volume, self._filer, self._s3 = _free_ports(4)
        identity = {
            "name": "lake",
            "credentials": [{"accessKey": KEY_ID, "secretKey": SECRET}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
        self.start()
        self._say(f"s3.bucket.create -name {NAME}")

    @property
    def bucket(self) -> Bucket:
        return Bucket(KEY_ID, SECRET, "us-east-1", f"http://127.0.0.1:{self._s3}")

    def start(self) -> None:
        options = {
            "dir": self._folder,
            "ip": "127.0.0.1",
            "ip.bind": "127.0.0.1",
            "master.port": self._master,
            "master.volumeSizeLimitMB": 64,
            "volume.port": self._volume,
            "volume.max": 100,
            "filer.port": self._filer,
            "s3.port": self._s3,
            "s3.config": self._folder / "s3.json",
        }
        with (self._folder / "log").open("a") as log:
            self._process = subprocess.Popen(
                [WEED, "server", "-s3", "-filer", *(f"-{name}={value}" for name, value in options.items())],
                cwd=self._folder,
                stdout=log,
                stderr=log,
            )
        patiently = Retrying(
            retry=retry_if_exception_type(URLError), stop=stop_after_delay(90), wait=wait_fixed(0.2), reraise=True
        )
        patiently(urlopen, f"http://127.0.0.1:{self._s3}/healthz")

    def stop(self) -> None:
        """At once, as a power cut does."""
        self._process.kill()
        self._process.wait()

    def _say(self, command: str) -> None:
        subprocess.run(
            [WEED, "shell", f"-master=127.0.0.1:{self._master}", f"-filer=127.0.0.1:{self._filer}"],
            input=command.encode(),
            capture_output=True,
            check=True,
            timeout=90,
        )


@contextmanager
def serving_a_bucket(folder: Path) -> Iterator[Seaweed]:
    """One that ends with the block."""
    seaweed = Seaweed(folder)
    try:
        yield seaweed
    finally:
        seaweed.stop()


def _free_ports(count: int) -> list[int]:
    """Ports that are free, as are those 10000 above, where SeaweedFS' own parts speak to each other."""
    found: list[int] = []
    while len(found) < count:
        with socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            if port + 10_000 > 65_535 or port in found:
                continue
            other.bind(("127.0.0.1", port + 10_000))
            found.append(port)
    return found
