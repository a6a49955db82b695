"""Where compiled kernels are kept."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import numba
import pytest

from abm.kernels.compiler import jit

ROOT = Path(jit.__file__).parents[3]


def run(code: str, **environment: str) -> str:
    """Output of a fresh interpreter."""
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip


def test_kernels_are_kept_in_a_folder_of_their_own_and_found_again(tmp_path):
    code = (
        "from abm.kernels.compiler.jit import is_kept\n"
        "from abm.kernels.behaviours.value_investor import saturation\n"
        "print(is_kept(saturation), end=' '); saturation(0.1); print(is_kept(saturation))"
    )
    place = {"CARRY_UNWIND_CACHE": str(tmp_path), "NUMBA_DISABLE_JIT": "0"}
    assert run(code, **place) == "False True"
    assert run(code, **place) == "True True"
    assert [path.name[:8] for path in tmp_path.iterdir()] == ["kernels-"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="folders of Linux")
def test_they_are_kept_where_the_system_keeps_caches(tmp_path):
    code = "from abm.kernels.compiler import jit; print(jit.CACHE_FOLDER.parent)"
    unset = {"CARRY_UNWIND_CACHE": "", "XDG_CACHE_HOME": "", "HOME": str(tmp_path)}
    assert run(code, **unset) == str(tmp_path / ".cache" / "carry-unwind")
    elsewhere = unset | {"XDG_CACHE_HOME": str(tmp_path / "xdg")}
    assert run(code, **elsewhere) == str(tmp_path / "xdg" / "carry-unwind")


def test_without_a_home_directory_they_are_kept_among_temporary_files(tmp_path, monkeypatch):
    pwd = pytest.importorskip("pwd")

    def nobody(uid):
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name in ("CARRY_UNWIND_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    assert jit._cache_folder().parent == tmp_path / "carry-unwind"


def test_a_folder_that_cannot_be_written_is_replaced(tmp_path):
    (tmp_path / "file").write_text("")
    code = (
        "from abm.kernels.compiler import jit\n"
        "print(jit.CACHE_FOLDER.is_relative_to(jit._user_cache()))"
    )
    assert run(code, CARRY_UNWIND_CACHE=str(tmp_path / "file")) == "False"


@pytest.mark.parametrize("kind", ["nbi", "nbc"])
def test_what_was_cut_short_is_compiled_again(tmp_path, kind):
    code = (
        "from abm.kernels.compiler.jit import door\n"
        "from abm.kernels.behaviours.value_investor import saturation\n"
        "print(saturation(0.1), sum(door(saturation).stats.cache_hits.values()))"
    )
    place = {"CARRY_UNWIND_CACHE": str(tmp_path), "NUMBA_DISABLE_JIT": "0"}
    whole = run(code, **place)
    for file in tmp_path.glob(f"**/*.{kind}"):
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert run(code, **place) == whole
    assert run(code, **place) == whole.replace(" 0", " 1")


THREE_KERNELS = """
from abm.kernels.compiler.jit import inlined, kernel

@kernel
def added(x):
    return x + 1

@inlined
def doubled(x):
    return 2 * added(x)

@kernel
def tripled(x):
    return 3 * doubled(x)
