"""Breach episodes: runs of nights in breach in one direction, per portfolio, class and kind of breach.

A night on which the breach cannot be told (no observation, or no policy that names the class) does not end one.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from oracle.compare import Mart
from oracle.drift import ClassNight, analyses
from oracle.observed import Observed
from oracle.rosters import account_nights


@dataclass(frozen=True)
class ParseResult:
    """What one night says of one kind of breach: side +1 over, -1 under, 0 inside."""

    day: date
    side: int
    distance: Decimal
    version: int | None


@dataclass
class Episode:
    nights: list[ParseResult]
    ended_on: date | None = None


def drift_episodes(observed: Observed) -> Mart:
    series: dict[tuple[str, str, str], list[ParseResult]] = {}
    seen: dict[tuple[str, str], date] = {}  # the last night on which a class was there
    owner: dict[str, str] = {}
    for night in analyses(observed):
        portfolio_id = night.analysis.portfolio_id
        owner[portfolio_id] = night.account.account_id
        for item in night.classes:
            seen[portfolio_id, item.asset_class] = night.day
            for kind, read in (("band", _band), ("threshold", _threshold)):
                reading = read(night.day, item)
                if reading:
                    series.setdefault((portfolio_id, item.asset_class, kind), []).append(reading)
    rows: Mart = {}
    complete = {key[1]: key[0] for key, row in account_nights(observed).items() if row["is_complete"]}  # the last one
    for (portfolio_id, asset_class, kind), readings in series.items():
        told = {reading.day for reading in readings}
        for episode in _runs(readings):
            first, last = episode.nights[0], episode.nights[-1]
            peak = max(reading.distance for reading in episode.nights)
            between = (first.day + timedelta(days=step) for step in range(1, (last.day - first.day).days))
            rows[portfolio_id, asset_class, kind, first.day] = {
                "account_id": owner[portfolio_id],
                "direction": "over" if first.side > 0 else "under",
                "last_breach_on": last.day,
                "ended_on": episode.ended_on,
                "outcome": "ended"
                if episode.ended_on
                else "lost"
                if complete.get(owner[portfolio_id], date.min) > seen[portfolio_id, asset_class]
                else "open",
                "last_observed_on": episode.ended_on or readings[-1].day,
                "nights_observed": len(episode.nights),
                "nights_missing": sum(observed.is_expected(day) and day not in told for day in between),
                "peak_distance_percent": peak,
                "peak_on": min(reading.day for reading in episode.nights if reading.distance == peak),
                "area_point_nights": sum(
                    (reading.distance for reading in episode.nights if observed.is_session(reading.day)), Decimal(0)
                ),
                "policy_version_at_start": first.version,
                "policy_version_at_end": last.version,
                "is_left_censored": first.day == readings[0].day,
            }
    return rows


def _runs(readings: list[ParseResult]) -> list[Episode]:
    found: list[Episode] = []
    running: Episode | None = None
    for reading in readings:
        if running and reading.side == running.nights[0].side:
            running.nights.append(reading)
            continue
        if running:
            running.ended_on, running = reading.day, None
        if reading.side:
            running = Episode([reading])
            found.append(running)
    return found


def _band(day: date, item: ClassNight) -> ParseResult | None:
    distance = item.band_distance
    if distance is None:
        return None
    return ParseResult(day, _side(distance), abs(distance), item.policy.version if item.policy else None)


def _threshold(day: date, item: ClassNight) -> ParseResult | None:
    if item.policy is None or item.drift is None:
        return None
    side = _side(item.drift) if item.is_over_threshold else 0
    return ParseResult(day, side, abs(item.drift) - item.policy.threshold, item.policy.version)


def _side(value: Decimal) -> int:
    return (value > 0) - (value < 0)
