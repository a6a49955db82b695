"""The table of indicators: what the books of each close give, kept and exported where asked for."""

import os
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import abm
from abm.cli.commands import app
from abm.contagion import debtrank, debtrank_of_each
from abm.errors import InvalidInput, UnreadableFile
from abm.kernels.risk import usd_covariance
from abm.measures.indicators import bank_systemicness, risk_reversal_proxy
from abm.measures.network import portfolio_overlap
from abm.population.exposures import depth_of_market, positions_usd_bn
from abm.runs.indicators import indicators_of
from abm.runs.manifest import hashes_of
from abm.runs.reproduce import reproduce

BOOKS = "banks.trading_book.kind"
SMALL = {
    "calendar.days": 12,
    "calendar.burn_in_days": 6,
    "calendar.drift_days": 5,
    "population.scale": 0.2,
    "shock.surprise_bp": 60,
}


@pytest.fixture(scope="module")
def run():
    return abm.run(abm.load_scenario("hike").with_changes(SMALL), 3)


@pytest.fixture(scope="module")
def broker():
    """A broker fails with its clients."""
    return abm.run(abm.load_scenario("prime-broker-failure").with_changes({"calendar.days": 20}), 3)


@pytest.fixture(scope="module")
def model():
    """The same run, after its seventh close."""
    model = abm.CarryUnwindModel(abm.load_scenario("hike").with_changes(SMALL), rng=3)
    for _ in range(7):
        model.step()
    return model


def test_what_the_days_have_already_is_theirs(run):
    found = run.indicators
    assert found.index.equals(run.days.index) and len(found) == 12
    for name in ("day", "yen_short_units", "leverage", "feedback_gain"):
        np.testing.assert_array_equal(found[name], run.days[name])
    still = run.scenario.with_changes({"funding.basis": {"kind": "constant"}})
    assert "basis_bp" in found and "basis_bp" not in abm.run(still, run.seed).indicators


def test_slack_is_that_of_the_exposure_graph_and_a_fund_without_debt_does_not_count(broker):
    funds = [n for _, n in broker.exposures.nodes(data=True) if n["kind"] == "hedge_fund"]
    owing = [n for n in funds if n["assets_usd_bn"] > n["wealth_usd_bn"]]
    assert 0 < len(owing) < len(funds)
    slack = np.array([n["margin_slack"] for n in owing])
    wealth = np.array([max(n["wealth_usd_bn"], 0.0) for n in owing])
    last = broker.indicators.iloc[-1]
    assert last["least_margin_slack"] == slack.min()
    assert last["margin_slack"] == pytest.approx(np.average(slack, weights=wealth))


def test_a_close_in_the_middle_has_the_numbers_of_a_model_that_stopped_there(run, model):
    row = run.indicators.iloc[6]
    for name, value in indicators_of(model.world).items():
        assert row[name] == value


def test_overlap_is_the_mean_over_pairs_of_hedge_funds(run, model):
    world = model.world
    funds = np.flatnonzero(np.array(model.kinds) == "hedge_fund")
    omega = portfolio_overlap(positions_usd_bn(world), depth_of_market(world))
    wealth = np.maximum(world.books.wealth, 0.0)
    pairs = [(i, j) for i in funds for j in funds if i < j and np.isfinite(omega[i, j])]
    weights = [wealth[i] * wealth[j] for i, j in pairs]
    expected = np.average([omega[i, j] for i, j in pairs], weights=weights)
    assert run.indicators["overlap"].iloc[6] == pytest.approx(expected, abs=1e-12)


def test_debtrank_is_that_of_the_claims_in_the_exposure_graph(run):
    graph = run.exposures
    banks = [node for node, kind in graph.nodes(data="kind") if kind == "bank"]
    lent = graph.edge_subgraph([e for e in graph.edges if graph.edges[e]["kind"] == "interbank"])
    names = list(lent.nodes)
    equity = [graph.nodes[name]["wealth_usd_bn"] for name in names]
    last = run.indicators.iloc[-1]
    for b, name in enumerate(names):
        failing = np.eye(len(names))[b]
        assert last[f"debtrank_{name}"] == pytest.approx(debtrank(lent, equity, failing).value)
    assert last["largest_debtrank"] == max(last[f"debtrank_{bank}"] for bank in banks) > 0.0