"""


def with_kernels(folder):
    """Environment of a process that finds three kernels here and keeps them here."""
    paths = os.pathsep.join((str(ROOT), str(folder)))
    return {"CARRY_UNWIND_CACHE": str(folder), "NUMBA_DISABLE_JIT": "0", "PYTHONPATH": paths}


def test_a_kernel_linked_with_one_that_another_process_kept_is_loaded_alone(tmp_path):
    (tmp_path / "three.py").write_text(THREE_KERNELS)
    place = with_kernels(tmp_path)
    assert run("import three; print(three.doubled(1))", **place) == "4"
    for _ in range(2):  # compiles it, then loads it
        assert run("import three; print(three.tripled(1))", **place) == "12"


def test_python_may_call_what_a_kernel_has_called_and_the_other_way_round(tmp_path):
    (tmp_path / "three.py").write_text(THREE_KERNELS)
    place = with_kernels(tmp_path)
    called_by_kernels_first = "print(three.tripled(1), three.added(1), three.doubled(1))"
    by_python_first = "print(three.doubled(1), three.added(1), three.tripled(1))"
    for _ in range(2):  # compiles them, then loads them
        assert run(f"import three; {called_by_kernels_first}", **place) == "12 2 4"
        assert run(f"import three; {by_python_first}", **place) == "4 2 12"


def test_types_and_the_collector_are_as_before_once_it_is_compiled(tmp_path):
    (tmp_path / "three.py").write_text(THREE_KERNELS)
    code = (
        "from numba import types; before = types.Function.get_call_type\n"
        "import gc, three; from abm.kernels.compiler.ahead import compile_ahead\n"
        "gc.freeze(); n_frozen = gc.get_freeze_count()\n"
        "compile_ahead(three.tripled, (three.doubled,), (three.added,), ())\n"
        "print(before is types.Function.get_call_type, gc.isenabled())\n"
        "print(0 < gc.get_freeze_count() <= n_frozen)"
    )
    assert run(code, **with_kernels(tmp_path)).split() == ["True"] * 3


def test_another_copy_of_the_package_keeps_kernels_of_its_own(tmp_path):
    ask = "from three import added; from abm.kernels.compiler.jit import is_kept; "
    said = []
    for name in ("mine", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "three.py").write_text(THREE_KERNELS)
        place = with_kernels(tmp_path / name) | {"CARRY_UNWIND_CACHE": str(tmp_path)}
        said.append(run(f"{ask} print(is_kept(added), added(1), is_kept(added))", **place))
    assert said == ["False 2 True"] * 2


FIRST_CALL = """
from abm.kernels.compiler.ahead import compile_ahead
from abm.kernels.compiler.jit import door
from three import added, doubled, tripled
input("ready\\n")
compile_ahead(tripled, (doubled,), (added,), ())
print(tripled(1), sum(door(tripled).stats.cache_misses.values()))
"""


def test_of_two_processes_that_start_at_once_one_compiles_and_the_other_waits(tmp_path):
    (tmp_path / "three.py").write_text(THREE_KERNELS)
    both = [
        subprocess.Popen(
            [sys.executable, "-u", "-c", FIRST_CALL], env=os.environ | with_kernels(tmp_path),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    assert [each.stdout.readline() for each in both] == ["ready\n"] * 2
    for each in both:
        each.stdin.write("begin\n")
        each.stdin.flush()
    answers = [each.communicate(timeout=60)[0] for each in both]
    assert sorted(answers) == ["12 0\n", "12 1\n"]


def test_a_folder_that_takes_no_lock_holds_up_no_work(tmp_path):
    kernel = SimpleNamespace(stats=SimpleNamespace(cache_path=str(tmp_path / "missing")))
    with jit.one_at_a_time(kernel, "compiling"):
        assert list(tmp_path.iterdir()) == []


def test_what_was_not_used_for_a_month_is_removed(tmp_path):
    ages = {"kernels-old": 31, "kernels-recent": 29, "something-else": 400}
    for name, days in ages.items():
        (tmp_path / name / "inside").mkdir(parents=True)
        then = time.time() - days * 24 * 3600
        os.utime(tmp_path / name, (then, then))
    run(
        "from abm.kernels.compiler import jit; jit.forget_old_kernels()",
        CARRY_UNWIND_CACHE=str(tmp_path),
    )
    left = {path.name for path in tmp_path.iterdir()} & set(ages)
    assert left == {"kernels-recent", "something-else"}


def test_other_peoples_functions_keep_their_cache():
    before = numba.config.CACHE_DIR
    jit.kernel(lambda x: x)
    assert before == numba.config.CACHE_DIR
