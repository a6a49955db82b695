"""`unwind run` and `unwind plot`: what a person is told, what is kept, and what never is.

All runs but the last are made up: tables of a cascade whose numbers are known by hand.
"""

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import abm
from abm.cli.commands import app
from abm.cli.next_command import next_command
from abm.cli.progress import Progress
from abm.files import folder_name
from abm.measures.cascade import cascade_measures, run_measures
from abm.report.script import acts, day_name
from abm.runs import Cascade, RunResult
from abm.runs.columns import table_of_result
from abm.scenario import load_scenario

ROOT = Path(__file__).parents[1]
FORCED = ("hedge_fund", "risk_parity", "bank")
TABLES = {
    "scenario.toml", "manifest.json", "days.parquet", "events.parquet", "institutions.parquet",
    "edges.parquet", "exposures.graphml", "summary.json", "ODD.md", "ro-crate-metadata.json",
}  # fmt: skip
FIGURES = {f"figures/{name}.png" for name in ("cascade", "mechanism", "network")}


def made_up_days(scenario, yen, forced, short):
    """A table of days: the yen jumps by `yen` on the shock day and holds."""
    n, shock = scenario.calendar.days, scenario.shock_day
    after = np.arange(n) >= shock
    table = pd.DataFrame({"day": np.arange(n)})
    dates = [date.isoformat() for date in scenario.calendar.dates()]
    table["date"] = dates or ""
    table["log_JPY"] = table["fundamental_JPY"] = yen * after
    table["status"], table["rounds"], table["n_at_limit"] = 0, 2, 0
    table["leverage"], table["margin_rate"], table["fund_wealth_usd_bn"] = 4.0, 0.1, 100.0 - after
    for kind in FORCED:
        table[f"forced_{kind}_usd_bn"] = np.where(np.arange(n) == shock, forced[kind], 0.0)
    table["n_margin_calls"] = np.where(np.arange(n) == shock, 12 * bool(sum(forced.values())), 0)
    table["n_failures"] = np.where(np.arange(n) == shock, 1, 0)
    table["conservation_error"], table["feedback_gain"] = 3e-13, 0.5
    table["yen_short_units"] = np.where(after, short, 100.0)
    table["share_unlevered"], table["yen_short_closed_by_force_units"] = 0.0, 0.0
    return table_of_result("days", table)


def made_up_edges():
    return pd.DataFrame({"institution": ["fund-1"], "broker": ["bank-1"], "share": [1.0]})


def made_up_graph(failed):
    graph = nx.DiGraph()
    about = {"assets_usd_bn": 9.0, "wealth_usd_bn": 2.0, "margin_slack": 0.1}
    graph.add_node("bank-1", kind="bank", failed=False, **about)
    graph.add_node("fund-1", kind="hedge_fund", failed=failed, **about)
    graph.add_edge("bank-1", "fund-1", weight=4.0, kind="loan")
    return graph


def made_up_events(scenario, days):
    """One event: a lender's loss, of a debt from before the run."""
    about = {"event": 0, "day": 0, "date": days["date"].iloc[0], "round": 0, "kind": "loss"}
    who = {"institution": "x", "counterparty": "bank-1", "instrument": "", "amount_usd_bn": 1.0}
    why = {"side": "", "cause": -1, "share_of_flow": np.nan, "clearing": -1, "generation": 0}
    return table_of_result("events", pd.DataFrame([{**about, **who, **why}]))


def made_up_run(scenario, seed, replicate, yen=0.1, short=50.0, forced=(30.0, 5.25, 0.0)):
    institutions = pd.DataFrame(
        {"name": ["fund-1", "fund-2", "bank-1"], "kind": ["hedge_fund", "hedge_fund", "bank"]}
    )
    institutions["n_failures"] = [1, 0, 0] if sum(forced) else 0
    institutions["first_failure_day"] = [scenario.shock_day, -1, -1]
    days = made_up_days(scenario, yen, dict(zip(FORCED, forced, strict=True)), short)
    events = made_up_events(scenario, days)
    run = RunResult(
        days=days, events=events, institutions=institutions, edges=made_up_edges(),
        exposures=made_up_graph(False),
        summary={}, scenario=scenario, seed=seed, replicate=replicate,
    )  # fmt: skip
    run.summary.update(run_measures(run), worst_day=scenario.shock_day)
    vars(run)["network"] = made_up_graph(True)  # what a second run would find
    return run


