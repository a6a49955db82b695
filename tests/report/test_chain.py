"""The chain of a run adds up to its events, from the news to the losses."""

import math

import numpy as np
import pytest

from abm.figures.mechanism import AGAIN, BORNE, CALLED, FAILED, FIRST, LATER, OUTSIDE, STILL
from abm.report.chain import read_chain
from tests.report.happenings import call, clearing, ruin, run_of, sale, spiral, table


def amounts(chain):
    """Amounts on arrows by what they connect: column and whom or what, at both ends."""
    about = {node.name: (node.column, node.of) for node in chain.nodes}
    return {(about[k.source], about[k.target]): k.amount_usd_bn for k in chain.links}


def lines(chain, column, of):
    return next(node.lines for node in chain.nodes if (node.column, node.of) == (column, of))


def news(day, move_log, title="news", instrument="JPY"):
    about = {"counterparty": "market", "instrument": instrument, "amount_usd_bn": move_log}
    return day, "news", title, about


def called_on(day, *rows):
    """A run whose first call answers the yen's price of a day, after other rows."""
    n = len(rows)
    return read_chain(
        table(
            *rows,
            clearing(day, "JPY", 9.0),
            call(day + 1, "hedge-fund-fxm-1", 2.0, cause=n),
            sale(day + 1, "hedge-fund-fxm-1", "JPY", 3.0, cause=n + 1, clearing=-1, share=np.nan),
        )
    )


def titles(chain):
    return [node.lines[0] for node in chain.nodes if node.column == OUTSIDE]


def test_the_chain_of_a_spiral_by_hand():
    found = amounts(read_chain(spiral()))
    funds, retail = (CALLED, "hedge_fund"), (LATER, "retail_fx")
    failed, borne = (FAILED, "(failures)"), (BORNE, "(lenders)")
    assert math.isnan(found.pop(((OUTSIDE, "news"), (FIRST, "JPY"))))
    assert found == {
        ((FIRST, "JPY"), funds): 4.0,
        (funds, (AGAIN, "JPY")): 6.0,
        (funds, (AGAIN, "AUD")): 3.0,
        (funds, (AGAIN, "MXN")): 2.0,
        ((AGAIN, "JPY"), retail): 1.5,
        (retail, (STILL, "JPY")): 3.0,
        (retail, (STILL, "AUD")): 1.5,
        (retail, failed): 0.25,
        (failed, borne): 0.25,
    }


def test_what_stands_in_the_boxes_of_a_spiral():
    chain = read_chain(spiral())
    assert lines(chain, FIRST, "JPY") == ("Yen\N{NO-BREAK SPACE}▲", "news +2.0%")
    assert lines(chain, CALLED, "hedge_fund") == ("Hedge funds", "2 calls", "4.0bn")
    assert lines(chain, AGAIN, "AUD") == ("Australian dollar\N{NO-BREAK SPACE}▼", "sold 3.0bn")
    assert lines(chain, LATER, "retail_fx") == ("Retail FX", "1 stop-out", "1.5bn")
    assert lines(chain, FAILED, "(failures)") == ("1 failed, 0.25bn unpaid", "Retail FX")
    assert lines(chain, BORNE, "(lenders)") == ("2 lenders lost 0.25bn", "no bank failed")


@pytest.mark.parametrize("run", [lambda: run_of(shock__surprise_bp=60), ruin])
def test_arrows_add_up_to_the_forced_sales_and_the_calls_of_the_run(run):
    events, found = run().events, amounts(read_chain(run().events))
    sold = [a for ((start, _), (end, _)), a in found.items() if end == start + 1 and end > CALLED
            and start in (CALLED, LATER)]  # fmt: skip
    called = [a for (_, (end, _)), a in found.items() if end in (CALLED, LATER)]
    by_kind = events.groupby("kind")["amount_usd_bn"].sum()
    calls = ("margin_call", "loss_cut", "close_out", "recall")
    assert sum(sold) == pytest.approx(by_kind["forced_sale"])
    assert sum(called) == pytest.approx(sum(by_kind.get(kind, 0.0) for kind in calls))


