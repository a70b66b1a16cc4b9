"""The commands to try the warehouse by: the sandbox, the demo, and Dagster's pages on this machine.

The work is done elsewhere; a command imports it when it runs.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.console import out
from pipelines.settings import Settings

commands = typer.Typer()


@commands.command()
def sandbox(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one")] = 8080,
    accounts: Annotated[int, typer.Option(min=0, help="how many accounts its world has")] = 12,
    rate_limit: Annotated[int, typer.Option(min=0, help="requests a second; 0: none")] = 10,
    latency: Annotated[float, typer.Option(min=0, help="seconds added to every answer")] = 0.0,
    seed: Annotated[str, typer.Option(help="another seed, another world")] = "bluum",
) -> None:
    """Serve the bundled Bluum API on loopback until Ctrl-C."""
    from assets.resources import sandbox_now
    from sandbox.server import Options, serve

    options = Options(accounts=accounts, rate_limit=rate_limit, latency=latency, seed=seed, start=sandbox_now())
    serve(
        options,
        port,
        announce=lambda it: out.print(f"BLUUM_BASE_URL={it.base_url} BLUUM_API_KEY={it.key} BLUUM_API_SECRET={it.secret}"),
    )


@commands.command()
def demo() -> None:
    """Play sixty nights of the sandbox into a folder of their own, and ask twelve questions of the result."""
    settings = Settings.of()
    from cli.demo import run_demo

    raise typer.Exit(run_demo(settings, out))


@commands.command()
def dev() -> None:
    """Open Dagster's UI, with the assets, the job `nightly` and its schedule."""
    settings = Settings.of()
    from cli.run_history import dagster_home

    # Dagster starts in this very folder, so that its runs read the same `.env` and bluum.toml as every other command.
    environment = {**os.environ, "DAGSTER_HOME": str(dagster_home(settings))}
    dagster = Path(sys.executable).with_name("dagster")
    program = Path(__file__).parent.parent  # where to import from: not from a folder `assets` that stands here by chance
    arguments = ["dev", "--module-name", "assets.definitions", "--working-directory", str(program)]
    os.execve(dagster, ["dagster", *arguments], environment)
