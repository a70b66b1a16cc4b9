"""A Bluum API on loopback: real HTTP, real daily closes, a movable clock and a rate limit.

    world/   who exists, what they hold, and its exact money: prices.csv + seed -> accounts -> histories -> ledger
    server/  the HTTP side: uvicorn -> app -> endpoints -> renderers, which write the ledger down in Bluum's shapes

The ledger is the truth the tests reckon with. Nothing here knows of the pipeline that reads it, and importing this
package loads nothing. Faults for tests are theirs (tests/helpers/faulty). Run alone: `bluum sandbox`.
"""
