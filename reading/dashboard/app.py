"""The dashboard's cells: which named question fills which part of the page. `bluum dashboard` serves it.

Its parts and pictures are made in `parts` and `charts`; a cell asks, and says why where there is nothing to show.
"""

import marimo

app = marimo.App(width="full", app_title="Bluum: drift and P&L", css_file="look.css")

with app.setup:
    from typing import Any

    import marimo as mo

    from pipelines.errors import BluumError
    from reading import Marts
    from reading.chosen import chosen
    from reading.dashboard import charts, parts

    SHOWN_NIGHTS = 60
    SHOWN_PORTFOLIOS = 40
    SHOWN_ROWS = 15
    # The questions of this page: a file that cannot answer all of them is of another version, and the page says so.
    ASKED = (
        "published",
        "nights",
        "portfolios_listed",
        "firm_night",
        "asset_classes_listed",
        "drift_by_class",
        "outside_on",
        "allocation_history",
        "causes_bridge",
        "causes_by_night",
        "causes_between",
        "pnl_by_night",
        "pnl_made_of",
        "pnl_by_class",
        "pnl_by_account",
        "breaches_between",
    )


@app.cell
def _():
    marts = Marts(chosen())
    # What was chosen outlives a new night, which makes every control anew; plain, so that remembering redraws nothing.
    remembered: dict[str, str] = {}
    return marts, remembered


@app.cell
def _(marts):
    published = mo.watch.file(marts.place)
    return (published,)


@app.cell
def _(marts, published):
    _ = published()  # asked again whenever the file is replaced
    try:
        marts.check(ASKED)
        night, nights = marts.ask("published").row(), marts.ask("nights").rows()
        portfolios = marts.ask("portfolios_listed").rows()
        _is_there = night is not None and night["as_of_date"] is not None and nights
        _why = None if _is_there else "No night has landed yet; `bluum sync` brings the first"
    except BluumError as _error:
        night, nights, portfolios, _why = None, [], [], str(_error)
    mo.stop(_why is not None, mo.Html(parts.empty("Nothing to show yet", f"{_why}. This page fills itself then.")))
    return night, nights, portfolios


@app.cell
def _(marts, night, nights):
    _there = sum(each["is_there"] for each in nights)
    _complete = night["accounts_listed"] - night["accounts_incomplete"]
    mo.Html(
        parts.header(
            f"Night of <strong>{parts.day(night['as_of_date'])}</strong>, published {parts.moment(night['published_at'])}. "
            f"{_there} of {len(nights)} trading days since {parts.day(nights[0]['as_of_date'])} are here. Of the newest, "
            f"{_complete:,} of {night['accounts_listed']:,} accounts are complete.",
            parts.firm_tiles(marts.ask("firm_night", night=night["as_of_date"]).rows()),
        )
    )
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
    _currencies = sorted({each[kind] for each in portfolios for kind in ("currency", "account_currency") if each[kind]})
    _classes = [each["asset_class"] for each in marts.ask("asset_classes_listed").rows()]
    since = _choose("From the night of", _days, list(_days)[min(SHOWN_NIGHTS, len(_days)) - 1])
    until = _choose("to the night of", {"the newest": night["as_of_date"], **_days}, "the newest")
    currency = _choose("Currency", {"all": None, **{each: each for each in _currencies}}, "all")
    portfolio = _choose("Portfolio", {"all": None, **{each["label"]: each["portfolio_id"] for each in portfolios}}, "all")
    asset_class = _choose("Asset class", {"all": None, **{each.replace("_", " "): each for each in _classes}}, "all")
    return asset_class, currency, portfolio, since, until


@app.cell
def _(asset_class, currency, portfolio, since, until):
    mo.Html(parts.controls(since, until, currency, portfolio, asset_class))
    return


@app.cell
def _(asset_class, currency, portfolio, since, until):
    span = {"first": since.value, "last": until.value}
    narrowed = {"currency": currency.value, "portfolio_id": portfolio.value, "asset_class": asset_class.value}
    between = f"from {parts.day(since.value)} to {parts.day(until.value)}"
    is_span = since.value < until.value
    return between, is_span, narrowed, span


@app.cell
def _(marts, narrowed, published, until):
    _ = published()
    _found = marts.ask("drift_by_class", night=until.value, **narrowed).rows()
    _counts = marts.ask("outside_on", night=until.value, **narrowed).rows()[0]
    furthest = _found[0] if _found else None
    _since = min(
        (each["outside_since"] for each in _found if parts.is_outside(each) and each["outside_since"]), default=None
    )
    _is_part = _counts["portfolios_analysed"] > SHOWN_PORTFOLIOS
    mo.Html(
        parts.section(
            "Who is outside policy",
            parts.outside(_counts, until.value, _since)
            + (f" The {SHOWN_PORTFOLIOS} that are furthest off are shown." if _is_part else ""),
            parts.heatmap([each for each in _found if each["place"] <= SHOWN_PORTFOLIOS]),
            parts.legend(),
        )
        if _found
        else parts.empty(
            "Who is outside policy",
            f"No portfolio of this choice was analysed on {until.value.isoformat()}: it is of another currency or class, or "
            "its analysis did not come that night.",
        )
    )
    return (furthest,)


