"""What rules of authorities do to whole runs, and that each run has its own."""

from functools import cache

import numpy as np
import pytest

import abm
from abm.errors import InvalidInput
from abm.model import CarryUnwindModel
from abm.population.advance import advance, open_world
from abm.population.rules import make_rules
from abm.population.script import write_script
from abm.report.chronicle import chronicle
from abm.report.script import acts, is_shocked, rules_told
from abm.scenario import load_scenario
from abm.words import LANGUAGES

QUIET = {"outputs.events": False, "outputs.feedback_gain_every_days": 0}
STRONG = {"policy.mof": {"kind": "rule", "selling": {"kind": "strong"}}}
SEEDS = range(1, 17)
EAGER = {
    "policy.boj.trigger_rise_log": 0.01,
    "policy.boj.cool_days": 5,
    "calendar.days": 70,
}


def changed(name, *changes):
    return load_scenario(name).with_changes({**QUIET, **dict(changes)})


def passed(scenario, seed, **counterfactual):
    world, _ = open_world(scenario, seed, with_events=False, **counterfactual)
    return advance(world, world.burn_in, world.n_days)


def effects(scenario, seeds=SEEDS):
    """Peak of the yen over the no-shock run [log] and forced sales beyond its [USD bn], by seed."""
    found = []
    for seed in seeds:
        run, no_shock = passed(scenario, seed), passed(scenario, seed, shocked=False)
        since = slice(run.burn_in + scenario.shock_day, None)
        gap = run.record.log_prices[since, 0] - no_shock.record.log_prices[since, 0]
        forced = [world.record.forced_usd_bn[since].sum() for world in (run, no_shock)]
        found.append((gap.max(), forced[0] - forced[1]))
    return np.array(found)


def t_of(differences):
    return differences.mean() / (differences.std(ddof=1) / np.sqrt(len(differences)))


def test_a_pause_that_is_heard_lowers_the_peak_and_a_silent_one_does_not():
    seeds = range(1, 11)
    never = effects(changed("stop-and-go", ("policy.boj.cool_days", 0)), seeds)[:, 0]
    heard = effects(changed("stop-and-go"), seeds)[:, 0] - never
    silent = effects(changed("stop-and-go", ("policy.boj.pause", "silent")), seeds)[:, 0] - never
    assert t_of(heard) < -3.0 and heard.mean() < -0.015
    assert abs(t_of(silent)) < 2.0 and abs(silent.mean()) < 0.3 * abs(heard.mean())


def test_hikes_that_wait_come_later_and_all_of_them_come():
    for pause in ("heard", "silent"):
        result = abm.run(load_scenario("stop-and-go").with_changes({"policy.boj.pause": pause}), 2)
        rate = result.events[
            result.events["instrument"].eq("JPY") & result.events.kind.eq("policy")
        ]
        made, put_off = rate[rate.amount_usd_bn > 0.0], rate[rate.amount_usd_bn == 0.0]
        assert len(made) == 4 and len(put_off) > 0
        assert set(made.day) | set(put_off.day) <= set(range(0, 320, 31))
        assert made.day.max() == 31 * (3 + len(put_off))


def test_selling_yen_lowers_the_peak_and_forced_sales():
    surprise = ("shock.surprise_bp", 50.0)
    none = effects(changed("hike", surprise))
    sold = effects(changed("hike", surprise, *STRONG.items())) - none
    assert t_of(sold[:, 0]) < -3.0 and t_of(sold[:, 1]) < -2.0


def test_the_july_intervention_makes_the_later_crash_smaller():
    none = effects(changed("august-2024", ("policy.mof.kind", "none")))
    made = effects(changed("august-2024")) - none
    assert t_of(made[:, 0]) < -2.5 and made[:, 1].mean() < 0.0


