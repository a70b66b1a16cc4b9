"""Fault rules: which requests go wrong, and how. Decides only; broken.py and splice.py carry it out.

A rule fires on the requests it matches (endpoint, surface, account, path), after the first `after` of them, at most
`count` times, at a `rate` drawn from the seed, the request and how often that very request came: concurrency cannot
change the draw, and a retry gets a new one.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields

from sandbox.server.routes import ENDPOINTS, Route
from sandbox.world.exact import digest

CONNECTION = ("reset", "refused", "hold", "cut", "drip")
ANSWERS = (
    "truncated", "html", "content_type", "gzip", "status", "rate_limited", "unauthorized", "forbidden", "not_found",
    "no_content",
)  # fmt: skip
PAGING = ("endless", "repeat", "shift", "empty_roster")
EDITS = ("replace", "add", "remove")
KINDS = (*CONNECTION, *ANSWERS, *PAGING, *EDITS, "slow")
_ROSTERS = ("accounts", "investors")
_SCALE = 10**12


@dataclass(frozen=True)
class Rule:
    kind: str
    # which requests
    endpoint: str | None = None
    surface: str | None = None  # accounts, investors
    account: str | None = None  # either id of the account
    path: str | None = None  # a regular expression, searched in path?query as sent
    rate: float = 1.0
    after: int = 0
    count: int | None = None
    # how it goes wrong (each kind reads what it needs)
    status: int = 503
    body: str = "json"  # json, html, empty, or the body's own text: what a `status` fault carries
    retry_after: str | int | None = (
        None  # seconds (a 429 without another word), date, absent, absurd, or the header's own text
    )
    seconds: float = 1.0  # slow: delay; hold, refused: how long; drip: between bytes; rate_limited: Retry-After
    growth: float = 0.0  # slow: seconds added with each firing
    frame: str = "envelope"  # forbidden: envelope, flat, product
    shift: int = -1  # -1: something was inserted before the page (an item repeats); 1: removed (one is skipped)
    pointer: str = ""  # edits: a JSON pointer; a segment * is every member or item
    raw: str = "null"  # edits: literal JSON text, spliced in as it stands (it may be invalid JSON)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault {self.kind!r}: one of {', '.join(KINDS)}")
        if self.endpoint is not None and self.endpoint not in ENDPOINTS:
            raise ValueError(f"unknown endpoint {self.endpoint!r}: one of {', '.join(ENDPOINTS)}")
        if self.path is not None:
            re.compile(self.path)

    @classmethod
    def of(cls, given: Mapping[str, object]) -> "Rule":
        unknown = set(given) - {f.name for f in fields(cls)}
        if unknown:
            raise ValueError(f"unknown members of a fault rule: {', '.join(sorted(unknown))}")
        if "kind" not in given:
            raise ValueError("a fault rule needs a kind")
        return cls(**given)  # type: ignore[arg-type]


@dataclass
class Plan:
    """What goes wrong with one request."""

    delay: float = 0.0
    breaking: Rule | None = None  # a connection or an answer fault: the first that fires
    paging: Rule | None = None
    edits: list[Rule] = field(default_factory=list)

    @property
    def name(self) -> str:
        kinds = [rule.kind for rule in (self.breaking, self.paging, *self.edits) if rule]
        return "+".join([*kinds, *(["slow"] if self.delay else [])])


class FaultBook:
    def __init__(self, seed: str) -> None:
        self._seed = seed
        self.clear()

    def clear(self) -> None:
        self._rules: list[Rule] = []
        self._matched: Counter[int] = Counter()
        self._fired: Counter[int] = Counter()
        self._asked: Counter[tuple[int, str]] = Counter()

    def set(self, rules: Iterable[Rule | Mapping[str, object]]) -> None:
        made = [rule if isinstance(rule, Rule) else Rule.of(rule) for rule in rules]
        self.clear()
        self._rules = made

    def add(self, rule: Rule | Mapping[str, object]) -> None:
        self._rules.append(rule if isinstance(rule, Rule) else Rule.of(rule))

    @property
    def rules(self) -> tuple[Rule, ...]:
        return tuple(self._rules)

    def fired(self) -> dict[int, int]:
        """How often each rule, by its place, has fired."""
        return {place: self._fired[place] for place in range(len(self._rules))}

    def plan(self, route: Route, account_ids: tuple[str, ...], target: str) -> Plan | None:
        plan = None
        for place, rule in enumerate(self._rules):
            if not _matches(rule, route, account_ids, target) or not self._fires(place, rule, target):
                continue
            if plan is None:
                plan = Plan()
            if rule.kind == "slow":
                plan.delay += rule.seconds + rule.growth * (self._fired[place] - 1)
            elif rule.kind in PAGING:
                plan.paging = plan.paging or rule
            elif rule.kind in EDITS:
                plan.edits.append(rule)
            else:
                plan.breaking = plan.breaking or rule
        return plan

    def _fires(self, place: int, rule: Rule, target: str) -> bool:
        self._matched[place] += 1
        if self._matched[place] <= rule.after or (rule.count is not None and self._fired[place] >= rule.count):
            return False
        if rule.rate < 1:
            self._asked[place, target] += 1
            draw = digest(self._seed, "fault", place, target, self._asked[place, target]) % _SCALE
            if draw >= rule.rate * _SCALE:
                return False
        self._fired[place] += 1
        return True


def _matches(rule: Rule, route: Route, account_ids: tuple[str, ...], target: str) -> bool:
    if not route.endpoint or (rule.endpoint is not None and rule.endpoint != route.endpoint):
        return False
    if rule.surface is not None and (rule.surface == "investors") != route.investor_surface:
        return False
    if rule.account is not None and rule.account not in account_ids:
        return False
    if rule.kind == "empty_roster" and route.endpoint not in _ROSTERS:
        return False
    return rule.path is None or re.search(rule.path, target) is not None
