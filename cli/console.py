"""What all commands print to, and their exit codes.

Exit codes: 0 complete, 3 landed with failures, 1 nothing published, 2 wrong usage, 130 or 143 stopped by a signal.
"""

import sys

from rich.console import Console

COMPLETE, NOTHING_PUBLISHED, WITH_FAILURES = 0, 1, 3

out = Console(file=sys.stdout, highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 140)
err = Console(stderr=True, highlight=False, soft_wrap=True)
