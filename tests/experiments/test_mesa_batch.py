"""The example of Mesa's batch runs gives several draws, with what every agent had."""

from abm.model import CarryUnwindModel
from experiments import mesa_batch


def test_draws_differ_and_the_caps_of_one_draw_share_its_news():
    table = mesa_batch.batch(2)
    runs = table.drop_duplicates("RunId")
    assert len(runs) == 4 and runs["log_yen"].nunique() == 4
    by_cap = runs.pivot(index="replicate", columns="funds__leverage_cap", values="log_yen")
    assert (by_cap[8.0] > by_cap[3.0]).all()
    by_hand = CarryUnwindModel(
        "hike", rng=mesa_batch.SEED, funds__leverage_cap=3.0, shock__surprise_bp=50.0,
        calendar__days=mesa_batch.DAYS,
    )  # fmt: skip
    by_hand.run()
    assert by_cap.loc[0, 3.0] == by_hand.log_yen
    assert set(mesa_batch.KINDS) <= set(table["kind"])
    assert table["leverage"].notna().all()


def test_it_tells_what_it_found(capsys):
    mesa_batch.main(1)
    told = capsys.readouterr().out
    assert "cap 3: yen up" in told and "hedge_fund" in told