def made_up_cascade(scenario, rng=0, replicate=0, **limits):
    """Of 100 units of yen short 50 are left after the shock, and 90 without it."""
    calm = {"forced": (0.0, 0.0, 0.0), "yen": 0.0, "short": 90.0}
    run = made_up_run(scenario, rng, replicate)
    no_shock = made_up_run(scenario, rng, replicate, **calm)
    frozen = made_up_run(scenario, rng, replicate, **{**calm, "yen": 0.05})
    measures = cascade_measures(run, no_shock, frozen, no_shock, scenario.shock_day)
    return Cascade(measures, run, no_shock.days, frozen.days, no_shock.days)


@pytest.fixture
def unwind(tmp_path, monkeypatch):
    """Call the command in an empty folder, on made-up runs and compiled kernels."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(vars(abm), "cascade", made_up_cascade)
    monkeypatch.setattr("abm.kernels.day.is_compiled", lambda: True)

    def call(*words: object):
        return CliRunner().invoke(app, [str(word) for word in words])

    return call


def told(result) -> str:
    assert result.exit_code == 0, result.output
    return " ".join(result.stdout.split())


def full_disk(*args, **kwargs):
    raise OSError(errno.ENOSPC, "No space left on device")


def everything_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_a_run_is_told_to_a_person(unwind):
    text = told(unwind("run", "august-2024", "--seed", 7, "--no-figures"))
    for words in (
        "august-2024: July and August 2024",
        "seed 7, replicate 0; 2 institutions, 1 bank, 88 trading days, 1 Jul 2024 to",
        "Before 11 Jul 2024: the Ministry of Finance sold USD 20bn for yen",
        "The shock 31 Jul 2024: the Bank of Japan moved its rate by +15bp, a surprise worth +25bp",
        "2 Aug 2024: weak US payrolls",
        "closed because of the shock: 40% within 5, 40% within 30, 40% within 60 days",
        "Because of the shock: this run less the same run without it",
        "Forced sales +USD 35bn, margin calls +12",
        "Failed institutions +1, banks ±0",
        "In the run, whatever caused it",
        "Forced USD 35bn: hedge funds 30bn, risk parity 5.2bn; 12 margin calls",
        "Failed from the shock on 1: fund-1 (31 Jul 2024)",
        "Class dam break: 40% or more of the yen short closed within five days",
        "conserved to 3.0e-13 (relative, worst day); every day cleared",
        "Written results/august-2024: tables",
    ):
        assert words in text


def test_the_yen_is_told_beside_the_real_one(unwind):
    text = told(unwind("run", "august-2024", "--no-figures"))
    # The made-up yen stands at its opening quote of 160.62 and gains exp(0.1) on 31 July.
    assert "USDJPY 160.62 on the eve of the shock, 145.33 on 31 Jul 2024 (−9.5%)" in text
    # ECB fixings, JPY over USD per euro, on 3 and 30 July and 5 August 2024.
    assert "actual 161.91 on 3 Jul 2024, 154.85 on the eve of the shock, 142.24 on" in text
    assert "5 Aug 2024 (−12.1%, of which −8.1% after the shock)" in text
    assert "peak yen appreciation +10.5% vs the no-shock run, within 60 days" in text
    assert "amplification 2.00 within 20 days (yen move ÷ move with positions frozen)" in text


def test_a_run_without_dates_and_without_a_shock_claims_neither(unwind):
    text = told(unwind("run", "calm", "--no-figures"))
    assert "The shock none; ordinary news only" in text
    assert "Class none: no shock, so nothing in the run is attributed to one" in text
    assert "actual" not in text and "no-shock" not in text and "without it" not in text


def test_numbers_alone_are_json_and_what_is_no_number_is_null(unwind, monkeypatch):
    result = unwind("run", "hike", "--json", "--no-figures")
    numbers = json.loads(result.stdout)
    assert numbers["shock"]["class"] == "dam break"
    assert numbers["run"]["forced_sales_usd_bn"] == 35.25
    assert numbers["run"]["usdjpy_hill_left"] is None
    assert numbers["run"]["branching_ratio"] is None


def test_a_run_keeps_its_tables_and_its_figures(unwind, tmp_path):
    text = told(unwind("run", "hike"))
    assert "figures/cascade.png, figures/network.png, figures/mechanism.png" in text
    assert everything_in(tmp_path / "results") == {
        "hike", "hike/figures", *(f"hike/{name}" for name in (*TABLES, *FIGURES)),
    }  # fmt: skip
    png = (tmp_path / "results/hike/figures/cascade.png").read_bytes()
    assert png.startswith(b"\x89PNG") and len(png) > 20_000


def test_dollar_signs_of_a_user_are_no_mathematics(unwind, tmp_path):
    (tmp_path / "mine.toml").write_text(
        'base = "august-2024"\nname = "$\\\\foo{$"\n[[news]]\nname = "payrolls"\n'
        'title = "$_$"\nday = 2024-08-02\nmoves = { SPX = -0.01 }\n'
    )
    told(unwind("run", "mine.toml", "--out", "out"))
    assert (tmp_path / "out/figures/cascade.png").stat().st_size > 20_000


def test_the_same_figures_are_drawn_again_from_the_folder(unwind, tmp_path):
    unwind("run", "august-2024")
    figures = tmp_path / "results/august-2024/figures"
    before = {path.name: path.read_bytes() for path in figures.iterdir()}
    (figures / "network.png").write_text("spoilt")
    (figures / "cascade.png").unlink()
    assert told(unwind("plot", "results/august-2024")).endswith("figures/mechanism.png")
    assert {path.name: path.read_bytes() for path in figures.iterdir()} == before


def test_a_run_that_cannot_be_made_again_is_drawn_from_its_tables(unwind, tmp_path, monkeypatch):
    unwind("run", "hike", "--no-figures")
    other = made_up_cascade(load_scenario("hike"))
    other.run.days["log_JPY"] += 0.01
    monkeypatch.setitem(vars(abm), "cascade", lambda *_, **__: other)
    result = unwind("plot", "results/hike")
    assert "cannot be simulated again here: no counterfactual runs" in result.stderr
    assert (tmp_path / "results/hike/figures/network.png").stat().st_size > 20_000


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "manifest.json").unlink(), "there is no manifest.json"),
        (lambda folder: (folder / "days.parquet").write_text("x"), "is not a whole result"),
        (lambda folder: (folder / "summary.json").unlink(), "is not a whole result"),
    ],
)
def test_a_folder_that_is_no_whole_result_is_not_drawn(unwind, tmp_path, spoil, message):
    unwind("run", "hike", "--no-figures")
    spoil(tmp_path / "results/hike")
    result = unwind("plot", "results/hike")
    assert result.exit_code == 2
    assert message in result.stderr


def test_the_command_to_try_next_is_one_that_works(unwind):
    words = unwind("run", "hike", "--set", "funds.n=40", "--no-figures").stdout.splitlines()[-1]
    assert "Try next        unwind run hike --set funds.n=40 --set shock.surprise_bp=50" in words
    assert unwind(*words.split()[3:]).exit_code == 0


@pytest.mark.parametrize("name", ["hike", "calm", "august-2024", "world-2024", "auto-liquidation"])
def test_what_to_try_next_is_a_valid_change_of_every_scenario(name, unwind):
    words = next_command(load_scenario(name), name, ["seed=1"], 3).split()
    settings = words[words.index("seed=1") + 1 : words.index("--out")]
    assert words[:5] == ["unwind", "run", name, "--seed", "3"]
    assert told(unwind("check", name, *settings)).startswith("ok")


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("hike", "hike"),
        ("../../etc", "etc"),
        ("a b/c", "a-b-c"),
        ("..", "run"),
        ("x" * 300, "x" * 80),
    ],
)
def test_a_scenario_s_name_is_never_a_path(name, folder):
    assert folder_name(name) == folder


def test_what_a_scenario_makes_happen_is_in_order_and_has_its_day():
    scenario = load_scenario("august-2024")
    told = [(day_name(scenario, act.day), act.label) for act in acts(scenario)]
    assert told[:3] == [
        ("11 Jul 2024", "MoF sells USD 20bn"),
        ("12 Jul 2024", "MoF sells USD 15bn"),
        ("31 Jul 2024", "BoJ +15bp"),
    ]
    assert [act.day for act in acts(load_scenario("hike"))] == [0]
    assert day_name(load_scenario("hike"), 0) == "day 0"


@pytest.mark.parametrize("held", ["notes.txt", "manifest.json"])
def test_a_folder_that_holds_things_is_refused_before_the_run(unwind, tmp_path, monkeypatch, held):
    def never(*args, **kwargs):
        raise AssertionError("the run was started")

    monkeypatch.setitem(vars(abm), "cascade", never)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / held).write_text("precious")
    result = unwind("run", "hike", "--out", "mine")
    assert result.exit_code == 2
    assert "mine exists and holds" in result.stderr and "--force to overwrite" in result.stderr
    assert (tmp_path / "mine" / held).read_text() == "precious"


def test_force_overwrites_a_result_and_nothing_else(unwind, tmp_path):
    told(unwind("run", "hike", "--out", "mine"))
    (tmp_path / "mine/notes.txt").write_text("precious")
    (tmp_path / "mine/days.parquet").write_text("old")
    assert unwind("run", "hike", "--out", "mine").exit_code == 2
    told(unwind("run", "hike", "--out", "mine", "--force"))
    assert len(abm.load_result("mine").days) == 66
    assert (tmp_path / "mine/notes.txt").read_text() == "precious"
    assert everything_in(tmp_path / "mine") == {
        *TABLES, *FIGURES, "notes.txt", "figures"
    }  # fmt: skip


def test_an_empty_folder_will_do_even_the_one_we_are_in(unwind, tmp_path):
    told(unwind("run", "hike", "--out", ".", "--no-figures"))
    assert everything_in(tmp_path) == set(TABLES)


@pytest.mark.parametrize("out", ["file", "file/below", "/proc/none/below"])
def test_a_place_where_no_folder_can_be_is_refused_before_the_run(unwind, tmp_path, out):
    (tmp_path / "file").write_text("precious")
    result = unwind("run", "hike", "--out", out)
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith(out) and result.stderr.count("\n") == 1
    assert everything_in(tmp_path) == {"file"}


def test_a_full_disk_leaves_nothing_behind(unwind, tmp_path, monkeypatch):
    monkeypatch.setattr("pyarrow.parquet.write_table", full_disk)
    result = unwind("run", "hike", "--out", "deep/er/mine")
    assert result.exit_code == 2
    assert "deep/er/mine: the disk is full" in result.stderr
    assert result.stderr.count("\n") == 1
    assert everything_in(tmp_path) == set()


def test_a_disk_that_fills_at_the_last_file_leaves_the_old_result_whole(
    unwind, tmp_path, monkeypatch
):
    told(unwind("run", "hike"))
    before = {p: p.read_bytes() for p in (tmp_path / "results").rglob("*") if p.is_file()}
    monkeypatch.setattr("abm.runs.folder.manifest_of", full_disk)
    result = unwind("run", "hike", "--force", "--seed", 1)
    assert (result.exit_code, result.stdout) == (2, "")
    assert {p: p.read_bytes() for p in (tmp_path / "results").rglob("*") if p.is_file()} == before


def test_a_disk_that_is_full_when_a_scenario_is_written_is_said_so(unwind, tmp_path, monkeypatch):
    monkeypatch.setattr("os.replace", full_disk)
    result = unwind("new", "mine")
    assert result.exit_code == 2
    assert result.stderr == "mine.toml cannot be written: the disk is full\n"
    assert everything_in(tmp_path) == set()


def test_a_fault_in_a_run_s_thread_is_answered_like_any_other(unwind, monkeypatch):
    def too_large(*args, **kwargs):
        raise MemoryError

    monkeypatch.setitem(vars(abm), "cascade", too_large)
    result = unwind("run", "hike", "--set", "population.scale=1000")
    assert result.exit_code == 2
    assert "not enough memory; make population.scale" in result.stderr


def test_the_first_run_ever_says_what_it_is_waiting_for(unwind, monkeypatch):
    assert "compiling" not in unwind("run", "hike", "--no-figures").stderr
    monkeypatch.setattr("abm.kernels.day.is_compiled", lambda: False)
    result = unwind("run", "hike", "--no-figures", "--force", "--json")
    assert result.stderr == "compiling the kernels, once: about 25 s\n"
    assert json.loads(result.stdout)


def test_long_work_is_told_line_by_line_where_there_is_no_terminal(capsys):
    import time

    with Progress(3, every_seconds=0.25) as progress:
        assert progress.do("sums", lambda: time.sleep(0.6) or 7) == 7
        with progress.step("the rest"):
            pass
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "sums: step 1 of 3, 0 s"
    assert 2 <= len(lines) <= 3


LONG_RUN = """
import sys, time, abm, abm.kernels.day
def cascade(*args, **kwargs):
    print("running", file=sys.stderr, flush=True)
    time.sleep(60)
