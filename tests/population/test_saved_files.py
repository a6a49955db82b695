"""A state file is untrusted data: whatever is in it is refused by name, or does no harm."""

import json
import os
import resource
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import abm
from abm.errors import UnreadableFile
from abm.kernels.events import EVENT_KINDS
from abm.model import CarryUnwindModel
from abm.population.institutions import draw_groups, number_of_institutions
from abm.population.saved import read_state
from tests.population.spoiling import POINTERS

ROOT = Path(__file__).parents[2]
DAY = 6
FEW = {"population.scale": 0.1, "calendar.days": 12, "calendar.shock_day": 2}
SHORT = {"calendar.burn_in_days": 6, "calendar.drift_days": 5, "shock.surprise_bp": 100}
BANKS = {
    "banks.desk": {"kind": "carry", "capital_share": 0.1, "weights": {"UST": 0.5}},
    "banks.trading_book": {"kind": "held", "weights": {"HY": 1.0}},
    "banks.funding_run.kind": "withdrawals",
}
OWN = {"AUD": {"basis_per_year": 0.004, "demand_usd_bn": 20.0}}
SWAPS = {"funding.basis": {"kind": "market", "maturity_days": 4, "currencies": OWN}}
LOANS = {"funds.styles.RV.loan_shares": {"AUD": 0.4}}
REPO = {"repo.kind": "risk", "funds.styles.RV.repo_share": 1.0}


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    scenario = abm.load_scenario("hike").with_changes(FEW | SHORT | BANKS | SWAPS | LOANS | REPO)
    model = CarryUnwindModel(scenario, rng=3)
    for _ in range(DAY):
        model.step()
    assert model.world.record.n_events[0] > 0
    return model.save_state(tmp_path_factory.mktemp("states") / "day.state")


def rewritten(state, folder, **arrays):
    """The state with other arrays in it; with other words of its description."""
    with np.load(state) as file:
        kept = dict(file)
    said = json.loads(str(kept["description"])) | arrays.pop("said", {})
    kept["description"] = np.array(json.dumps(said))
    path = folder / "other.state"
    with path.open("wb") as file:
        np.savez(file, **kept | arrays)
    return path


def array_in(state, name):
    with np.load(state) as file:
        return file[name]


def refusal_of(path):
    with pytest.raises(UnreadableFile) as refused:
        CarryUnwindModel.load_state(path)
    return str(refused.value)


