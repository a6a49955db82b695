"""A file that a user names: regular, of a stated size, not too deep; every other is refused."""

import csv
import os
import socket
from contextlib import contextmanager

import pytest

from abm import files
from abm.errors import MOST_FAULTS, ScenarioFaults, UnreadableFile, UnwindError
from abm.population.graphs import read_broker_edges, read_interbank_claims
from abm.scenario import load_scenario
from abm.sweep.experiment import load_experiment
from abm.sweep.points_file import MOST_TOLD, read_points

BASED = 'base = "hike"\n'
BANKS = [f"bank-{n}" for n in range(1, 5)]


@contextmanager
def at(path, kind):
    """Something of this kind under a name."""
    if kind == "a pipe":
        os.mkfifo(path)
    elif kind == "a device":
        path.symlink_to("/dev/zero")
    elif kind == "a folder":
        path.mkdir()
    else:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.close()
    yield path


def test_json_that_is_cut_off_is_deep_only_where_it_is(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("[" + "[1], " * 40)
    with pytest.raises(ValueError) as refused:
        files.read_json(path)
    assert not isinstance(refused.value, files.TooDeep)
    path.write_text("[" * 40)
    with pytest.raises(files.TooDeep):
        files.read_json(path)


def readers(path):
    """Readers of files that a user names, by kind of file."""
    return {
        "scenario": lambda: load_scenario(path.with_suffix(".toml")),
        "experiment": lambda: load_experiment(path.with_suffix(".toml")),
        "graph": lambda: read_interbank_claims(path.with_suffix(".graphml"), BANKS),
        "edges": lambda: read_broker_edges(path.with_suffix(".csv"), ["hedge-fund-1"], BANKS),
    }


SUFFIX = {"scenario": ".toml", "experiment": ".toml", "graph": ".graphml", "edges": ".csv"}


@pytest.mark.parametrize("kind", ["a pipe", "a device", "a folder", "a socket"])
@pytest.mark.parametrize("what", SUFFIX)
def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path, monkeypatch, what, kind):
    monkeypatch.chdir(tmp_path)  # a socket's name must be short
    path = tmp_path / "mine"
    with at(path.with_suffix(SUFFIX[what]), kind), pytest.raises(UnwindError, match=kind):
        readers(path)[what]()


@pytest.mark.parametrize("kind", ["a pipe", "a device"])
def test_points_and_graphs_that_a_file_names_are_regular_too(tmp_path, kind):
    points = '[design]\nkind = "list"\nfile = "points.csv"\n'
    (tmp_path / "mine.toml").write_text(f'scenario = "hike"\nreplicates = 1\n{points}')
    graph = '[network.interbank]\nkind = "file"\npath = "points.csv"\n'
    (tmp_path / "world.toml").write_text(BASED + graph)
    with at(tmp_path / "points.csv", kind):
        with pytest.raises(ScenarioFaults, match=kind):
            load_experiment(tmp_path / "mine.toml")
        with pytest.raises(ScenarioFaults, match=kind):
            load_scenario(tmp_path / "world.toml")


@pytest.mark.parametrize("what", SUFFIX)
def test_a_file_beyond_the_stated_size_is_refused_before_it_is_read(tmp_path, what):
    path = (tmp_path / "mine").with_suffix(SUFFIX[what])
    with open(path, "wb") as file:
        file.truncate(10 * files.MOST_OF_TABLE)  # a hole: takes no disk
    with pytest.raises(UnwindError, match=r"it has 41,?[0-9.e+]* ?MB; of such a file at most|4.1e"):
        readers(tmp_path / "mine")[what]()