def test_numbers_of_banks_by_their_accounts_one_after_the_other(broker):
    model = abm.CarryUnwindModel(broker.scenario, rng=broker.seed)
    model.run()
    model.world.graph.liabilities[1, 4] += 3.0  # claims are drawn both ways alike
    model.world.graph.written_down[0, 2] = 0.4
    model.world.graph.book[model.instruments.index("NKY"), :6] = 0.5  # quoted in yen
    found = indicators_of(model.world)
    books, market, graph = model.world.books, model.world.market, model.world.graph
    owner, held = model.world.rules.mandates.owner, positions_usd_bn(model.world)
    names = [name for b, name in enumerate(model.bank_names) if not graph.failed[b]]
    standing = [b for b in range(len(graph.equity)) if not graph.failed[b]]
    assert 0 < len(standing) < len(graph.equity)
    equity, assets, e = [], [], []
    for b in standing:
        desks = [i for i in range(len(owner)) if owner[i] == b]
        own, wealth = graph.book[:, b] * market.usd_price, sum(books.wealth[i] for i in desks)
        equity.append(graph.equity[b] + wealth)
        assets.append(model.exposures.nodes[f"bank-{b + 1}"]["assets_usd_bn"] + wealth)
        e.append(own + sum(held[i] for i in desks))
    cov = [usd_covariance(k, 0, market.covariance_fast, market.quote) for k in range(len(own))]
    terms = (e, assets, equity, depth_of_market(model.world), np.array(cov) / cov[0])
    caused = bank_systemicness(*terms)
    assert [found[f"systemicness_{name}"] for name in names] == pytest.approx(list(caused))
    assert found["vulnerability"] == pytest.approx(caused.sum())
    lent = np.zeros((len(standing), len(standing)))
    for i, lender in enumerate(standing):
        for j, debtor in enumerate(standing):
            left = 1.0 - graph.written_down[0, debtor]
            lent[i, j] = graph.liabilities[debtor, lender] * left
    ranks = debtrank_of_each(lent, graph.equity[standing])
    assert [found[f"debtrank_{name}"] for name in names] == pytest.approx(list(ranks))


def test_a_failed_bank_has_nothing_left_to_lose(broker):
    failed = broker.institutions.query("kind == 'bank' and n_failures > 0")["name"].tolist()
    assert failed
    for name in failed:
        assert broker.indicators[f"debtrank_{name}"].iloc[0] > 0.0
        assert broker.indicators[[f"debtrank_{name}", f"systemicness_{name}"]].iloc[-1].sum() == 0.0


def test_trading_books_make_banks_vulnerable(broker):
    short = {"calendar.days": 3, "calendar.shock_day": 1}
    bare = abm.run(broker.scenario.with_changes(short | {BOOKS: "none"}), broker.seed)
    with_books, without = (r.indicators["vulnerability"].iloc[0] for r in (broker, bare))
    assert with_books > 10 * abs(without)


def test_the_risk_reversal_begins_when_sixty_returns_are_there():
    longer = SMALL | {"calendar.burn_in_days": 10, "calendar.days": 65}
    result = abm.run(abm.load_scenario("hike").with_changes(longer), 3)
    proxy = result.indicators["risk_reversal_per_year"]
    assert proxy.notna().tolist() == [False] * 50 + [True] * 15
    returns = np.diff(result.days["log_JPY"])
    assert proxy.iloc[-1] == pytest.approx(risk_reversal_proxy(returns[-60:]), abs=1e-15)


def test_carry_to_risk_is_of_the_rates_of_the_day_and_of_the_volatility_of_its_window():
    longer = SMALL | {"calendar.burn_in_days": 10, "calendar.days": 65, "calendar.shock_day": 60}
    found = abm.run(abm.load_scenario("hike").with_changes(longer), 3).indicators
    rates = found["funding_rate_per_year"]  # 60bp more from the surprise on
    assert rates.iloc[-1] - rates.iloc[0] == pytest.approx(0.006) and rates.nunique() == 2
    sigma, usd = found["realised_volatility_per_year"], 0.053
    pd.testing.assert_series_equal(found["carry_to_risk"], (usd - rates) / sigma, check_names=False)
    assert found["absorption_ratio"].isna().all()  # 75 days of the 250