def test_every_array_that_is_spoilt_is_refused_by_name_or_does_no_harm(state, tmp_path):
    script = [sys.executable, str(Path(__file__).with_name("spoiling.py"))]
    done = subprocess.run(
        [*script, str(state), str(tmp_path)],
        capture_output=True, text=True, timeout=600, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    cases = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, (cases[-1], done.stderr[-2000:])
    said = {(name, harm): told for name, harm, *told in cases if told[0] != "about to"}
    assert len({name for name, _ in said}) > 100
    assert {outcome for outcome, _ in said.values()} <= {"refused", "ran", "FailedRun"}
    for (name, harm), (outcome, words) in said.items():
        if outcome == "refused":
            assert name.partition(".")[2] in words.replace("n_events", "events n_events"), words
        else:
            assert harm.endswith(("a billion", "negative", "infinite")), (name, harm)
    for name in POINTERS:
        assert {said[name, harm][0] for harm in ("a billion", "negative")} == {"refused"}


def test_a_broker_without_a_row_is_refused_with_what_it_must_be(state, tmp_path):
    broker = np.full_like(array_in(state, "graph.broker"), 10**9)
    said = refusal_of(rewritten(state, tmp_path, **{"graph.broker": broker}))
    assert "graph.broker holds 1000000000, must be a row of a bank from 0 to 11" in said


def test_units_that_are_no_number_and_units_from_nowhere_are_refused(state, tmp_path):
    units = array_in(state, "books.units")
    units[0, 0] = np.nan
    said = refusal_of(rewritten(state, tmp_path, **{"books.units": units}))
    assert "books.units holds nan, must be a finite number" in said
    units[0, 0] = 10.0
    said = refusal_of(rewritten(state, tmp_path, **{"books.units": units}))
    assert "do not add up to market.totals" in said
    totals = array_in(state, "market.totals") + 10.0
    both = {"books.units": units, "market.totals": totals}
    assert "market.totals are not those of the file's own" in refusal_of(
        rewritten(state, tmp_path, **both)
    )


@pytest.mark.parametrize(
    "column", ["loans", "desk_assets", "other_assets", "deposits", "liabilities"]
)
def test_a_bank_whose_two_sides_differ_is_refused(state, tmp_path, column):
    held = array_in(state, f"graph.{column}")
    held.flat[1] += 1e3
    said = refusal_of(rewritten(state, tmp_path, **{f"graph.{column}": held}))
    assert "are not its graph.liabilities, deposits and equity" in said


@pytest.mark.parametrize("day", [-5, 13, 10**18, True, 2.0, "6", None])
def test_a_day_that_is_none_of_the_run_is_refused(state, tmp_path, day):
    assert "day" in refusal_of(rewritten(state, tmp_path, said={"day": day}))


@pytest.mark.parametrize(
    "said",
    [
        {"seed": -1}, {"seed": 1e300}, {"replicate": "x"}, {"was_written_to": 1}, {"more": 1},
        {"scenario_toml": "x = "}, {"scenario_toml": "name = 'hike'"}, {"scenario_toml": 3},
    ],
)  # fmt: skip
def test_a_description_that_is_not_one_is_refused(state, tmp_path, said):
    assert "not a saved state" in refusal_of(rewritten(state, tmp_path, said=said))


@pytest.mark.parametrize(
    ("column", "value"),
    [("kind", len(EVENT_KINDS)), ("institution", 10**9), ("institution", -(10**9)),
     ("counterparty", 99), ("instrument", 9), ("cause", 10**9), ("clearing", -2),
     ("day", 10**9), ("amount_usd_bn", np.inf)],
)  # fmt: skip
def test_an_event_of_what_does_not_exist_is_refused(state, tmp_path, column, value):
    events = array_in(state, "record.events")
    events[column][3] = value
    said = refusal_of(rewritten(state, tmp_path, **{"record.events": events}))
    assert f"record.events, {column}, must be" in said


def bomb(path, n_bytes, compression):
    """A small file whose one array inflates to n_bytes of zeros."""
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({n_bytes // 8},), }}"
    start = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode()
    with (
        zipfile.ZipFile(path, "w", compression) as file,
        file.open("description.npy", "w", force_zip64=True) as member,
    ):
        member.write(start)
        for _ in range(n_bytes >> 20):
            member.write(bytes(1 << 20))
    return path


def test_a_bomb_is_refused_before_it_is_inflated(tmp_path):
    path = bomb(tmp_path / "bomb.state", 256 << 20, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 1 << 20
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    said = refusal_of(path)
    assert "is compressed (268,435," in said
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


def test_a_header_that_promises_more_than_the_file_holds_is_refused(state, tmp_path):
    held = f"'shape': {array_in(state, 'record.events').shape}".encode()
    promised = f"'shape': ({'9' * (len(held) - 12)},)".encode()
    path = tmp_path / "other.state"
    with zipfile.ZipFile(state) as kept, zipfile.ZipFile(path, "w") as spoilt:
        for name in kept.namelist():
            content = kept.read(name)
            if name == "record.events.npy":
                assert content.count(held) == 1
                content = content.replace(held, promised)
            spoilt.writestr(name, content)
    assert "record.events has " in refusal_of(path)


def test_a_scenario_much_larger_than_its_file_is_refused_before_its_world_is_built(state, tmp_path):
    toml = json.loads(str(array_in(state, "description")))["scenario_toml"]
    larger = toml.replace("scale = 0.1", "scale = 100000.0")
    assert larger != toml
    said = refusal_of(rewritten(state, tmp_path, said={"scenario_toml": larger}))
    assert "books.wealth has shape" in said


def test_arrays_that_are_no_part_of_a_state_are_refused(state, tmp_path):
    path = rewritten(state, tmp_path, **{"books.\x1b[31mred": np.zeros(3)})
    said = refusal_of(path)
    assert "is not an array of a state" in said and "\x1b" not in said


def test_what_is_no_regular_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.state")
    kinds = {tmp_path / "pipe.state": "a pipe", Path("/dev/zero"): "a device", tmp_path: "a folder"}
    for path, kind in kinds.items():
        assert f"cannot be read: it is {kind}" in refusal_of(path)


@pytest.mark.parametrize("name", ["hike", "august-2024", "calm"])
@pytest.mark.parametrize("scale", [0.07, 1.0])
def test_institutions_are_counted_as_they_are_drawn(name, scale):
    scenario = abm.load_scenario(name).with_changes({"population.scale": scale} | BANKS)
    drawn = sum(group.n for group in draw_groups(scenario, 0, 0))
    assert number_of_institutions(scenario) == drawn


def test_a_sound_state_is_read_as_it_was_written(state):
    checked = read_state(state)
    assert checked.saved.day == DAY
    with np.load(state) as file:
        assert set(file.files) == {"description", *checked.saved.arrays}
        for name, array in checked.saved.arrays.items():
            kept = file[name]
            assert (kept.dtype, kept.shape) == (array.dtype, array.shape)
            assert kept.tobytes() == array.tobytes()


def test_a_model_that_was_written_to_is_saved_and_read_too(tmp_path):
    model = CarryUnwindModel(abm.load_scenario("hike").with_changes(FEW | SHORT), rng=3)
    model.step()
    model.agents[0].units["AUD"] = 2.0
    loaded = CarryUnwindModel.load_state(model.save_state(tmp_path / "written.state"))
    assert loaded.was_written_to and loaded.agents[0].units["AUD"] == 2.0
