"""`python -m sandbox [--port N] [--accounts N] ...`: serve until Ctrl-C. Reads no file and no environment."""

from sandbox.server import main

if __name__ == "__main__":
    main()
