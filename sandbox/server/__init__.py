"""The HTTP side of the sandbox: how it is started, what it answers, and in which shapes. What is true is the world's.

with running(Options(accounts=60)) as sandbox:
    httpx.get(sandbox.base_url + "/accounts", auth=(sandbox.key, sandbox.secret))
"""

from sandbox.server.options import Options
from sandbox.server.start import Sandbox, running, serve

__all__ = ["Options", "Sandbox", "running", "serve"]