def test_debts_and_losses_are_those_of_the_run_and_so_is_the_number_of_failures():
    run = ruin()
    found, by_kind = amounts(read_chain(run.events)), run.events.groupby("kind")["amount_usd_bn"]
    owed = [a for (_, (end, _)), a in found.items() if end == FAILED]
    lost = [a for (_, (end, _)), a in found.items() if end == BORNE]
    assert sum(owed) == pytest.approx(by_kind.sum()["default"])
    assert sum(lost) == pytest.approx(by_kind.sum()["loss"])
    failed, borne = (node for node in read_chain(run.events).nodes if node.column >= FAILED)
    assert failed.lines[0].startswith(f"{run.summary['n_failed']} failed, ")
    assert borne.lines[1].startswith(f"{run.summary['n_banks_failed']} bank failed, insurer paid")


def test_news_counts_for_two_weeks_and_only_where_it_hurt():
    assert titles(called_on(12, news(2, 0.02, "in time"))) == ["in time"]
    other = "Other markets, ordinary news"
    assert titles(called_on(12, news(1, 0.02, "too early"))) == [other]
    assert titles(called_on(12, news(11, -0.02, "the other way"))) == [other]
    assert titles(called_on(12, news(11, 0.02, "elsewhere", "AUD"))) == [other]
    assert titles(called_on(12, news(13, 0.02, "too late"))) == [other]


def test_what_was_announced_without_a_call_is_named_in_the_caption():
    # A surprise of -100bp had left no trace in the picture of the sales that followed it.
    said = " ".join(called_on(12, news(11, -0.02, "the other way")).notes)
    assert "Announced, but behind no first call: the other way (day 11)." in said
    assert "Announced" not in " ".join(called_on(12, news(2, 0.02, "in time")).notes)
    assert "Announced" not in " ".join(called_on(12).notes)
    many = [news(day, -0.02, f"n{day}") for day in range(5)]
    assert "n0 (day 0), n1 (day 1), n2 (day 2) and 2 more." in " ".join(called_on(12, *many).notes)


def test_a_day_of_policy_is_one_box():
    act = {"counterparty": "", "instrument": "JPY", "amount_usd_bn": 0.0015}
    rate = (3, "policy", "central_bank", act)
    trade = (3, "policy", "central_bank", {**act, "counterparty": "market", "amount_usd_bn": 20.0})
    chain = called_on(5, rate, trade, news(3, 0.02, "central_bank"))
    assert titles(chain) == ["Bank of Japan +15bp, Authorities buy 20bn of yen"]
    assert lines(chain, FIRST, "JPY")[1] == "news +2.0%"


def test_calls_that_later_sales_make_are_a_circle():
    rows = spiral()
    again = call(1, "hedge-fund-fxm-9", 0.5, cause=14, round=2, generation=2)
    more = [*rows.drop(columns=["event", "day", "kind", "institution"]).to_dict("records")]
    told = zip(rows["day"], rows["kind"], rows["institution"], more, strict=True)
    chain = read_chain(table(*told, again))
    assert amounts(chain)[(STILL, "JPY"), (LATER, "hedge_fund")] == 0.5
    assert chain.circle == "and again: 1 call, 0.50bn"
    assert any("Waves 2 to 3 " in note for note in chain.notes)
    assert read_chain(rows).circle == ""


def test_stop_outs_in_a_circle_are_not_counted_as_calls():
    later = {"cause": 14, "round": 2, "generation": 2}
    rows = spiral()
    more = [*rows.drop(columns=["event", "day", "kind", "institution"]).to_dict("records")]
    told = zip(rows["day"], rows["kind"], rows["institution"], more, strict=True)
    again = [call(1, f"hedge-fund-fxm-{i}", 0.5, **later) for i in (7, 8)]
    cut = call(1, "retail-fx-9", 0.25, kind="loss_cut", **later)
    chain = read_chain(table(*told, *again, cut))
    assert chain.circle == "and again: 2 calls and 1 stop-out, 1.2bn"
    told = zip(rows["day"], rows["kind"], rows["institution"], more, strict=True)
    back = call(1, "hedge-fund-fxm-9", 0.25, kind="close_out", **later)
    assert read_chain(table(*told, *again, cut, back)).circle == (
        "and again: 2 calls and 2 others, 1.5bn"
    )


