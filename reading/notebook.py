"""A notebook that teaches the warehouse by twelve questions: `bluum notebook` opens a copy of it that is yours to change.

As a script (`python notebook.py`) it prints the same. What is asked stands in `questions/`, how to read it in `tour`.
"""

import marimo

app = marimo.App(width="medium", app_title="The warehouse in twelve questions")

with app.setup:
    import marimo as mo

    from reading import Marts, questions
    from reading.chosen import chosen
    from reading.tour import TOUR


@app.cell(hide_code=True)
def _():
    mo.md(
        """
        # The warehouse in twelve questions

        Bluum answers "now". The warehouse keeps every night, and answers since when, why, and what it came to. Each question
        below has its SQL, its answer, and what to know when one reads it. Change a query, or write your own at the end:
        the file is opened read-only, and afresh for each question, so that nothing can be spoilt and no night is an old one.
        """
    )
    return


@app.cell(hide_code=True)
def _():
    marts = Marts(chosen())

    def show(name: str) -> object:
        """A question with its SQL, its answer, and how to read it; printed where there is nobody to show it to."""
        question, found = questions()[name], marts.ask(name).polars()
        if not mo.running_in_notebook():
            print(f"{question.title}\n\n{question.sql}\n\n{found}\n{TOUR[name]}\n")
            return None
        return mo.vstack(
            [
                mo.md(f"## {question.title}"),
                mo.md(f"```sql\n{question.sql}\n```"),
                mo.ui.table(found, selection=None, show_column_summaries=False),
                mo.md(TOUR[name]),
            ]
        )

    return marts, show


@app.cell
def _(show):
    show("outside_policy")
    return


@app.cell
def _(show):
    show("longest_breaches")
    return


@app.cell
def _(show):
    show("breach_causes")
    return


@app.cell
def _(show):
    show("policy_then_and_now")
    return


@app.cell
def _(show):
    show("adherence_by_month")
    return


@app.cell
def _(show):
    show("trades_done")
    return


@app.cell
def _(show):
    show("worth_and_return")
    return


@app.cell
def _(show):
    show("worst_months")
    return


@app.cell
def _(show):
    show("worst_month_bridge")
    return


@app.cell
def _(show):
    show("restated")
    return


@app.cell
def _(show):
    show("tax_of_trades")
    return


@app.cell
def _(show):
    show("firm")
    return


@app.cell(hide_code=True)
def _():
    mo.md(
        """
        ## Your own

        `marts.ask(name, ...)` asks a named question, `marts.sql(query, name=value)` one of your own. The answer is had as
        `.arrow()`, `.polars()`, `.pandas()` or `.rows()`, its decimals exact in each of them.
        """
    )
    return


@app.cell
def _(marts):
    earned = marts.sql(
        """
        select account_id, currency, sum(net_pnl) as net_pnl, count(net_pnl) as nights_known, count(*) as nights
        from marts.pnl_daily group by all order by currency, net_pnl
        """
    ).polars()
    earned if mo.running_in_notebook() else print(earned)
    return


if __name__ == "__main__":
    app.run()
