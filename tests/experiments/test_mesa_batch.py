"""The example of Mesa's batch runs gives several draws, with what every agent had."""

from experiments import mesa_batch


def test_draws_differ_and_the_caps_of_one_draw_share_its_news():
    table = mesa_batch.batch(2)
    runs = table.drop_duplicates("RunId")
    assert len(runs) == 4 and runs["log_yen"].nunique() == 4
    by_cap = runs.pivot(index="replicate", columns="funds__leverage_cap", values="log_yen")
    assert (by_cap[8.0] > by_cap[3.0]).all()
    assert set(mesa_batch.KINDS) <= set(table["kind"])
    assert table["leverage"].notna().all()


def test_it_tells_what_it_found(capsys):
    mesa_batch.main(1)
    told = capsys.readouterr().out
    assert "cap 3: yen up" in told and "hedge_fund" in told
