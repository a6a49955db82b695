"""Portfolios as they are written, and every way to write one wrongly."""

import pandas as pd
import pytest

import abm
from abm.errors import MOST_FAULTS, InvalidInput, ScenarioFaults
from abm.scenario.files import scenario_folders
from abm.stress import cells
from abm.stress.portfolio import read_portfolio
from tests.stress.toy import HIKE, market, outcome, portfolio, table

DATED = abm.load_scenario("august-2024")
HEAD = "name,instrument,currency,market_value"
SAMPLES = ("asset-manager", "carry-fund", "exporter")


def faults(text, tmp_path, scenario=HIKE, **others):
    """Message of a refused file."""
    path = tmp_path / "mine.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ScenarioFaults) as refused:
        read_portfolio(path, scenario, **others)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine.csv"]
    return str(refused.value)


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("scenario", [HIKE, DATED], ids=["undated", "dated"])
def test_samples_are_sound_in_scenarios_with_and_without_dates(name, scenario):
    folder = scenario_folders()[0] / "portfolios"
    found = read_portfolio(folder / f"{name}.csv", scenario)
    assert len(found.names) >= 6
    if name == "carry-fund":
        assert {p.leverage for p in found.positions} == {1.0, 4.0}
    if name == "exporter":
        assert len(found.contracts) == 3 and min(p.value for p in found.positions) < 0.0


