"""Every mistake gets one clear message that says what was given and what is allowed."""

from pathlib import Path

import pytest

from abm.errors import InvalidInput, ScenarioFaults, UnreadableFile, UnwindError
from abm.scenario import list_scenarios, load_scenario

SMALL = """
[calendar]
days = 20
[instruments.JPY]
kind = "currency"
volatility_per_year = 0.06
value_depth_usd_bn = 3200
dealer_depth_usd_bn = 460
[instruments.AUD]
kind = "currency"
volatility_per_year = 0.07
value_depth_usd_bn = 1800
dealer_depth_usd_bn = 140
[instruments.NKY]
kind = "asset"
quote = "JPY"
volatility_per_year = 0.1
value_depth_usd_bn = 900
dealer_depth_usd_bn = 180
"""
BASED = 'base = "august-2024"\n'
FUNDS_USD_BN = sum(s.equity_usd_bn for s in load_scenario("august-2024").funds.styles.values())


@pytest.fixture
def told(tmp_path):
    """Message about a scenario file with this text."""

    def load(text: str) -> str:
        path = tmp_path / "mine.toml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(UnwindError) as refused:
            load_scenario(path)
        return str(refused.value)

    return load


def test_a_small_world_of_three_instruments_is_a_scenario(tmp_path):
    (tmp_path / "small.toml").write_text(SMALL)
    scenario = load_scenario(tmp_path / "small.toml")
    assert scenario.name == "small"
    assert scenario.funds.n == scenario.risk_parity.n == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[funds]\nlevrage_cap = 5", "unknown key; did you mean leverage_cap?"),
        ("[policy.boj]\nhike = 25", "[policy.boj] hike = 25  unknown key; did you mean hike_bp?"),
        ("[fundss]", "line 2  [fundss]  unknown key; did you mean funds?"),
        ("[policy.bojj]", "unknown key; did you mean boj?"),
        ("[funds]\nlevrage_cap = {}", "unknown key; did you mean leverage_cap?"),
        ("[funds]\nleverage_cap = {}", "must be a number, from 1 to 100"),
        ("news = {}", "must be a list"),
        ("[instruments.JPY]\nvolatility_per_year = 0", "must be from 0.0001 to 5"),
        ("[calendar]\nstart = 9999-12-31", "must be a date, as 2024-07-31, from 1900 to 2199"),
        ("[calendar]\nstart = 0001-01-01", "must be a date, as 2024-07-31, from 1900 to 2199"),
        ("[bank]\nn_core = 3", "[bank]  unknown key; did you mean banks?"),
        ('[funds]\nleverage_cap = "ten"', 'leverage_cap = "ten"  must be a number, from 1 to 100'),
        ("[funds]\nn = 4.5", "n = 4.5  must be a whole number"),
        ("[funds]\nn = true", "n = true  must be a whole number"),
        ("[outputs]\nevents = 1", "events = 1  must be true or false"),
        ("[funds]\nleverage_cap = 0.5", "leverage_cap = 0.5  must be from 1 to 100 (1 + borrowing"),
        ("[funds]\nband = nan", "band = nan  must be at least 0 and below 1"),
        ("[trend]\nfast_days = inf", "fast_days = inf  must be from 1 to 100000"),
        ("[funds]\nband = inf", "band = inf  must be at least 0 and below 1"),
        ("[funds.styles.FXM]\nequity_usd_bn = -3", "equity_usd_bn = -3  must be from 0"),
        ("[funds.styles.FXM.weights]\nAUD = -0.1", "AUD = -0.1  must be from 0 to 1"),
        ("[funds.styles.FXM.weights]\nAUD = 0.9", "must sum to at most 1; they sum to 1.28"),
        ("[insurers.weights]\nUST = 0.6", "must sum to 1; they sum to 0.9"),
        ("[retail_fx.weights]\nUSD = 0.7", "must sum to 1; they sum to 1.1"),
        ("[funds.styles.FXM]\nshare_of_number = 0.5", "must sum to 1; they sum to 1.1"),
        ("[network.brokers]\nbank_probabilities = [0.5, 0.4, 0.2, 0.1]", "they sum to 1.2"),
        ("[correlations]\nAUD-MXN = -0.99\nJPY-AUD = 0.9", "not positive definite"),
        ("[correlations]\nAUD-JPY = 0.3", "names a pair that was named before"),
        ("[correlations]\nAUD-SPY = 0.3", "SPY is not an instrument"),
        ("[correlations]\nAUD = 0.3", "must name two different instruments"),
        ("[correlations]\nJPY-AUD = 1.5", "must be from -1 to 1"),
        (
            "[funds]\nn = 0",
            f"n = 0  is an empty group with equity_usd_bn = {FUNDS_USD_BN:.6g}: at least 1",
        ),
        ("[funds]\nn = 1", "is an empty group: 0.4 of 1 funds is none"),
        ("[insurers]\nn = 0", "is an empty group with assets_usd_bn = 300"),
        ("[trend]\nequity_usd_bn = 0", "is an empty group: above 0 for trend.n = 4"),
        ('[shock]\nkind = "suprise"', 'must be "none" or "surprise"; did you mean surprise?'),
        ('[shock]\nkind = "surprise"', "surprise_bp  is missing: surprise, which moves"),
        ('[liquidity.impact]\nkind = "sqrt"', '"square-root"'),
        ('[liquidity]\nmode = "frosen"', "did you mean frozen?"),
        ("[policy.swap_line]\nmargin_ceiling = 0.1", 'belongs to kind "line"'),
        ('[policy.boj]\nkind = "rule"\nmeetings = [3, 99]', "meetings = 99  must be from 0 to 87"),
        ('[policy.boj]\nkind = "rule"\nmeetings = [2024-08-03]', "it is a weekend or holiday"),
        (
            '[policy.boj]\nkind = "rule"\nmeetings = [9, 3]',
            "must be after 9, which stands before it",
        ),
        ('[policy.boj]\nkind = "rule"\ntrigger_asset = "AUD"', "must be one of UST, SPX"),
        ('[policy.boj]\nkind = "rule"\nstatement_moves = { CHF = 0.01 }', "not an instrument of"),
        ('[policy.fed]\nkind = "rule"\nasset = "NKX"', "did you mean NKY?"),
        ("[calendar]\nshock_day = 2024-08-03", "it is a weekend or holiday"),
        ("[calendar]\nshock_day = 2025-08-01", "must be a trading day from 2024-07-01"),
        ("[calendar]\nshock_day = 88", "must be from 0 to 87"),
        ('[calendar]\nshock_day = "soon"', "must be a day of the run: an index, or a date"),
        ("[calendar]\nstart = 2024-06-30", "must be a trading day, not a weekend"),
        ("[calendar]\nburn_in_days = 10", "must be from 1 to calendar.burn_in_days (10)"),
        ('[[news]]\nname = "a"\nday = 2\nmoves = { SPY = 0.1 }', "did you mean SPX?"),
        ('[[news]]\nname = "a"\nday = 999\nmoves = { SPX = 0.1 }', "must be from 0 to 87"),
        ("[network.brokers]\nnumbers = [2, 5]", "must be numbers from 1 to banks.n_core (4)"),
        ("[banks]\ncore_capital_factors = [1, 1]", "must be 4 numbers, one for each core bank"),
        ("[margin]\nrate_floor = 0.7", "must be at most margin.rate_ceiling (0.6)"),
        ('[instruments.NKY]\nquote = "JPX"', "did you mean JPY?"),
        ("[instruments.JPY]\nyield_per_year = 0.01", "rates.funding_per_year"),
        ('[retail_equity]\nasset = "SPX"', "must be an asset quoted in JPY: NKY, JGB"),
        ('[liquidity.links.NKY]\nleader = "NKY"', "must be one of JPY"),
        ('title = "a\\u001b[31m b"', "must be one line of printable text"),
        (
            '[[news]]\nname = "a"\nday = 2\ntitle = "b\\nc"\nmoves = {}',
            "one line of printable text",
        ),
        ('about = "a\\u001b[2J b"', "must be printable text"),
        ('[instruments."N K"]\nkind = "asset"', "must be a name: a letter, then"),
        ("funds = 3", "funds = 3  must be a table"),
        ("[[funds]]\nn = 3", "line 2  funds = [{'n': 3}]  must be a table"),
        ("news = 3", "news = 3  must be a list"),
        ("a.b.c = 3", "line 2  [a]  unknown key"),
        ('correlations = { JPY-AUD = "x" }', 'line 2  [correlations] JPY-AUD = "x"  must be a'),
        ('[calendar]\nholidays = ["x"]', '0 = "x"  must be a date, as 2024-07-31'),
        ("[calendar]\nshock_day = true", "must be a day of the run: an index"),
        ('[network.brokers]\nkind = "file"\npath = "gone.csv"', "there is no such file"),
        ('[network.interbank]\nkind = "file"\npath = "."', "is a folder, not a file"),
        (f'[network.interbank]\nkind = "file"\npath = "{"x" * 300}.csv"', "no such file"),
    ],
)
def test_a_fault_says_what_was_given_and_what_is_allowed(told, text, message):
    assert message in told(BASED + text)


