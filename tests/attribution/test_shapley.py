"""`abm.attribution`: all coalitions with shared pasts are all coalitions run whole."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest

import abm
from abm.attribution import DEFAULT_CHANNELS, shapley
from abm.attribution.players import Players, channels_at_work, triggers_of, without_triggers
from abm.attribution.worths import OF_TWO
from abm.cli.attribute import Asked, asked_channels, attribute_and_tell, figure_of, labels_of
from abm.errors import FailedRun, InvalidInput, OutputRefused
from abm.population import shared
from abm.runs import fast_cascade
from abm.scenario import load_scenario
from abm.scenario.channels import CHANNELS
from abm.words import LANGUAGES

SMALL = {
    "calendar.days": 34,
    "calendar.burn_in_days": 12,
    "calendar.drift_days": 10,
    "population.scale": 0.3,
}
THREE = ("haircuts", "retail_stop_outs", "dealers_withdrawal")
NEWS = {"name": "later", "day": 9, "title": "bad news", "moves": {"JPY": 0.03, "SPX": -0.03}}


@pytest.fixture(scope="module")
def storm():
    """A surprise on day 3, an intervention before it, news after it."""
    act = {"name": "first", "day": 1, "usd_bn": 20.0, "signal_log": 0.004}
    scripted = {
        "calendar.shock_day": 3,
        "shock.surprise_bp": 120.0,
        "news": [NEWS],
        "policy.mof": {"kind": "script", "interventions": [act]},
    }
    return load_scenario("hike").with_changes(SMALL | scripted)


@pytest.fixture(scope="module")
def found(storm):
    return shapley(storm, channels=THREE, seeds=2, rng=7, workers=1)


def whole_run(storm, shut, target, replicate=0):
    """A number of the cascade with these channels none, nothing shared with any other."""
    scenario = storm.with_changes({f"channels.{name}": "none" for name in shut})
    return fast_cascade(scenario, 7, replicate)[target]


def test_every_coalition_has_the_worth_of_its_whole_run(storm, found):
    for replicate, coalition in itertools.product(range(2), range(8)):
        shut = [name for i, name in enumerate(THREE) if not coalition >> i & 1]
        expected = whole_run(storm, shut, "peak_yen_appreciation", replicate)
        assert found.worths[replicate, coalition] == expected, shut


def test_shares_and_the_part_without_any_add_up_to_the_whole(storm, found):
    share = found.table["share"]
    assert share[:-1].sum() == pytest.approx(share.iloc[-1], abs=1e-9)
    each = found.worths[:, 0] + found.shares.sum(axis=1)
    assert each == pytest.approx(found.worths[:, -1], abs=1e-9)
    assert share.iloc[-1] == pytest.approx(
        np.mean([abm.cascade(storm, 7, r)["peak_yen_appreciation"] for r in range(2)]), abs=1e-15
    )
    assert (found.table["se"] >= 0.0).all() and found.table["share"].iloc[1:-1].ne(0.0).any()


@pytest.mark.parametrize("target", [*OF_TWO, "forced_sales_net_usd_bn", "n_margin_calls",
                                    "branching_ratio", "max_feedback_gain"])  # fmt: skip
def test_a_target_is_the_number_of_the_cascade(storm, target):
    game = shapley(storm, target, ["dealers_withdrawal"], rng=7, seeds=1, workers=1)
    expected = [whole_run(storm, shut, target) for shut in (["dealers_withdrawal"], [])]
    assert np.array_equal(game.worths[0], np.array(expected, float), equal_nan=True)


def test_triggers_are_there_or_left_out(storm):
    names = triggers_of(storm)
    assert names == ("shock", "policy.mof.interventions.first", "news.later")
    game = shapley(storm, triggers=True, rng=7, seeds=1, workers=1)
    by_hand = {
        0b000: {"shock.kind": "none", "policy.mof.kind": "none", "news": []},
        0b001: {"policy.mof.kind": "none", "news": []},
        0b010: {"shock.kind": "none", "news": []},
        0b110: {"shock.kind": "none"},
        0b111: {},
    }
    for coalition, changes in by_hand.items():
        scenario = storm.with_changes(changes)
        expected = fast_cascade(scenario, 7)["peak_yen_appreciation"]
        assert game.worths[0, coalition] == expected, changes
    assert game.worths[0, 0] == 0.0


def test_channels_and_triggers_play_one_game(storm):
    game = shapley(storm, channels=["haircuts"], triggers=["news.later"], rng=7, seeds=1, workers=1)
    assert game.players.names == ("news.later", "haircuts")
    alone = shapley(storm, channels=["haircuts"], rng=7, seeds=1, workers=1)
    assert game.worths[0, [1, 3]].tolist() == alone.worths[0].tolist()


def test_a_path_and_interventions_are_left_out_one_by_one():
    path = [{"name": "second", "day": 20, "hike_bp": 10.0, "surprise_bp": 5.0}]
    august = load_scenario("august-2024").with_changes({"policy.boj.path": path})
    names = triggers_of(august)
    assert names[:2] == ("policy.boj", "policy.boj.path.second") and len(names) == 6
    nothing = without_triggers(august, names)
    assert triggers_of(nothing) == ("policy.boj",)  # which moves nothing
    script = shared.write_script(nothing)
    assert len(script.moves) == 0 and not script.official_usd_bn.any()
    assert np.ptp(script.rates, axis=0).max() == 0.0
    assert nothing.shock_day == august.shock_day


def test_two_workers_find_what_one_finds(storm):
    short = storm.with_changes({"calendar.days": 10})
    games = [shapley(short, channels=CHANNELS[:7], rng=7, seeds=1, workers=n) for n in (1, 2)]
    assert games[0].worths.tobytes() == games[1].worths.tobytes()


def test_by_default_nine_channels_play_without_those_that_are_shut(storm):
    from abm.attribution.players import chosen_players

    assert (
        chosen_players(storm, None, False).channels == DEFAULT_CHANNELS
        and len(DEFAULT_CHANNELS) == 9
    )
    shut = storm.with_changes({"channels.haircuts": "none"})
    assert "haircuts" not in chosen_players(shut, None, False).channels
    assert chosen_players(storm, None, True).channels == ()
    for name, idle in (
        ("hike", {"repo_haircuts", "company_hedging"}),
        ("march-2020", {"repo_haircuts", "company_hedging"}),
        ("late-hedgers", {"repo_haircuts"}),
    ):
        assert set(CHANNELS) - set(channels_at_work(load_scenario(name))) == idle
    assert "haircuts" not in channels_at_work(shut)


def test_everything_wrong_is_said_at_once(storm):
    shut = storm.with_changes({"channels.retail_fx": "none"})
    with pytest.raises(InvalidInput) as refused:
        shapley(
            shut, "classs", ["haircut", "haircuts", *CHANNELS],
            triggers=["news.none", "shock"], seeds=0, workers=0,
        )  # fmt: skip
    told = str(refused.value)
    for words in (
        'channel "haircut": unknown; did you mean haircuts? there are haircuts, margin_rounds, ',
        'channel "haircuts": is given more than once',
        'channel "retail_fx": is none in hike, and cannot be turned off',
        'trigger "news.none": hike has no such trigger; did you mean news.later? there are shock, ',
        f"a coalition of {len(CHANNELS) + 3}: must be of at most 16 channels and triggers",
        "seeds = 0, must be a whole number from 1",
        "workers = 0, must be a whole number from 1",
        'target "classs": no number of a cascade; did you mean class?',
    ):
        assert words in told, told
    with pytest.raises(InvalidInput) as refused:
        shapley(storm, channels=["a", "b", "c"])
    assert str(refused.value).count("there are haircuts, ") == 1
    with pytest.raises(InvalidInput, match="is a word, must be a number"):
        shapley(storm, "class")
    with pytest.raises(InvalidInput, match="calm scripts nothing"):
        shapley("calm", triggers=True)


def test_a_draw_without_the_number_is_left_out(storm):
    short = storm.with_changes({"calendar.days": 20})
    game = shapley(short, "unwound_30d", ["haircuts"], rng=7, seeds=2, workers=1)
    assert not game.is_known.any() and game.table["share"].isna().all()


def test_a_run_that_fails_says_who_was_left_out(storm, monkeypatch):
    from abm.attribution import worths

    advance = worths.advance

    def broken(world, first, last):
        if not world.rules.channels.margins_follow_risk:
            raise FailedRun("hike: failed on day 3")
        return advance(world, first, last)

    monkeypatch.setattr(worths, "advance", broken)
    with pytest.raises(FailedRun, match=r"failed on day 3 \(without haircuts\)"):
        shapley(storm, channels=["haircuts"], rng=7, seeds=1, workers=1)


def test_the_folder_holds_the_shares_and_every_worth(found, tmp_path):
    folder = found.save(tmp_path / "kept", figures={"waterfall": figure_of(found)})
    table = pd.read_csv(folder / "shares.csv")
    assert table["part"].tolist() == ["nothing", *THREE, "everything"]
    worths = pd.read_parquet(folder / "worths.parquet")
    assert worths["worth"].tolist() == found.worths.ravel().tolist()
    whole = worths[worths[list(THREE)].all(axis=1)]
    assert whole["worth"].tolist() == found.worths[:, -1].tolist()
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["channels"] == list(THREE) and manifest["seed"] == 7
    assert load_scenario(folder / "scenario.toml") == found.scenario.with_changes({})
    with pytest.raises(OutputRefused):
        found.save(folder)


def test_the_waterfall_steps_from_nothing_to_everything(found):
    (axes,) = figure_of(found).axes
    bars = axes.patches
    share = found.table["share"].to_numpy()
    assert [bars[0].get_width(), bars[-1].get_width()] == [share[0], share[-1]]
    end = bars[-2].get_x() + bars[-2].get_width()
    assert end == pytest.approx(share[-1], abs=1e-9)
    assert [bar.get_width() for bar in bars[1:-1]] == sorted(share[1:-1], reverse=True)


def test_one_draw_has_no_whiskers(found):
    one = found.__class__(found.scenario, found.target, found.players, 7, found.worths[:1])
    (axes,) = figure_of(one).axes
    assert sum(len(bars.get_segments()) for bars in axes.collections) == 0
    assert not any("Whiskers" in text.get_text() for text in axes.figure.texts)


def test_all_channels_are_those_at_work_beside_others_that_are_named(storm):
    at_work = channels_at_work(storm)
    assert asked_channels(("all",), at_work) == at_work
    assert asked_channels(("other", "all", at_work[0]), at_work) == (*at_work, "other")
    assert asked_channels(None, at_work) is None and asked_channels(("a",), at_work) == ("a",)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_part_has_words_in_every_language(found, storm, language):
    scripted = found.__class__(
        storm, found.target, Players(CHANNELS, triggers_of(storm)), 7, found.worths
    )
    labels = labels_of(scripted, language)
    assert labels.keys() == {"nothing", "everything", *CHANNELS, *triggers_of(storm)}
    assert labels["news.later"] == "bad news" and all(labels.values())


def test_the_command_tells_and_keeps_the_shares(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    settings = tuple(f"{key}={value}" for key, value in SMALL.items())
    asked = Asked("hike", settings, channels=("haircuts", "trend_followers"), seeds=2, workers=1)
    assert attribute_and_tell(asked) == 0
    out = capsys.readouterr().out
    assert "haircuts that follow risk" in out and "Kept in" in out
    assert (tmp_path / "results" / "hike-attribution" / "waterfall.png").is_file()
    assert attribute_and_tell(asked._replace(as_json=True, force=True)) == 0
    plain = json.loads(capsys.readouterr().out)
    assert plain["parts"]["trend_followers"]["kind"] == "channel"
    with pytest.raises(OutputRefused):
        attribute_and_tell(asked)