def test_the_caption_says_what_the_amounts_are_of():
    notes = " ".join(read_chain(spiral()).notes)
    assert "Amounts in columns 3 and 5: what was owed above margin (calls), " in notes
    assert "held (stop-outs)" in notes and "recalled" not in notes
    assert "Totals of forced sales leave out what was bought back." in notes
    assert "Dollars sold, the unit of account, are not counted." in notes


def test_a_caption_names_no_column_that_is_not_drawn():
    chain = called_on(5)
    assert "Amounts in column 3: what was owed above margin (calls)." in " ".join(chain.notes)
    assert {node.column for node in chain.nodes}.isdisjoint({LATER, STILL})


def test_small_markets_are_merged_and_named_in_the_caption():
    names = ["AUD", "MXN", "UST", "SPX", "HY", "EM"]
    sales = [
        sale(1, "hedge-fund-fxm-1", name, 6.0 - i, cause=0, clearing=-1, share=np.nan)
        for i, name in enumerate(names)
    ]
    chain = read_chain(table(call(0, "hedge-fund-fxm-1", 1.0, -1, "AUD"), *sales))
    assert [n.of for n in chain.nodes if n.column == AGAIN] == [*names[:4], "(others)"]
    assert lines(chain, AGAIN, "(others)") == ("2 others\N{NO-BREAK SPACE}▼", "sold 3.0bn")
    assert chain.notes[-1] == "Others: US high-yield bonds, emerging-market bonds."
    covered = [(day, kind, who, {**about, "side": "bought"}) for day, kind, who, about in sales]
    chain = read_chain(table(call(0, "hedge-fund-fxm-1", 1.0, -1, "AUD"), *covered))
    assert lines(chain, AGAIN, "(others)") == ("2 others\N{NO-BREAK SPACE}▲", "bought 3.0bn")


def test_recalled_loans_are_no_price():
    rows = [
        call(0, "hedge-fund-fxm-1", 1.0, -1, "", "recall"),
        sale(0, "hedge-fund-fxm-1", "AUD", 1.0, cause=0, clearing=-1, share=np.nan),
    ]
    chain = read_chain(table(*rows))
    assert amounts(chain)[(FIRST, "(recall)"), (CALLED, "hedge_fund")] == 1.0
    assert lines(chain, FIRST, "(recall)") == ("Banks recall loans",)
    assert not titles(chain)


def test_who_is_closed_out_and_pays_has_failed_without_a_loss():
    rows = [
        call(0, "hedge-fund-fxm-1", 7.0, -1, kind="close_out"),
        sale(0, "hedge-fund-fxm-1", "AUD", 7.0, cause=0, clearing=-1, share=np.nan),
    ]
    chain = read_chain(table(*rows))
    assert lines(chain, FAILED, "(failures)") == ("1 failed, all debts paid", "Hedge funds")
    assert amounts(chain)[(CALLED, "hedge_fund"), (FAILED, "(failures)")] == 0.0
    assert next(n.failed for n in chain.nodes if n.column == CALLED) == "1 failed"
    assert not any(node.column == BORNE for node in chain.nodes)


def test_columns_have_their_days():
    headings = read_chain(spiral()).headings
    assert headings[FIRST] == ("2  Prices", "day 0")
    assert headings[CALLED] == ("3  First calls", "day 1")
    dated = spiral().assign(date=lambda t: np.where(t["day"] == 0, "2024-07-31", "2024-08-01"))
    assert read_chain(dated).headings[FIRST][1] == "31 Jul"


def test_a_run_without_forced_sales_says_so():
    up, down = news(0, 0.02), news(0, -0.03, instrument="SPX")
    chain = read_chain(table(up, down))
    assert chain.quiet == "No institution was forced to sell"
    assert lines(chain, FIRST, "SPX") == ("S&P 500\N{NO-BREAK SPACE}▼", "news −3.0%")
    assert lines(chain, FIRST, "JPY") == ("Yen\N{NO-BREAK SPACE}▲", "news +2.0%")
    late = read_chain(table(clearing(0, "JPY", 1.0), call(1, "hedge-fund-1", 2.0, 0)))
    assert late.quiet == "1 call, but no institution had to sell by the last day"
    assert read_chain(table()).quiet == "No institution was forced to sell"
