"""Evidence of compliance says what the marts of drift say, over histories drawn from a seed."""

import random
from pathlib import Path

import pytest
from helpers.sql_history import History
from helpers.sql_warehouse import Dbt, create_raw, rows

UNLIKE_EPISODES = """
    select episodes.portfolio_id, episodes.asset_class, episodes.breach_kind, episodes.started_on, nights_observed,
        count(evidence.as_of_date) as nights_outside
    from marts.drift_episodes as episodes
    left join marts.compliance_daily as evidence
        on evidence.rule = episodes.breach_kind and evidence.portfolio_id = episodes.portfolio_id
        and evidence.verdict = 'outside' and evidence.as_of_date between started_on and last_breach_on
        and (episodes.breach_kind = 'threshold' or evidence.subject = episodes.asset_class)
    group by all
    having case
        when breach_kind = 'band' then nights_observed <> count(evidence.as_of_date)
        else nights_observed > count(evidence.as_of_date)
    end
"""
WITHOUT_AN_EPISODE = """
    select * from marts.compliance_daily as evidence
    where rule in ('band', 'threshold') and verdict = 'outside' and not exists (
        select 1 from marts.drift_episodes as episodes
        where episodes.portfolio_id = evidence.portfolio_id and episodes.breach_kind = evidence.rule
            and evidence.as_of_date between started_on and last_breach_on
            and (rule = 'threshold' or evidence.subject = episodes.asset_class)
    )
"""
UNLIKE_A_NIGHT = """
    select as_of_date, account_id from marts.account_nights
    except select as_of_date, account_id from marts.compliance_daily
"""
UNBALANCED = """
    select * from marts.compliance_firm_periods where period_kind = 'history' and (
        breaches_opened <> (select count(*) from marts.drift_episodes)
        or breaches_opened <> breaches_closed + breaches_lost + breaches_open
        or breaches_censored + breaches_timed <> breaches_opened
        or nights <> nights_judged + nights_unknown + nights_without_policy
        or nights <> (select sum(nights) from marts.compliance_periods where period_kind = 'month')
    )
"""


@pytest.fixture(scope="module")
def drawn(dbt: Dbt, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five nights of fifteen accounts, built at once."""
    path = tmp_path_factory.mktemp("drawn") / "warehouse.duckdb"
    create_raw(path)
    for loads in History(random.Random(3), 5, 15):
        for load in loads:
            load.load(path)
    dbt.run(path)
    return path


@pytest.mark.parametrize("query", [UNLIKE_EPISODES, WITHOUT_AN_EPISODE, UNLIKE_A_NIGHT, UNBALANCED])
def test_evidence_and_episodes_tell_one_story(drawn: Path, query: str) -> None:
    assert rows(drawn, query) == []


def test_the_history_has_what_the_evidence_is_about(drawn: Path) -> None:
    judged = rows(drawn, "select distinct rule, verdict from marts.compliance_daily")
    outside = {rule for rule, verdict in judged if verdict == "outside"}
    assert outside >= {"band", "threshold", "off_policy", "minimum_cash", "excluded_sector", "excluded_security"}
    assert {verdict for _, verdict in judged} == {"inside", "outside", "unknown"}