def test_a_missing_key_says_what_it_means(told):
    without_depth = SMALL.replace("dealer_depth_usd_bn = 180", "")
    message = told(without_depth)
    assert "[instruments.NKY] dealer_depth_usd_bn  is missing: what dealers take" in message


def test_currencies_come_first_and_one_of_them_funds(told):
    asset_first = SMALL.replace('kind = "currency"', 'kind = "asset"', 1)
    message = told(asset_first)
    assert "currencies come before assets: move it above JPY" in message
    assert 'must be "currency": it funds' in message
    assert "at least one currency is needed" in told("[calendar]\ndays = 3\n[instruments]")


def test_all_faults_of_a_file_are_said_at_once_with_their_lines(told):
    text = """base = "world-2024"
[funds]
leverage_cap = 0.5
levrage_cap = 5
[policy.boj]
hike = 25
[insurers]
weights = { UST = 0.9 }
[correlations]
AUD-MXN = -0.99
JPY-AUD = 0.9
[[news]]
name = "late"
day = 2024-12-24
moves = { JPY = 0.01 }
"""
    message = told(text)
    assert "mine.toml: 6 faults" in message
    lines = [line.split()[1] for line in message.splitlines()[1:]]
    assert lines == ["3", "4", "6", "8", "9", "14"]


