"""Decimal arithmetic, decimal text and seeded numbers: what every other file here computes with.

Products are taken at 60 digits and rounded once, to nine decimals (the finest money the warehouse keeps); sums need
no rounding. Seeded numbers come from SHA-256, so they are the same on every machine and Python version, and need no
order of calls. No float, no clock, no I/O.
"""

import hashlib
import uuid
from collections.abc import Mapping
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from typing import TypeVar

WIDE = Context(prec=60, rounding=ROUND_HALF_EVEN)
ZERO = Decimal(0)
HUNDRED = Decimal(100)
MONEY = Decimal("1e-9")
CENT = Decimal("0.01")
Part = TypeVar("Part")
# Crockford's alphabet, lower case: the published samples of prefixed ids use it.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def times(left: Decimal, right: Decimal) -> Decimal:
    """Money: the product, rounded half-even to nine decimals (exact for every stock and bond here)."""
    return WIDE.quantize(WIDE.multiply(left, right), MONEY)


def over(left: Decimal, right: Decimal, step: Decimal) -> Decimal:
    """The quotient at the given step; 0 for a zero divisor, as the API prints 0.00 there."""
    return WIDE.quantize(WIDE.divide(left, right), step) if right else ZERO


def round_to(value: Decimal, step: Decimal) -> Decimal:
    return WIDE.quantize(value, step)


def percentages(values: Mapping[str, Decimal], step: Decimal) -> dict[str, Decimal]:
    """Shares that sum to 100: rounded down, and the missing steps given to the largest remainders."""
    total = sum(values.values(), ZERO)
    exact = {name: WIDE.divide(WIDE.multiply(value, HUNDRED), total) for name, value in values.items()}
    shares = {name: share.quantize(step, ROUND_FLOOR) for name, share in exact.items()}
    missing = int((HUNDRED - sum(shares.values(), ZERO)) / step)
    for name in sorted(exact, key=lambda n: (shares[n] - exact[n], n))[:missing]:
        shares[name] += step
    return shares


def split(amount: Decimal, weights: Mapping[Part, Decimal]) -> dict[Part, Decimal]:
    """The amount in cents by weight; the last part takes what rounding leaves, so that the parts are the whole."""
    total, left, parts = sum(weights.values(), ZERO), amount, dict.fromkeys(weights, ZERO)
    for part, weight in list(weights.items())[:-1]:
        parts[part] = over(amount * weight, total, CENT)
        left -= parts[part]
    return {**parts, list(weights)[-1]: left}


def text(value: Decimal, places: int = 2) -> str:
    """Plain decimal text with at least `places` decimals and no trailing zeros beyond them; never an exponent."""
    plain = format(value, "f")
    whole, _, fraction = plain.partition(".")
    fraction = fraction.rstrip("0").ljust(places, "0")
    shown = f"{whole}.{fraction}" if fraction else whole
    return shown if value else shown.lstrip("-")


def digest(*parts: object) -> int:
    """A 256-bit number that depends on the parts only."""
    return int.from_bytes(hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest())


def pick(low: int, high: int, *parts: object) -> int:
    """An integer in low..high, both included."""
    return low + digest(*parts) % (high - low + 1)


def token(length: int, *parts: object) -> str:
    number = digest(*parts)
    return "".join(_ALPHABET[(number >> (5 * place)) & 31] for place in range(length))


def uuid_of(*parts: object) -> str:
    return str(uuid.UUID(int=digest(*parts) >> 128, version=4))