def test_columns_may_come_in_any_order_with_a_byte_order_mark(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_bytes(b"\xef\xbb\xbfquantity, currency ,name,instrument\n2,USD,a,SPX\n\n")
    (line,) = read_portfolio(path, HIKE).positions
    assert (line.value, line.line) == (2 * 5460.48, 2)


def test_a_file_and_a_frame_say_the_same(tmp_path):
    frame = table({"instrument": "SPX", "market_value": 1e6}, {"instrument": "UST", "quantity": 3})
    frame.to_csv(tmp_path / "mine.csv", index=False)
    by_file, by_frame = (read_portfolio(x, HIKE) for x in (tmp_path / "mine.csv", frame))
    unplaced = [tuple(p._replace(line=0) for p in x.positions) for x in (by_file, by_frame)]
    assert repr(unplaced[0]) == repr(unplaced[1])


WRONG = (
    (HEAD + "\na,SPX,USD,1e6,,,,,\n", "line 2", "has 9 cells, the header has 4"),
    ("name;instrument;currency;market_value\na;SPX;USD;1\n", "line 1", "separated by commas"),
    ("nam,instrument,currency,market_value\na,SPX,USD,1\n", "line 1", "did you mean name?"),
    ("name,currency,market_value\na,USD,1\n", "line 1", "instrument or proxy is needed"),
    (HEAD + ",name\na,SPX,USD,1,b\n", "line 1", "has this name again"),
    (HEAD + "\na,SPX,,1\n", "line 2", "currency  is missing"),
    (HEAD + "\na,SPXX,USD,1\n", "line 2", "did you mean SPX?"),
    (HEAD + "\na,SPX,USD,lots\n", "line 2", "must be a number"),
    (HEAD + '\na,SPX,USD,"1,000"\n', "line 2", "digits with a decimal point and nothing else"),
    (HEAD + "\na,SPX,USD,1.000.000\n", "line 2", "digits with a decimal point"),
    (HEAD + '\na,SPX,USD,"10,5"\n', "line 2", "digits with a decimal point"),
    (HEAD + "\na,SPX,USD,10,5\n", "line 2", "a number has no comma in it"),
    (HEAD + "\na,SPX,USD,$5\n", "line 2", "digits with a decimal point"),
    (HEAD + "\na,SPX,USD,nan\n", "line 2", "must be a number"),
    (HEAD + "\na,SPX,USD,1e999\n", "line 2", "must be from"),
    (HEAD + "\na,SPX,USD,１２\n", "line 2", "digits with a decimal point"),
    (HEAD + ",beta_SPX\na,,USD,5,1e300\n", "line 2", "must be from -100 to 100"),
    (HEAD + "\na,SPX,USD,\n", "line 2", "exactly one of quantity and market_value"),
    (HEAD + "\na,,USD,5\n", "line 2", "is not taken for zero"),
    (HEAD + "\na,SPX,JPY,5\n", "line 2", "must be USD, in which SPX is priced"),
    (HEAD + "\na,SPX,USD,5\na,UST,USD,5\n", "line 3", "is the name of line 2 too"),
    (HEAD + ",leverage\na,SPX,USD,5,0.5\n", "line 2", "must be from 1 to 100"),
    (HEAD + ",leverage\na,SPX,USD,-5,2\n", "line 2", "short or owed is not levered"),
    (HEAD + ",leverage,funding_currency\na,SPX,USD,5,2,USD\n", "line 2", "is its own currency"),
    (HEAD + ",funding_currency\na,SPX,USD,5,JPY\n", "line 2", "leverage must be above 1"),
    (HEAD + ",leverage,funding_currency\na,SPX,USD,5,2,EUR\n", "line 2", "one of JPY, AUD, MXN"),
    (HEAD + ",hedge_share\na,SPX,USD,5,0.5\n", "line 2", "nothing to hedge"),
    (HEAD + ",hedge_share\na,AUD,AUD,5,1.5\n", "line 2", "must be from 0 to 1"),
    (HEAD + ",beta_SPX,beta_HY\na,,USD,5,1.1,\n", "line 2", "beta of every factor"),
    (HEAD + ",beta_DAX\na,,USD,5,1.1\n", "line 1", "beta of an unknown factor"),
    (HEAD + ",kind\na,JPY,USD,5,swap\n", "line 2", '"call", "put" or "forward"'),
    (HEAD + ",strike\na,SPX,USD,5,100\n", "line 2", "kind says which"),
    ("", "file", "is empty"),
    (HEAD + "\n", "file", "has a header and no line"),
    (b"\xff\xfe\x00n", "file", "is not UTF-8"),
    (HEAD + f"\n{'x' * 300},SPX,USD,1\n", "line 2", "at most 200 letters"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "place", "words"), WRONG)
def test_what_is_wrong_is_said_with_its_line_and_nothing_is_written(text, place, words, tmp_path):
    told = faults(text, tmp_path)
    assert place in told and words in told, told


OPTION = "name,instrument,currency,quantity,kind,strike,expiry\na,{}\n"


@pytest.mark.parametrize(
    ("cells_", "words"),
    [
        ("JPY,USD,1e6,call,150,2024-07-30", "must be after today, which is 2024-07-30"),
        ("JPY,USD,1e6,call,150,0d", "must be after today"),
        ("JPY,USD,1e6,call,150,soon", "must be a date"),
        ("JPY,USD,1e6,call,,90d", "strike  is missing"),
        ("JPY,USD,1e6,call,0.0066,90d", "must be quoted in JPY per USD; the spot is 160.62"),
        ("SPX,USD,1e6,call,5000,90d", "must be a currency"),
        ("USD,USD,1e6,put,1,90d", "must be a currency, other than"),
        ("JPY,USD,,call,150,90d", "quantity  is missing"),
        ("JPY,USD,1e6,call,-150,90d", "must be above 0"),
    ],
)
def test_options_that_cannot_be(cells_, words, tmp_path):
    assert words in faults(OPTION.format(cells_), tmp_path, DATED)


def test_a_date_in_a_scenario_without_dates_is_a_fault(tmp_path):
    told = faults(OPTION.format("JPY,USD,1e6,call,150,2024-12-31"), tmp_path)
    assert "the scenario has no dates: give days, as 90d" in told


def test_all_faults_are_said_at_once_and_a_table_of_betas_has_its_own(tmp_path):
    betas = pd.DataFrame([{"proxy": "SPX", "beta_XYZ": 1.0}, {"proxy": "b", "beta_XYZ": None}])
    text = HEAD + "\na,SPX,,1\nb,XXX,USD,x\nc,,EUR,1\n"
    told = faults(text, tmp_path, betas=betas, base="GBP")
    for words in ("line 2", "line 3", "line 4", "GBP", "not an instrument", "unknown factor"):
        assert words in told
    assert "every factor in the header" in told


def test_a_file_of_ten_million_lines_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(cells, "MOST_OF_TABLE", 1_000)
    assert "at most 0.001 MB are read" in faults(HEAD + "\na,SPX,USD,1" * 1000, tmp_path)
    monkeypatch.setattr(cells, "MOST_OF_TABLE", 1_000_000)
    monkeypatch.setattr(cells, "MOST_LINES", 100)
    assert "at most 100 lines" in faults(HEAD + "\na,SPX,USD,1" * 101, tmp_path)


def test_a_thousand_faults_make_a_message_of_bounded_length(tmp_path):
    told = faults(HEAD + "\na,XXX,EUR,x" * 1000, tmp_path)
    assert told.count("\n") <= MOST_FAULTS + 2


def test_no_character_of_a_cell_moves_the_cursor(tmp_path):
    told = faults(HEAD + "\n\x1b[31ma,\x1b[2J,USD,1\n", tmp_path)
    assert "\x1b" not in told


def test_what_is_neither_a_file_nor_a_frame():
    with pytest.raises(InvalidInput, match="must be the path of a CSV file or a DataFrame"):
        read_portfolio([1, 2], HIKE)


def test_shorts_and_debts_are_allowed_and_said():
    found = portfolio(
        {"instrument": "SPX", "market_value": -1e6},
        {"instrument": "JPY", "currency": "JPY", "market_value": -1e6},
        {"market_value": 1.0, "beta_SPX": 1.0},
        {"instrument": "JPY", "quantity": -1e6, "kind": "put", "strike": 160, "expiry": "9d"},
    )
    said = {remark.key: remark.names for remark in found.remarks}
    assert said == {
        "short": ("line 0",), "owed": ("line 1",), "idle": ("line 2",), "written": ("line 3",),
    }  # fmt: skip


def test_a_name_that_a_spreadsheet_would_compute_is_disarmed_in_csv(tmp_path):
    line = {"name": "=HYPERLINK(1)", "instrument": "SPX", "market_value": 1e6}
    outcome(portfolio(line), market()).save(tmp_path / "kept")
    text = (tmp_path / "kept" / "lines.csv").read_text()
    assert "'=HYPERLINK(1)" in text and "\n=HYPERLINK" not in text


def test_all_faults_of_one_line_are_said_and_no_fault_makes_another(tmp_path):
    head = HEAD + ",leverage,funding_currency,hedge_share\n"
    told = faults(head + "a,XXX,EUR,x,0.5,GBP,2\n", tmp_path)
    assert told.count("line 2") == 6, told
    assert faults(head + "a,SPX,USD,5,x,JPY,\n", tmp_path).count("line 2") == 1
    assert faults(head + "a,SPX,USD,x,3,JPY,\n", tmp_path).count("line 2") == 1
    assert faults(OPTION.format("JPY,USD,1e6,call,x,90d"), tmp_path).count("line 2") == 1
