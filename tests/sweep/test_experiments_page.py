"""experiments/README.md: every key of an experiment file, and examples that run as they stand."""

import ast
import os
import re
import signal
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from abm.cli.commands import app
from abm.sweep import digest, kinds, sweep
from abm.sweep.designs import count_points
from abm.sweep.experiment import Experiment, load_experiment
from abm.sweep.question import Outputs, Stop
from tests.sweep.small import experiment

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "experiments/README.md").read_text(encoding="utf-8")
DESIGNS = (
    kinds.Grid, kinds.OneAtATime, kinds.ListOfPoints, kinds.LatinHypercube, kinds.SobolSequence,
    kinds.Saltelli, kinds.Morris,
)  # fmt: skip
EXPERIMENT = "experiments/leak-or-dam.toml"  # of the examples for a cluster
FOLDER = "results/leak-or-dam"


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def schema():
    """Every key that an experiment file may have, with its default."""
    whole = {n: f for n, f in Experiment.model_fields.items() if n not in TABLES}
    found = {{"changes": "changes.KEY"}.get(name, name): field for name, field in whole.items()}
    for design in DESIGNS:
        found |= {f"design.{name}": field for name, field in design.model_fields.items()}
    found |= {f"design.factors.KEY.{n}": f for n, f in kinds.Factor.model_fields.items()}
    for table, part in (("outputs", Outputs), ("stop", Stop)):
        found |= {f"{table}.{name}": field for name, field in part.model_fields.items()}
    return found


TABLES = ("design", "outputs", "stop")


def documented():
    """Of the table of keys: default by key."""
    rows = re.findall(r"^\| `([A-Za-z_.]+)` \|.*\| ([^|]+) \|$", PAGE, re.MULTILINE)
    assert len(dict(rows)) == len(rows)
    return dict(rows)


def test_the_page_has_every_key_of_an_experiment_file_and_no_other():
    assert set(documented()) == set(schema())


@pytest.mark.parametrize("name", ["leak-or-dam", "sensitivity"])
def test_the_page_says_how_many_runs_a_question_takes(name):
    asked = load_experiment(ROOT / f"experiments/{name}.toml")
    n_runs = count_points(asked, 10**9) * asked.replicates
    (row,) = [line for line in PAGE.splitlines() if f"`unwind sweep experiments/{name}" in line]
    assert f"{n_runs:,} runs)" in row


def test_the_page_has_the_defaults():
    for key, said in documented().items():
        default = schema()[key].default
        if said.startswith("`"):
            value = said.strip("`").replace(",", "")
            assert tomllib.loads(f"x = {value}")["x"] == default, key
        elif said == "required":
            assert key == "design.kind" or schema()[key].is_required(), key
        elif key not in ("name", "design.factors"):
            assert default in (None, "", (), {}), key


def test_the_page_has_an_example_of_every_key():
    written = "\n".join(blocks("toml"))
    for key in schema():
        if key not in ("design.file", "stop.max_runs", "changes.KEY"):
            assert re.search(rf"\b{key.rpartition('.')[2]}\b", written), key


@pytest.mark.parametrize("text", blocks("toml"))
def test_every_example_is_an_experiment(text, tmp_path):
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    (tmp_path / "accepted.csv").write_text("funds.styles.*.leverage\n0.9x\n", encoding="utf-8")
    assert load_experiment(tmp_path / "mine.toml").name == "mine"


def test_every_kind_of_design_is_told():
    told = " ".join(re.findall(r'kind = "([a-z-]+)"', PAGE))
    assert all(design.model_fields["kind"].default in told for design in DESIGNS)


@pytest.fixture
def tiny(tmp_path):
    """The experiment of the examples, made tiny, in a folder of its own."""
    file = tmp_path / EXPERIMENT
    file.parent.mkdir()
    file.write_text(experiment().to_toml(), encoding="utf-8")
    return tmp_path


@pytest.mark.skipif(os.name == "nt", reason="a job script is of a POSIX shell")
def test_the_job_array_runs_the_whole_experiment_between_its_tasks(
    tiny, in_process, undisturbed, monkeypatch
):
    monkeypatch.chdir(tiny)
    (script,) = (text for text in blocks("bash") if "#SBATCH" in text)
    assert script.startswith("#!/bin/bash\n") and "#SBATCH --array=1-16\n" in script
    command = tiny / "bin/unwind"  # the shell says its words, this process does what they ask
    command.parent.mkdir()
    command.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
    command.chmod(0o755)
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
    for task in ("2", "1"):
        asked = subprocess.run(
            ["bash", "-c", script], check=True, text=True, stdout=subprocess.PIPE, timeout=60,
            env={"PATH": path, "SLURM_ARRAY_TASK_ID": task, "SLURM_ARRAY_TASK_COUNT": "2",
                 "SLURM_CPUS_PER_TASK": "1"},
        )  # fmt: skip
        told = CliRunner().invoke(app, asked.stdout.splitlines())
        assert told.exit_code == 0, told.output
        assert f"6 of 6 runs done of shard {task}/2" in told.output
    assert digest(tiny / FOLDER) == undisturbed(experiment())


STUB = """
from dask.distributed import LocalCluster


class SLURMCluster(LocalCluster):
    def __init__(self, cores, processes, memory, walltime):
        super().__init__(n_workers=0, threads_per_worker=1, dashboard_address=None)

    def scale(self, n=0, jobs=None):
        return super().scale(1 if jobs else n)
"""


def test_the_dask_example_runs_the_whole_experiment(tiny, undisturbed):
    pytest.importorskip("distributed")
    (script,) = (text for text in blocks("python") if "SLURMCluster" in text)
    (tiny / "job.py").write_text(script)
    (tiny / "dask_jobqueue.py").write_text(textwrap.dedent(STUB))  # this machine in place of SLURM
    done = subprocess.run(
        [sys.executable, "job.py"], cwd=tiny, text=True, capture_output=True, timeout=240,
        env={**os.environ, "PYTHONPATH": f"{tiny}{os.pathsep}{ROOT}"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "12 of 12 runs are done"
    assert digest(tiny / FOLDER) == undisturbed(experiment())


@pytest.fixture
def own_signals():
    """Handlers of signals as they were: dask-jobqueue puts its own in their place when imported."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def test_slurm_is_asked_in_words_that_dask_jobqueue_has(own_signals):
    jobqueue = pytest.importorskip("dask_jobqueue")
    (script,) = (text for text in blocks("python") if "SLURMCluster" in text)
    calls = [node for node in ast.walk(ast.parse(script)) if isinstance(node, ast.Call)]
    asked = next(c for c in calls if getattr(c.func, "id", "") == "SLURMCluster")
    options = {word.arg: ast.literal_eval(word.value) for word in asked.keywords}
    with jobqueue.SLURMCluster(
        **options, scheduler_options={"dashboard_address": None, "host": "127.0.0.1"}
    ) as cluster:
        script = cluster.job_script()
        address = cluster.scheduler_address
    assert "#SBATCH --cpus-per-task=4" in script and "#SBATCH -t 02:00:00" in script
    assert address.startswith("tcp://")


def test_an_example_that_is_interrupted_goes_on(tiny, in_process):
    # What the page says of Ctrl-C and of a task that is submitted again.
    sweep(tiny / EXPERIMENT, tiny / FOLDER, shard="1/2", workers=1)
    done = sweep(tiny / EXPERIMENT, tiny / FOLDER, workers=1)
    assert (done.progress.n_new, done.is_complete) == (6, True)
