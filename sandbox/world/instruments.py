"""The instruments of the sandbox: 25 real symbols and a handful of invented ones (`SBX-...`).

Holds facts only; prices are in market.py. Exchange rates are constants, and invented: the P&L report states one figure
per account without a currency, so what an account holds in another currency has to be brought to its own somehow.
"""

from dataclasses import dataclass
from decimal import Decimal

REAL_STOCKS = (
    "AAPL", "AMD", "BAC", "BBY", "CVX", "GE", "HD", "JNJ", "JPM", "KO",
    "LLY", "MRK", "MSFT", "PEP", "PFE", "PG", "RRC", "UNH", "WMT", "XOM",
)  # fmt: skip
REAL_FUNDS = ("MTUM", "QUAL", "SIZE", "USMV", "VLUE")


@dataclass(frozen=True)
class Instrument:
    symbol: str
    asset_class: str  # the bucket of policies and reports: open vocabulary
    kind: str  # the investor surface's `class`
    currency: str = "USD"
    country: str | None = "us"
    quantity_step: Decimal = Decimal("0.0001")
    dividend_bp: int = 0  # a year, in basis points of the price
    coupon_bp: int = 0  # a year, paid monthly as interest
    start: Decimal | None = None  # first invented price; None: the price is real
    step_bp: int = 0  # invented walk: largest daily move, in basis points
    trend_bp: int = 0  # invented walk: mean daily move, in hundredths of a basis point
    places: int = 3


def _invented(symbol: str, asset_class: str, kind: str, start: str, step: int, trend: int, **more: object) -> Instrument:
    return Instrument(symbol, asset_class, kind, start=Decimal(start), step_bp=step, trend_bp=trend, **more)  # type: ignore[arg-type]


_STOCKS = [Instrument(s, "equities", "equity", dividend_bp=40 * (n % 9)) for n, s in enumerate(REAL_STOCKS)]
_FUNDS = [Instrument(s, "equities", "etf", dividend_bp=150) for s in REAL_FUNDS]
_WHOLE = Decimal(1)
_INVENTED = [
    _invented("SBX-BOND-CORP", "fixed_income", "bond", "101.250", 45, -180, coupon_bp=310),
    _invented("SBX-BOND-MUNI", "fixed_income", "bond", "98.400", 35, -120, coupon_bp=240),
    _invented("SBX-TREASURY-10Y", "treasury", "note", "103.000", 40, -200, coupon_bp=180),
    _invented("SBX-TREASURY-BILL", "treasury", "bill", "99.500", 4, 10, coupon_bp=90),
    _invented("SBX-GOLD", "alternatives", "commodity", "152.330", 190, 60),
    _invented("SBX-REIT", "alternatives", "real_estate", "64.180", 230, 90, dividend_bp=320),
    _invented("SBX-COIN", "crypto", "cryptocurrency", "7188.46", 620, 2200, country=None, places=2,
              quantity_step=Decimal("1e-18")),
    _invented("SBX-NG-BANK", "equities", "equity", "23.45", 210, 300, currency="NGN", country="ng", places=2,
              quantity_step=_WHOLE, dividend_bp=500),
    _invented("SBX-NG-CEMENT", "equities", "equity", "171.20", 180, 500, currency="NGN", country="ng", places=2,
              quantity_step=_WHOLE),
    _invented("SBX-NG-BOND", "fixed_income", "bond", "98.75", 60, -40, currency="NGN", country="ng", places=2,
              quantity_step=_WHOLE, coupon_bp=1150),
    _invented("SBX-NG-TBILL", "treasury", "bill", "96.10", 10, 15, currency="NGN", country="ng", places=2,
              quantity_step=_WHOLE, coupon_bp=400),
    _invented("SBX-EU-FUND", "equities", "mutual_fund", "54.12", 150, 250, currency="EUR", country="de", places=2,
              quantity_step=Decimal("0.01"), dividend_bp=180),
]  # fmt: skip

INSTRUMENTS: dict[str, Instrument] = {item.symbol: item for item in (*_STOCKS, *_FUNDS, *_INVENTED)}
# How many USD one unit is worth, for all days.
RATES = {"USD": Decimal(1), "EUR": Decimal("1.05"), "NGN": Decimal("0.0024")}