def test_a_file_that_tells_no_size_is_read_to_the_limit_and_no_further(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_refuse", lambda *_: None)
    with pytest.raises(OSError, match=r"at most 0\.001 MB are read"):
        files.read_bytes("/dev/zero", 1000)


@pytest.mark.parametrize(
    "text",
    [
        "a." * 20_000 + "b = 1",
        '"a".' * 20_000 + "b = 1",
        "x = { " + "a . " * 20_000 + "b = 1 }",
        f"[{'a.' * 20_000}b]",
        "x = " + "[" * 33 + "]" * 33,
        "x = " + "[" * 20_000,
        "x = " + "{a=" * 33 + "1" + "}" * 33,
    ],
)
def test_a_key_of_many_parts_and_a_deep_nest_are_refused(tmp_path, text):
    (tmp_path / "mine.toml").write_text(BASED + text + "\n")
    with pytest.raises(UnreadableFile, match="lie too deep in one another, more than 32") as said:
        load_scenario(tmp_path / "mine.toml")
    assert len(str(said.value)) < 400


def test_dots_in_texts_and_comments_are_no_parts_of_a_key(tmp_path):
    dots = "a." * 40
    text = f'# {dots}\nabout = """\n{dots}b = 1 \\" {dots}"""\ntitle = \'{dots}\'\n'
    (tmp_path / "mine.toml").write_text(BASED + text)
    assert load_scenario(tmp_path / "mine.toml").title == dots


@pytest.mark.parametrize("raw", [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 40 + b"]" * 40])
def test_deep_json_is_refused(tmp_path, raw):
    (tmp_path / "plan.json").write_bytes(raw)
    with pytest.raises(ValueError, match="too deep"):
        files.read_json(tmp_path / "plan.json")


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"k{n} = 1\n" for n in range(5_000)),
        "[funds]\n" + "".join(f"k{n} = 1\n" for n in range(5_000)),
        f"[banks]\ncore_capital_factors = [{'-1, ' * 5_000}]\n",
        f"without = [{', '.join(f'{chr(34)}a{n}{chr(34)}' for n in range(5_000))}]\n",
        "[insurers.weights]\n" + "".join(f"W{n} = 0.1\n" for n in range(5_000)),
    ],
)
def test_five_thousand_faults_are_fifty_lines(tmp_path, text):
    (tmp_path / "mine.toml").write_text(BASED + text)
    with pytest.raises(ScenarioFaults) as refused:
        load_scenario(tmp_path / "mine.toml")
    lines = str(refused.value).splitlines()
    assert len(lines) <= MOST_FAULTS + 2 and "more" in lines[-1]
    assert sum(map(len, lines)) < 20_000


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f'title = "{"x" * 400_000}\\u001b"', "must be one line of printable text"),
        (f"{'z' * 400_000} = 1", "unknown key"),
        (f"[funds]\nleverage_cap = '{'y' * 400_000}'", "must be a number"),
        (f"[network.brokers]\nkind = 'file'\npath = '{'p/' * 200_000}'", "no such file"),
        (f"funds = [{'{}, ' * 100_000}]", "must be a table"),
        (f"[instruments]\n{''.join(f'I{n} = {{}}{chr(10)}' for n in range(300))}", "is missing"),
    ],
)
def test_what_is_quoted_is_shortened(tmp_path, text, words):
    (tmp_path / "mine.toml").write_text(f"{BASED}{text}\n")
    with pytest.raises(UnwindError, match=words) as refused:
        load_scenario(tmp_path / "mine.toml")
    assert len(str(refused.value)) < 15_000


def test_a_world_has_at_most_two_hundred_instruments(tmp_path):
    part = 'kind="currency",volatility_per_year=0.1,value_depth_usd_bn=1,dealer_depth_usd_bn=1'
    rows = "".join(f"[instruments]\nI{n} = {{ {part} }}\n"[14 if n else 0 :] for n in range(201))
    (tmp_path / "mine.toml").write_text(f"[calendar]\ndays = 3\n{rows}")
    with pytest.raises(ScenarioFaults, match="has 201 entries, must have at most 200"):
        load_scenario(tmp_path / "mine.toml")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("bank-1,bank-2,1", "is there already for bank-2"),
        ("bank-1,nobody,1", "is not a bank of this scenario"),
        ("bnk-1,bank-2,-1", "did you mean bank-1?"),
        ("bank-1", "must have 3 values"),
    ],
)
def test_twenty_thousand_bad_edges_are_fifty_lines(tmp_path, monkeypatch, row, words):
    looked_up = []
    near = "abm.errors.get_close_matches"
    monkeypatch.setattr(near, lambda word, *_, **__: looked_up.append(word) or ["bank-1"])
    (tmp_path / "edges.csv").write_text("lender,borrower,weight\n" + f"{row}\n" * 20_000)
    with pytest.raises(ScenarioFaults) as refused:
        read_interbank_claims(tmp_path / "edges.csv", BANKS)
    message = str(refused.value)
    assert words in message and "more" in message.splitlines()[-1]
    assert len(message.splitlines()) == MOST_FAULTS + 2 and len(message) < 10_000
    assert len(looked_up) <= MOST_FAULTS


def test_points_are_counted_and_a_million_like_faults_are_ten(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("funds.n,funds.band\n" + "1\n" * 50_000)
    found = read_points(path)
    assert len(found.faults) == MOST_TOLD + 1
    assert found.faults[-1].allowed == "and 49,990 more such cells and lines"


def test_more_points_than_a_file_may_hold_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("abm.sweep.points_file.MOST_POINTS", 100)
    with open(tmp_path / "points.csv", "w", newline="") as file:
        csv.writer(file).writerows([["funds.n"], *([n] for n in range(101))])
    (fault,) = read_points(tmp_path / "points.csv").faults
    assert fault.allowed == "must have at most 100 points"


def test_an_entity_that_grows_is_no_graph(tmp_path):
    grown = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<?xml version="1.0"?><!DOCTYPE g [<!ENTITY a0 "ha">{grown}]><graphml>&a9;</graphml>'
    (tmp_path / "g.graphml").write_text(bomb)
    with pytest.raises(ScenarioFaults, match="is not valid GraphML"):
        read_interbank_claims(tmp_path / "g.graphml", BANKS)
