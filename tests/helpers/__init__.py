"""What several test modules and bench/ lean on; what only one of them needs stands beside it.

faulty/    the sandbox with faults on demand, odd ids, and a memory of what it was asked
browser    Chromium, what a page makes it complain of and ask for, and what axe finds
contract   a client that holds every answer against openapi.yaml
dashboard  the program serving its dashboard
house      a sandbox, a data folder and the syncs between them
kills      nights that are killed, and what is left of them
readers    processes that read bi.duckdb while it is replaced
small_bi   a bi.duckdb with the promised tables and a few rows
program    `bluum` in a process of its own
"""
