"""Which kernels are parts of others: code that lies together is found sooner by the processor."""

import ast
from collections import Counter
from pathlib import Path

import abm

ROOT = Path(abm.__file__).parent
APART = {"kernel", "allocating_kernel"}  # compiled by themselves, called by a symbol


def functions():
    """Name, decorator and names called, of every compiled function."""
    for file in sorted((ROOT / "kernels").rglob("*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.FunctionDef):
                continue
            marks = {mark.id for mark in node.decorator_list if isinstance(mark, ast.Name)}
            called = [
                part.func.id
                for part in ast.walk(node)
                if isinstance(part, ast.Call) and isinstance(part.func, ast.Name)
            ]
            yield node.name, marks, called


def imported_by_python():
    """Names that modules outside of the kernels import from them."""
    for file in ROOT.rglob("*.py"):
        if "kernels" in file.relative_to(ROOT).parts:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("abm.kernels"):
                yield from (alias.name for alias in node.names)


def test_a_kernel_that_calls_none_and_has_one_caller_is_part_of_it():
    """Compiled apart it takes a page of its own: at 100 institutions days took 3% longer so."""
    found = list(functions())
    apart = {name for name, marks, _ in found if marks & APART}
    times = Counter(name for _, _, called in found for name in called)
    callees = {name: apart.intersection(called) for name, _, called in found}
    without_need = {
        name
        for name, marks, _ in found
        if "kernel" in marks and times[name] == 1 and not callees[name]
    }
    assert len(apart) > 200
    assert without_need - set(imported_by_python()) == set()