@app.cell
def _(asset_class, furthest, portfolio, portfolios):
    looked_at = portfolio.value or (furthest and furthest["portfolio_id"])
    looked_at_class = asset_class.value or (furthest and furthest["asset_class"])
    _label = next((each["label"] for each in portfolios if each["portfolio_id"] == looked_at), "no portfolio")
    looked_at_label = parts.about(_label, is_chosen=portfolio.value is not None)
    return looked_at, looked_at_class, looked_at_label


@app.cell
def _(asset_class, between, looked_at, looked_at_label, marts, published, span):
    _ = published()
    _rows = marts.ask("allocation_history", portfolio_id=looked_at, asset_class=asset_class.value, **span).rows()
    _known = [each for each in _rows if each["actual_percent"] is not None]
    _classes = sorted({each["asset_class"] for each in _known})
    _panels = [charts.allocation(name, [each for each in _rows if each["asset_class"] == name]) for name in _classes]
    _no_bands = "" if any(each["min_percent"] is not None for each in _known) else " No policy with bands was in force."
    mo.Html(
        parts.section(
            "Actual, target and band over time",
            f"{looked_at_label}, {between}. The line is the actual share, the dashes its target, the area its band; "
            f"▲ ▼ ◆ are nights outside. A night that is missing is a gap.<strong>{_no_bands}</strong>",
            parts.grid(mo.as_html(each).text for each in _panels),
        )
        if _known
        else parts.empty(
            "Actual, target and band over time", "No portfolio of this choice was analysed between these nights."
        )
    )
    return


@app.cell
def _(asset_class, between, is_span, looked_at, looked_at_class, looked_at_label, marts, nights, published, span):
    _ = published()
    _of = {"portfolio_id": looked_at, "asset_class": looked_at_class, **span}
    _too_few = (
        "The first night has to be before the last: choose an earlier one above."
        if sum(each["is_there"] for each in nights) > 1
        else "It takes two nights to say what moved drift, and one is here."
    )
    _steps, _nights = marts.ask("causes_bridge", **_of).rows(), marts.ask("causes_by_night", **_of).rows()
    _all = marts.ask("causes_between", portfolio_id=looked_at, asset_class=asset_class.value, **span).rows()
    _unknown = {each["as_of_date"]: parts.words(each["unknown_reason"]) for each in _nights if each["unknown_reason"]}
    mo.Html(
        parts.section(
            "Why drift moved",
            f"{looked_at_label}, {parts.words(looked_at_class)}, {between}. "
            + (
                f"Nights that could not be taken apart: {len(_unknown)} ({', '.join(sorted(set(_unknown.values())))}); what "
                "moved then is in the remainder."
                if _unknown
                else "Every night is explained."
            ),
            parts.grid(
                (
                    mo.as_html(charts.bridge(_steps, " points", f"Drift of {looked_at_class}, from night to night")).text,
                    mo.as_html(charts.causes(_nights, f"What moved drift of {looked_at_class}, each night")).text,
                ),
                wide=True,
            ),
            parts.causes_table("Asset classes of this portfolio, in points of drift", _all),
        )
        if _steps and is_span
        else parts.empty(
            "Why drift moved",
            "No analysis of this portfolio and class between these nights, so that nothing is known of what moved it."
            if is_span
            else _too_few,
        )
    )
    return


@app.cell
def _(asset_class, between, currency, marts, portfolio, portfolios, published, span):
    _ = published()
    _account = next((each["account_id"] for each in portfolios if each["portfolio_id"] == portfolio.value), None)
    _asked = {"currency": currency.value if _account is None else None, "account_id": _account, **span}
    _nights, _made_of = marts.ask("pnl_by_night", **_asked).rows(), marts.ask("pnl_made_of", **_asked).rows()
    _classes = marts.ask("pnl_by_class", asset_class=asset_class.value, **_asked).rows()
    _accounts = marts.ask("pnl_by_account", most=SHOWN_ROWS, **_asked).rows()
    _drawn = [
        mo.as_html(chart).text
        for each in sorted({each["currency"] for each in _nights if each["net_pnl"] is not None})
        for chart in charts.earned(each, _made_of, _nights, _classes)
    ]
    mo.Html(
        parts.section(
            "What was earned",
            ("The account of the chosen portfolio" if _account else "All accounts of this choice, each currency by itself")
            + f", {between}. Bluum reports P&amp;L by account; net is realized and unrealized, with dividends and interest, "
            "less fees.",
            parts.grid(_drawn, wide=True),
            parts.earned_table(_accounts),
        )
        if _drawn
        else parts.empty(
            "What was earned",
            "No P&L is known between these nights: that of a night is measured from the night before it.",
        )
    )
    return


@app.cell
def _(between, is_span, marts, narrowed, published, span):
    _ = published()
    _moved = marts.ask("causes_between", most=SHOWN_ROWS, **narrowed, **span).rows()
    _breaches = marts.ask("breaches_between", most=SHOWN_ROWS, **narrowed, **span).rows()
    mo.Html(
        parts.section(
            "What moved between the two nights",
            f"All portfolios of this choice, {between}, the largest moves first.",
            parts.causes_table("Drift before and after, and what moved it, in points", _moved),
            parts.breaches_table(_breaches),
        )
        if _moved and is_span
        else parts.empty(
            "What moved between the two nights",
            "Two nights are needed to compare, the first before the last, both with an analysis.",
        )
    )
    return


if __name__ == "__main__":
    app.run()
