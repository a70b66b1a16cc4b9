"""The sandbox as tests want it: it fails on demand, remembers every request, and can rename or wipe what it holds.

    with running(Options(accounts=8)) as sandbox:
        sandbox.faults.set([Rule("reset", rate=0.1)])
        ...
        sandbox.requests.entries

rules.py decides what goes wrong, broken.py and splice.py carry it out, app.py and server.py are the sandbox's own with
these at their seams. Its answers are those of the sandbox in every other way.
"""

from helpers.faulty.requests import Entry
from helpers.faulty.rules import Rule
from helpers.faulty.server import Sandbox, running

__all__ = ["Entry", "Rule", "Sandbox", "running"]
