"""Bluum -> raw tables, with httpx and dlt. Knows nothing of Dagster, of dbt's models or of the sandbox.

schema       what the raw tables hold, and how one value is read into them exactly
api          what is asked of Bluum, what an answer means, and one night's asking from its first answer to its last
source       the dlt source: the raw tables as resources, for any destination
destination  the warehouse, a DuckDB file or a lake: loading, asking what is held, locking, publishing, moving, forgetting
night        one night into the warehouse, checkpoint by checkpoint; past P&L; reading kept answers again
"""

import os

# Arrow's own allocator keeps what is let go. It looks for this once, when it is imported.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