vars(abm)["cascade"] = cascade
abm.kernels.day.is_compiled = lambda: True
from abm.cli import main
main()
"""


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_ends_a_run_at_once_with_one_line_and_nothing_written(tmp_path, end):
    process = subprocess.Popen(
        [sys.executable, "-c", LONG_RUN, "run", "hike"], cwd=tmp_path, text=True,
        env={"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(end, signal.SIG_DFL),  # nohup ignores one for its children
    )  # fmt: skip
    assert process.stderr.readline() == "running\n"
    process.send_signal(end)
    stdout, stderr = process.communicate(timeout=10)
    assert process.returncode == 130
    assert (stdout, stderr) == ("", "unwind: interrupted; nothing half-written stays behind\n")
    assert everything_in(tmp_path) == set()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_while_writing_waits_until_the_result_is_whole(unwind, tmp_path, monkeypatch, end):
    from abm.runs import folder

    def interrupted(run):
        os.kill(os.getpid(), end)
        return folder_manifest(run)

    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # as `main` does

    folder_manifest = folder.manifest_of
    monkeypatch.setattr(folder, "manifest_of", interrupted)
    result = unwind("run", "hike", "--no-figures")
    signal.signal(signal.SIGTERM, before)
    assert (result.exit_code, result.stderr) == (130, "")  # the line is `main`'s
    assert everything_in(tmp_path / "results/hike") == TABLES
    assert len(abm.load_result("results/hike").days) == 66


def test_a_run_from_the_command_is_the_run_of_the_front_door(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["run", "hike", "--seed", "7", "--set", "calendar.days=8", "--json"]
    numbers = json.loads(told(CliRunner().invoke(app, words)))
    direct = abm.run(load_scenario("hike").with_changes({"calendar.days": 8}), rng=7)
    kept = abm.load_result("results/hike")
    pd.testing.assert_frame_equal(kept.days, direct.days)
    assert set(numbers) == {"run", "shock"} and "class" in numbers["shock"]
    assert numbers["run"]["forced_sales_usd_bn"] == direct.summary["forced_sales_usd_bn"]
    assert numbers["run"]["max_conservation_error"] < 1e-9
    assert everything_in(tmp_path / "results/hike") == {
        *TABLES, *FIGURES, "figures/basis.png", "figures"
    }  # fmt: skip