def test_the_no_shock_run_has_no_hike_from_the_shock_day_on_and_the_same_days_before():
    eager = changed("stop-and-go", *EAGER.items(), ("calendar.shock_day", 31))
    run, no_shock = passed(eager, 3), passed(eager, 3, shocked=False)
    eve = run.burn_in + 31
    assert run.market.boj[0] > no_shock.market.boj[0] == 1
    for name in ("log_prices", "fundamentals", "days"):
        before = (getattr(world.record, name)[:eve] for world in (run, no_shock))
        assert next(before).tobytes() == next(before).tobytes(), name
    events = abm.run(eager.with_changes({"outputs.events": True}), 3).events
    told = events[(events["kind"] == "news") & (events["amount_usd_bn"] < 0.0)]
    assert (told["day"] < 31).any()  # a pause was told before the shock, in both


def test_with_positions_frozen_the_queue_follows_that_runs_own_markets():
    scenario = changed("stop-and-go")
    run, frozen = passed(scenario, 7), passed(scenario, 7, no_trade=True)
    assert run.market.boj[1] > 0 and frozen.market.boj[1] == -1  # hikes alone do not suffice


def test_what_a_rule_remembers_belongs_to_its_run_alone():
    scenario = changed("stop-and-go", *STRONG.items(), ("calendar.days", 60))
    rules, script = make_rules(scenario), write_script(scenario)
    before = [array.copy() for array in (*script, *rules.policy.boj[1:3])]
    first = passed(scenario, 2)
    assert first.market.boj[0] > 0
    assert all(map(np.array_equal, before, (*script, *rules.policy.boj[1:3])))
    again = passed(scenario, 2)
    assert first.record.log_prices.tobytes() == again.record.log_prices.tobytes()


def test_a_run_saved_in_a_pause_goes_on_as_it_would_have(tmp_path):
    scenario = load_scenario("stop-and-go").with_changes(
        {**EAGER, **STRONG, "population.scale": 0.2}
    )
    whole = CarryUnwindModel(scenario, rng=3)
    whole.run()
    half = CarryUnwindModel(scenario, rng=3)
    for _ in range(33):
        half.step()
    assert half.world.market.boj[1] >= 0
    later = CarryUnwindModel.load_state(half.save_state(tmp_path / "33.state"))
    later.run()
    for name in ("days", "events", "institutions"):
        one, other = (getattr(model.result(), name) for model in (whole, later))
        assert one.equals(other), name


def test_a_branch_may_change_what_a_rule_does_but_no_meeting_that_was_held(tmp_path):
    model = CarryUnwindModel(load_scenario("stop-and-go").with_changes(EAGER), rng=3)
    for _ in range(33):
        model.step()
    state = model.save_state(tmp_path / "33.state")
    CarryUnwindModel.load_state(
        state, {"policy.boj.pause": "silent", "policy.mof": STRONG["policy.mof"]}
    )
    with pytest.raises(InvalidInput, match="day 0 has been traded"):
        CarryUnwindModel.load_state(state, {"policy.boj.meeting_every_days": 20})


@pytest.mark.parametrize(
    ("language", "waits", "eases"),
    [
        ("en", "The Bank of Japan put off a planned move", "policy would be easier"),
        ("ja", "日本銀行は、市場が不安定なため", "予想より緩和的"),
        ("zh", "日本央行推迟了原定的利率变动", "比预期宽松"),
    ],
)
def test_a_hike_that_waits_and_its_statement_are_told(language, waits, eases):
    told = [entry.what for entry in chronicle(paused().events, language=language)]
    assert any(waits in what for what in told) and any(eases in what for what in told)
    assert not any("central_bank" in what for what in told)


@cache
def paused():
    return abm.run("stop-and-go", 2)


@pytest.mark.parametrize("language", LANGUAGES)
def test_rules_are_said_in_words_and_only_a_plan_is_a_shock(language):
    scenario = load_scenario("stop-and-go").with_changes(
        {
            "policy.mof": STRONG["policy.mof"] | {"buying": {"kind": "weak"}},
            "policy.fed.kind": "rule",
        }
    )
    assert len(rules_told(scenario, language)) == 4
    assert [act.day for act in acts(scenario, language)] == [0] and is_shocked(scenario)
    alone = load_scenario("calm").with_changes(STRONG)
    assert not is_shocked(alone) and len(rules_told(alone, language)) == 1
