"""The founding notes' examples, against an independent program and against arithmetic by hand."""

import json
from fractions import Fraction
from pathlib import Path

import pytest

from abm.literature import worked_examples as examples

REFERENCE = json.loads((Path(__file__).parent.parent / "reference/seeds.json").read_text())


@pytest.fixture(scope="module")
def table():
    return examples.findings().set_index(["example", "quantity"])


def test_the_net_carry_of_the_notes_is_right(table):
    row = table.loc[examples.AUD, "net carry a year"]
    assert row["computed"] == pytest.approx(REFERENCE["s003_net_carry"]["expected"], rel=1e-14)
    assert not row["is_misprint"]


@pytest.mark.parametrize(
    ("quantity", "where"),
    [
        ("carry", ("attribution", "carry")),
        ("fx on principal", ("attribution", "fx_on_principal")),
        ("fx on interest", ("attribution", "fx_times_interest")),
        ("profit", ("attribution", "sum")),
        ("profit", ("jpy_pnl",)),
        ("profit after costs", ("pnl_after_costs_0p3_0p2_of_loan",)),
        ("break-even spot", ("breakeven_jpy_per_aud",)),
        ("break-even fall", ("breakeven_aud_depreciation",)),
    ],
)
def test_the_australian_trade_is_the_reference(table, quantity, where):
    expected = REFERENCE["s003_worked_example"]["expected"]
    for key in where:
        expected = expected[key]
    assert table.loc[examples.AUD, quantity]["computed"] == pytest.approx(expected, rel=1e-12)


def test_the_steps_of_the_australian_trade_by_exact_fractions(table):
    expected = REFERENCE["s003_worked_example"]["expected"]
    dollars = Fraction(100_000_000, 100) * Fraction(1035, 1000)
    yen = dollars / Fraction(95, 10_000)
    owed = 100_000_000 * Fraction(1001, 1000)
    assert expected["aud_terminal"] == dollars
    assert expected["jpy_gross"] == pytest.approx(float(yen), rel=1e-15)
    assert expected["jpy_repay"] == pytest.approx(float(owed), rel=1e-15)
    assert table.loc[examples.AUD, "profit"]["computed"] == pytest.approx(float(yen - owed))
    at_rounded_spot = float(dollars * Fraction(10526, 100) - owed)
    assert expected["pnl_with_seed_rounded_rate_105_26"] == pytest.approx(at_rounded_spot)


@pytest.mark.parametrize(
    ("quantity", "key"),
    [
        ("excess return, compound", "R_compound"),
        ("excess return, simple", "R_simple"),
        ("profit per unit, before cost", "pnl_per_unit_at_T_compound"),
        ("break-even spot", "breakeven_ST_compound"),
        ("forward", "cip_forward"),
    ],
)
def test_the_reversed_trade_is_the_reference(table, quantity, key):
    expected = REFERENCE["s004_uia_formula"]["expected"][key]
    assert table.loc[examples.ANY, quantity]["computed"] == pytest.approx(expected, rel=1e-12)


def test_the_notes_mix_simple_interest_with_compound():
    expected = REFERENCE["s004_uia_formula"]["expected"]
    assert expected["ratio_if"] == pytest.approx(1.03**0.5)
    assert expected["ratio_id"] == pytest.approx(1.05**0.5)
    mixed = 1.015 / 1.05**0.5 * 1.10 / 1.08 - 1 - 0.002
    assert mixed == pytest.approx(expected["R_seed_mixed"])
    assert round(0.9905 * 1.0185, 4) == 1.0088  # where the notes print 1.0086


def test_the_new_zealand_trade_is_the_reference(table):
    expected = REFERENCE["s004_nzd_case"]["expected"]
    ours = table.loc[examples.NZD]["computed"]
    assert ours["interest on the loan"] == pytest.approx(expected["usd_funding_cost"])
    assert ours["profit at an unchanged spot"] == pytest.approx(expected["flat_pnl_usd"])
    assert ours["break-even fall"] == pytest.approx(expected["breakeven_depreciation"], rel=1e-12)
    for case in expected["cases"]:
        name = f"fall of {100 * case['depreciation']:g}%"
        loss = ours[f"loss on principal, {name}"]
        assert loss == pytest.approx(case["fx_loss_on_principal_usd"], rel=1e-12)
        assert ours[f"profit, {name}"] == pytest.approx(case["usd_pnl"], rel=1e-12)
        # the misprint: the same loss in New Zealand dollars of the opening
        printed = table.loc[(examples.NZD, f"loss on principal, {name}"), "printed"]
        assert loss / 0.62 == pytest.approx(case["fx_loss_on_principal_nzd_equiv"])
        assert printed == int(loss / 0.62)


def test_the_steps_of_the_new_zealand_trade_by_exact_fractions(table):
    expected, ours = REFERENCE["s004_nzd_case"]["expected"], table.loc[examples.NZD]["computed"]
    principal = Fraction(1_000_000) / Fraction(62, 100)
    interest = principal * Fraction(5, 400)
    assert expected["nzd_principal"] == pytest.approx(float(principal))
    assert expected["nzd_interest"] == pytest.approx(float(interest))
    assert expected["usd_value_of_interest_at_S0"] == float(interest * Fraction(62, 100))
    for case in expected["cases"]:
        proceeds = (principal + interest) * Fraction(str(case["S_T"]))
        assert case["usd_proceeds"] == pytest.approx(float(proceeds), rel=1e-15)
        assert case["usd_pnl"] == pytest.approx(case["usd_proceeds"] - case["usd_repay"])
        lost = ours["profit at an unchanged spot"] - case["usd_pnl"]
        assert case["fx_loss_incl_interest_usd"] == pytest.approx(lost)


def test_five_of_nine_printed_figures_are_misprints_and_each_says_why(table):
    printed = table[table["printed"].notna()]
    assert len(printed) == 9
    assert printed["is_misprint"].sum() == 5
    assert (printed["why"].ne("") == printed["is_misprint"]).all()
    assert not table[table["printed"].isna()]["is_misprint"].any()


def test_every_line_agrees_and_the_figure_is_drawn():
    found = examples.findings(quick=True)
    lines = examples.compare(found)
    assert len(lines) == len(found) == 23
    assert all(line.agrees for line in lines)
    assert examples.PAPER.figure(found).get_figwidth() == 8.0


@pytest.mark.parametrize("name", [path.rpartition(".")[2] for path in examples.PAPER.through])
def test_the_table_stands_on_our_functions(monkeypatch, name):
    def refuse(*_args, **_named):
        raise RuntimeError("taken away")

    monkeypatch.setattr(examples, name, refuse)
    with pytest.raises(RuntimeError, match="taken away"):
        examples.findings(quick=True)