def test_the_short_in_the_terms_of_the_cftc_is_that_of_the_days(run):
    share = 0.527 * run.days["yen_short_units"] / 250.0
    pd.testing.assert_series_equal(run.indicators["net_short_share"], share, check_names=False)


def test_who_asks_for_none_gets_the_bytes_of_before(run, tmp_path):
    asked, plain = tmp_path / "asked", tmp_path / "plain"
    run.save(plain)
    run.with_indicators().save(asked)
    assert set(os.listdir(asked)) - set(os.listdir(plain)) == {"indicators.parquet"}
    kept = hashes_of(run.with_indicators())
    assert {name: kept[name] for name in hashes_of(run)} == hashes_of(run)
    assert abm.load_result(plain).kept_indicators is None


def test_indicators_that_are_not_those_of_the_run_are_told_apart(run, tmp_path):
    other = replace(run, kept_indicators=run.indicators.assign(overlap=0.0))
    (gap,) = reproduce(other.save(tmp_path / "other")).gaps
    assert (gap.table, gap.column, gap.relative) == ("indicators", "overlap", 1.0)


def test_kept_indicators_come_back_and_are_watched_like_other_tables(run, tmp_path):
    folder = run.with_indicators().save(tmp_path / "kept")
    again = abm.load_result(folder)
    pd.testing.assert_frame_equal(again.kept_indicators, run.indicators)
    assert again.indicators is again.kept_indicators
    assert reproduce(folder).same[-1] == "indicators" and reproduce(folder).is_same
    pd.read_parquet(folder / "indicators.parquet").assign(overlap=0.0).to_parquet(
        folder / "indicators.parquet"
    )
    with pytest.raises(UnreadableFile, match="indicators changed since it was saved"):
        abm.load_result(folder)
    (folder / "indicators.parquet").unlink()
    with pytest.raises(UnreadableFile, match=r"there is no indicators\.parquet"):
        abm.load_result(folder)
    run.save(folder, force=True)
    assert abm.load_result(folder).kept_indicators is None


def test_indicators_of_another_result_do_not_stay_behind(run, tmp_path):
    folder = run.with_indicators().save(tmp_path / "kept")
    run.save(folder, force=True)
    assert not (folder / "indicators.parquet").exists()


def test_they_are_exported_with_their_units(run, tmp_path):
    run.with_indicators().to_csv(tmp_path / "csv")
    columns = pd.read_csv(tmp_path / "csv/columns.csv", keep_default_na=False)
    told = columns[columns["table"] == "indicators"].set_index("column")
    assert (told["meaning"] != "").all() and told["unit"]["systemicness_bank-1"] == "share per log"
    exported = pd.read_csv(tmp_path / "csv/indicators.csv")
    np.testing.assert_allclose(exported["overlap"], run.indicators["overlap"])
    run.to_csv(tmp_path / "plain")
    assert not (tmp_path / "plain/indicators.csv").exists()


def test_a_run_that_cannot_be_repeated_has_none(run):
    with pytest.raises(InvalidInput, match="cannot be run again"):
        _ = replace(run, is_repeatable=False).indicators
    other = run.days.assign(log_JPY=run.days["log_JPY"] + 1e-9)
    with pytest.raises(InvalidInput, match="does not repeat the run to the last bit"):
        _ = replace(run, days=other).indicators


def test_the_command_keeps_them_for_who_asks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["run", "hike", "--set", "calendar.days=8", "--no-figures", "--indicators"]
    told = CliRunner().invoke(app, words)
    assert told.exit_code == 0, told.output
    kept = abm.load_result("results/hike").kept_indicators
    assert kept is not None and len(kept) == 8


def test_a_branch_has_the_indicators_of_its_own_days(tmp_path, model):
    path = model.save_state(tmp_path / "seven.npz")
    branch = abm.CarryUnwindModel.load_state(path, rng=9)
    branch.run()
    found, before = branch.result().indicators, model.result().indicators
    assert len(found) == 12 and len(before) == 7
    # The turn to the branch is made on the morning after the close that it left.
    pd.testing.assert_frame_equal(found.iloc[:7], before)
    assert found["overlap"].iloc[-1] == indicators_of(branch.world)["overlap"]
