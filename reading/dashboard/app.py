"""The dashboard's cells: what can be chosen, and in which order the parts of the page stand. `bluum dashboard` serves it.

What a part asks and shows is written in `sections`. A cell that names `published` is run again when a night is published.
"""

import marimo

app = marimo.App(width="full", app_title="Bluum: drift and P&L", css_file="look.css")

with app.setup:
    from pathlib import Path
    from typing import Any

    import marimo as mo

    from pipelines.errors import BluumError
    from reading import Marts
    from reading.chosen import chosen
    from reading.dashboard import parts, sections
    from reading.wording import words

    SHOWN_NIGHTS = 60


@app.cell
def _():
    marts = Marts(chosen())
    # What was chosen outlives a new night, which makes every control anew; plain, so that remembering redraws nothing.
    remembered: dict[str, str] = {}
    return marts, remembered


@app.cell
def _(marts):
    # A file tells when it is replaced; a lake is asked now and then.
    is_file = isinstance(marts.place, Path)
    watched = mo.watch.file(marts.place) if is_file else mo.ui.refresh(["1m", "5m", "30m"], default_interval="5m")
    mo.output.replace(None if is_file else watched)
    return is_file, watched


@app.cell
def _(is_file, watched):
    published = watched() if is_file else watched.value
    return (published,)


@app.cell
def _(marts, published):
    _ = published  # asked again whenever there may be another night
    try:
        marts.check(sections.ASKED)
        night, nights = marts.ask("published_night").row(), marts.ask("nights").rows()
        portfolios = marts.ask("portfolios_listed").rows()
        _why = None if night and nights else "No night has landed yet; `bluum sync` brings the first"
    except BluumError as _error:
        night, nights, portfolios, _why = None, [], [], str(_error)
    mo.stop(_why is not None, mo.Html(parts.empty("Nothing to show yet", f"{_why}. This page fills itself then.")))
    return night, nights, portfolios


@app.cell
def _(marts, night, nights):
    mo.Html(sections.head(marts, night, nights))
    return


@app.cell
def _(marts, night):
    mo.Html(sections.outside(marts, night))
    return


@app.cell
def _(marts, night, nights, portfolios, remembered):
    def _choose(label: str, options: dict[str, Any], default: str) -> Any:
        kept = remembered.get(label, default)

        def _remember(chosen: Any) -> None:
            remembered[label] = next(shown for shown, each in options.items() if each == chosen)

        return mo.ui.dropdown(
            options,
            value=kept if kept in options else default,
            label=label,
            full_width=True,
            allow_select_none=False,
            on_change=_remember,
        )

    _there = [each["as_of_date"] for each in nights if each["is_there"]][::-1]
    _days = {f"{each.day} {each:%b %Y}": each for each in _there}
    _currencies = [each["currency"] for each in marts.ask("currencies_listed").rows()]
    _classes = [each["asset_class"] for each in marts.ask("asset_classes_listed").rows()]
    since = _choose("From the night of", _days, list(_days)[min(SHOWN_NIGHTS, len(_days)) - 1])
    until = _choose("to the night of", {"the newest": night["as_of_date"], **_days}, "the newest")
    currency = _choose("Currency", {"all": None, **{each: each for each in _currencies}}, "all")
    portfolio = _choose("Portfolio", {"all": None, **{each["label"]: each["portfolio_id"] for each in portfolios}}, "all")
    asset_class = _choose("Asset class", {"all": None, **{words(each): each for each in _classes}}, "all")
    return asset_class, currency, portfolio, since, until


@app.cell
def _(asset_class, currency, portfolio, since, until):
    mo.Html(parts.controls(since, until, currency, portfolio, asset_class))
    return


@app.cell
def _(asset_class, currency, portfolio, portfolios, since, until):
    _by_id = {each["portfolio_id"]: each for each in portfolios}
    choice = sections.Choice(since.value, until.value, currency.value, _by_id.get(portfolio.value), asset_class.value)
    return (choice,)


@app.cell
def _(choice, marts, published):
    _ = published
    _html, furthest = sections.drift(marts, choice)
    mo.Html(_html)
    return (furthest,)


@app.cell
def _(choice, furthest, portfolios):
    looked_at = sections.LookedAt.of(choice, furthest, {each["portfolio_id"]: each["label"] for each in portfolios})
    return (looked_at,)


@app.cell
def _(choice, looked_at, marts, published):
    _ = published
    mo.Html(sections.allocation(marts, choice, looked_at))
    return


@app.cell
def _(choice, looked_at, marts, nights, published):
    _ = published
    mo.Html(sections.causes(marts, choice, looked_at, nights))
    return


@app.cell
def _(choice, marts, published):
    _ = published
    mo.Html(sections.earned(marts, choice))
    return


@app.cell
def _(choice, marts, published):
    _ = published
    mo.Html(sections.moved(marts, choice))
    return


if __name__ == "__main__":
    app.run()
