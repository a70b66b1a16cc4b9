"""How figures and reasons are written: short for the eye, whole behind it, never as nothing where they are something."""

from decimal import Decimal

import pytest

from reading.wording import broken, change, number, reason, words


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("1234567.891", '<data value="1234567.891" title="1,234,567.891">1,234,567.89</data>'),
        ("-1234.50", '<data value="-1234.5">−1,234.50</data>'),
        ("0.004", '<data value="0.004" title="0.004">&lt;0.01</data>'),
        ("-0.004", '<data value="-0.004" title="−0.004">&gt;−0.01</data>'),
        ("-0.000", '<data value="0" class="nil">0.00</data>'),
        (
            "12345678901234567890123456789.123456789",
            '<data value="12345678901234567890123456789.123456789"'
            ' title="12,345,678,901,234,567,890,123,456,789.123456789">12,345,678,901,234,567,890,123,456,789.12</data>',
        ),
    ],
)
def test_a_figure_is_short_for_the_eye_and_whole_behind_it(value: str, written: str) -> None:
    assert number(Decimal(value)) == written


def test_a_change_says_its_sign() -> None:
    assert change(Decimal("7.5")) == '<data value="7.5" class="pos">+7.50</data>'
    assert change(Decimal("-7.5")) == '<data value="-7.5" class="neg">−7.50</data>'


def test_what_is_not_known_says_why_in_words() -> None:
    assert "not known" in number(None, "no_currency")
    assert reason("no_currency") == "the roster names no currency"
    assert reason("something_new") == "something new"
    assert words("realized_pnl") == "realized P&L"


def test_a_symbol_is_written_as_it_is_and_a_sector_in_words() -> None:
    holds = {"rule": "excluded_security", "subject": "BTC_USD"}
    assert broken(holds) == "holds BTC_USD, which the policy excludes"
    assert broken({"rule": "excluded_sector", "subject": "fossil_fuels"}) == "holds fossil fuels, which the policy excludes"
