"""The morning report: static pages of the newest night, one for the book, one for each account and each portfolio.

    make_report(settings) -> <data folder>/report/index.html

`make.py` says what is made in which order, `answers.py` and `book.py` what is asked, `pages.py` and `templates/` what a page
shows, `charts.py` and `drawing.py` what is drawn, `shelf.py` where the files stand. How a value is written is said in
`reading/wording.py`.
"""

from reading.report.make import Report, ReportFailed, make_account_report, make_report

__all__ = ["Report", "ReportFailed", "make_account_report", "make_report"]
