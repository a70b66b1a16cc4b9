"""The instruments of the sandbox: 25 real symbols and a handful of invented ones (`SBX-...`).

Holds facts only; prices are in market.py. Exchange rates are constants, and invented: the P&L report states one figure
per account without a currency, so what an account holds in another currency has to be brought to its own somehow.
"""

from dataclasses import dataclass
from decimal import Decimal

# Name, and sector by GICS.
_STOCK_FACTS = {
    "AAPL": ("Apple Inc.", "information_technology"),
    "AMD": ("Advanced Micro Devices, Inc.", "information_technology"),
    "BAC": ("Bank of America Corporation", "financials"),
    "BBY": ("Best Buy Co., Inc.", "consumer_discretionary"),
    "CVX": ("Chevron Corporation", "energy"),
    "GE": ("General Electric Company", "industrials"),
    "HD": ("The Home Depot, Inc.", "consumer_discretionary"),
    "JNJ": ("Johnson & Johnson", "health_care"),
    "JPM": ("JPMorgan Chase & Co.", "financials"),
    "KO": ("The Coca-Cola Company", "consumer_staples"),
    "LLY": ("Eli Lilly and Company", "health_care"),
    "MRK": ("Merck & Co., Inc.", "health_care"),
    "MSFT": ("Microsoft Corporation", "information_technology"),
    "PEP": ("PepsiCo, Inc.", "consumer_staples"),
    "PFE": ("Pfizer Inc.", "health_care"),
    "PG": ("The Procter & Gamble Company", "consumer_staples"),
    "RRC": ("Range Resources Corporation", "energy"),
    "UNH": ("UnitedHealth Group Incorporated", "health_care"),
    "WMT": ("Walmart Inc.", "consumer_staples"),
    "XOM": ("Exxon Mobil Corporation", "energy"),
}
_FUND_NAMES = {
    "MTUM": "iShares MSCI USA Momentum Factor ETF",
    "QUAL": "iShares MSCI USA Quality Factor ETF",
    "SIZE": "iShares MSCI USA Size Factor ETF",
    "USMV": "iShares MSCI USA Min Vol Factor ETF",
    "VLUE": "iShares MSCI USA Value Factor ETF",
}
REAL_STOCKS, REAL_FUNDS = tuple(_STOCK_FACTS), tuple(_FUND_NAMES)


@dataclass(frozen=True)
class Instrument:
    symbol: str
    asset_class: str  # the bucket of policies and reports: open vocabulary
    kind: str  # the investor surface's `class`
    name: str
    sector: str  # GICS for companies, `diversified` for funds, else what it is
    currency: str = "USD"
    country: str | None = "us"
    quantity_step: Decimal = Decimal("0.0001")
    dividend_bp: int = 0  # a year, in basis points of the price
    coupon_bp: int = 0  # a year, paid monthly as interest
    start: Decimal | None = None  # first invented price; None: the price is real
    step_bp: int = 0  # invented walk: largest daily move, in basis points
    trend_bp: int = 0  # invented walk: mean daily move, in hundredths of a basis point
    places: int = 3


_SECTORS = {
    "bond": "bonds", "note": "bonds", "bill": "bonds", "commodity": "commodities", "cryptocurrency": "crypto",
    "real_estate": "real_estate", "mutual_fund": "diversified",
}  # fmt: skip


def _invented(symbol: str, asset_class: str, kind: str, start: str, step: int, trend: int, **more: object) -> Instrument:
    about: dict[str, object] = {"sector": _SECTORS.get(kind), "start": Decimal(start), "step_bp": step, "trend_bp": trend}
    name = " ".join(word if len(word) < 4 else word.title() for word in symbol.split("-"))
    return Instrument(symbol, asset_class, kind, name, **about | more)  # type: ignore[arg-type]


_STOCKS = [
    Instrument(symbol, "equities", "equity", name, sector, dividend_bp=40 * (n % 9))
    for n, (symbol, (name, sector)) in enumerate(_STOCK_FACTS.items())
]
_FUNDS = [Instrument(s, "equities", "etf", name, "diversified", dividend_bp=150) for s, name in _FUND_NAMES.items()]
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
              quantity_step=_WHOLE, dividend_bp=500, sector="financials"),
    _invented("SBX-NG-CEMENT", "equities", "equity", "171.20", 180, 500, currency="NGN", country="ng", places=2,
              quantity_step=_WHOLE, sector="materials"),
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
