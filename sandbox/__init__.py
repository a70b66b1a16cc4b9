"""A Bluum API on loopback: real HTTP, real daily closes, a movable clock, a rate limit and faults on demand.

    prices.csv + seed -> world (accounts, books, policies) -> ledger -> renderers -> app -> uvicorn

The ledger is the truth the tests reckon with; the renderers only write it down in Bluum's shapes. Nothing here knows
of the pipeline that reads it, and importing this package loads nothing. Run alone: `python -m sandbox`.
"""