def test_a_missing_graph_is_said_with_everything_else(told):
    text = '[funds]\nband = 7\n[network]\nbrokers = { kind = "file", path = "gone.csv" }\n'
    assert "mine.toml: 2 faults" in told(BASED + text + "interbank = {}\n")


def test_an_empty_table_leaves_a_choice_as_it_is(tmp_path):
    (tmp_path / "mine.toml").write_text(BASED + "[shock]\n[margin]\n[policy.swap_line]\n")
    base, mine = load_scenario("august-2024"), load_scenario(tmp_path / "mine.toml")
    assert mine.canonical_hash() == base.canonical_hash()


@pytest.mark.parametrize("text", ["a." * 3000 + "b = 1", "a = " + "[" * 5000])
def test_a_file_that_is_nested_too_deeply_is_refused(told, text):
    assert "lie too deep in one another" in told(BASED + text)


def test_what_is_neither_name_nor_path_is_refused():
    with pytest.raises(InvalidInput, match="scenario = 3, must be the name of a scenario"):
        load_scenario(3)


def test_a_fault_in_the_base_names_the_base(tmp_path):
    (tmp_path / "below.toml").write_text(BASED + "[funds]\nband = 7\n")
    (tmp_path / "above.toml").write_text('base = "below.toml"\n[funds]\nn = -1\n')
    with pytest.raises(ScenarioFaults) as refused:
        load_scenario(tmp_path / "above.toml")
    places = {(Path(f.where).name, f.key, f.line) for f in refused.value.faults}
    assert places == {("below.toml", "funds.band", 3), ("above.toml", "funds.n", 3)}


def test_bases_that_go_round_in_a_circle_are_refused(tmp_path):
    (tmp_path / "one.toml").write_text('base = "two.toml"\n')
    (tmp_path / "two.toml").write_text('base = "one.toml"\n')
    with pytest.raises(ScenarioFaults, match="circle: one -> two -> one"):
        load_scenario(tmp_path / "one.toml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('base = "wrld-2024"', "did you mean world-2024?"),
        ("base = 3", "must be the name of a scenario"),
        (BASED + 'without = ["instruments.AUDD"]', "is not in the base; did you mean AUD?"),
        (BASED + "without = 3", "must be a list of dotted keys"),
        (SMALL.replace("[cal", 'without = ["news"]\n[cal', 1), "there is none"),
    ],
)
def test_a_base_must_exist_and_have_what_is_taken_from_it(told, text, message):
    assert message in told(text)


def test_files_that_cannot_be_read_are_named_in_one_sentence(tmp_path):
    latin, broken = tmp_path / "latin.toml", tmp_path / "broken.toml"
    latin.write_bytes('a = 1\ntitle = "caf\xe9"\n'.encode("latin-1"))
    broken.write_text("[calendar]\ndays = = 3\n")
    cases = {
        tmp_path / "none.toml": "there is no such file",
        tmp_path: "is a folder; give the .toml file in it",
        latin: "is not UTF-8 text (line 2); save it as UTF-8",
        broken: "is not valid TOML: Invalid value (at line 2, column 8)",
    }
    for path, message in cases.items():
        with pytest.raises(UnreadableFile) as refused:
            load_scenario(path)
        assert message in str(refused.value)
        assert "\n" not in str(refused.value)


def test_a_misspelt_scenario_name_is_answered_with_the_nearest():
    with pytest.raises(UnreadableFile, match="did you mean august-2024\\?") as refused:
        load_scenario("agust-2024")
    assert all(name in str(refused.value) for name in list_scenarios())


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", ""])
def test_a_name_that_no_file_can_have_is_no_scenario(name):
    with pytest.raises(UnreadableFile):
        load_scenario(name)


def test_an_experiment_is_told_from_a_scenario(told):
    message = told('name = "mine"\nscenario = "hike"\n[design]\nkind = "grid"\n')
    assert message.endswith("unwind sweep runs it, or give the scenario that it names")
