"""The morning report as a Dagster asset: made of bi.duckdb once that is published, and never in the way of it.

What the report shows and how it is made is `reading/report/`.
"""

import dagster as dg

from assets.partitions import PROFILES
from assets.published import published
from assets.resources import Bluum
from pipelines.destination.lock import writing
from pipelines.errors import BluumError
from pipelines.settings import Settings
from reading.report import Report, make_report


class NotReported(BluumError):
    """The night is published; its report could not be made."""


@dg.asset(
    group_name="published",
    deps=[published],
    kinds={"html"},
    partitions_def=PROFILES,
    op_tags={"dagster/priority": "-1"},  # after the checks, which a failed report would keep from running
    description="report/index.html: the book, a page for each account and portfolio. Costs no night its publication.",
)
def report(bluum: dg.ResourceParam[Bluum]) -> dg.MaterializeResult[None]:
    """Make the report of the newest night, unless the settings want none. Raises NotReported."""
    made = report_of(bluum.settings)
    if made is None:
        return dg.MaterializeResult(metadata={"skipped": "BLUUM_KEEP_REPORTS is 0"})
    return dg.MaterializeResult(metadata={"path": dg.MetadataValue.path(made.path), "pages": made.pages})


def report_of(settings: Settings) -> Report | None:
    """Make the report of what is published; None where the settings want none. Raises NotReported, whatever went wrong."""
    if not settings.keep_reports:
        return None
    try:
        with writing(settings, "report"):
            return make_report(settings)
    except Exception as error:  # whatever it is, a mistake of ours too, is told as what it costs: a report, and no night
        said = str(error) if isinstance(error, BluumError) else f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        raise NotReported(f"the night is published, but without its report: {said}") from error
