"""Imports go one way between files, wherever in a file they stand: none hides a circle.

A function's imports count as a file's own do, and so do modules that a file names in a text for
`import_module`. What stands under TYPE_CHECKING never runs and is looked at apart. That a package's
own file names its parts again is no circle: it is how Python opens any of them.
"""

import ast
from functools import cache
from pathlib import Path

import networkx as nx
import pytest

ROOT = Path(__file__).parents[1]

# Of imports that run no circle is defended. Of types alone these are: files that others, which they
# import, are typed against, each defended in one sentence.
TYPED_FROM_BELOW = {
    "abm.runs.result": "a result's methods save and export it: that code is typed against a result",
    "abm.classroom.page": "a tab is typed against the page that it is handed and acts on",
}
# Files that import by name, and why a plain import would not do.
DOORS = {
    "abm": "the front door: a name loads its room when it is first asked for",
    "abm.sweep": "the room's own door: a worker process needs none of the runner",
    "abm.calibration": "the room's own door: a worker process needs none of the runner",
    "abm.validation": "the room's own door: a worker process needs none of the runner",
    "abm.warning": "the room's own door: a worker process needs none of the runner",
    "abm.literature": "a list of papers, one file each, in a student's order",
    "abm.kernels.compiler.ahead": "a child process compiles the kernel that its parent names",
    "abm.kernels.compiler.jit": "a compiled kernel names those that it calls",
}
BY_NAME = {"import_module", "__import__"}


@cache
def trees() -> dict[str, ast.Module]:
    """Every file of the package, parsed, by the name it is imported under."""
    found = {}
    for path in sorted((ROOT / "abm").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def for_types_alone(tree: ast.AST) -> set[ast.AST]:
    """All that stands under `if TYPE_CHECKING`."""
    guarded = [n for n in ast.walk(tree) if isinstance(n, ast.If) and is_type_checking(n.test)]
    return {inner for guard in guarded for line in guard.body for inner in ast.walk(line)}


def is_type_checking(test: ast.expr) -> bool:
    return getattr(test, "id", getattr(test, "attr", "")) == "TYPE_CHECKING"


def imports_by_name(tree: ast.AST) -> bool:
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return any(getattr(call, "id", getattr(call, "attr", "")) in BY_NAME for call in calls)


def said_by(node: ast.AST, files: set[str]) -> set[str]:
    """Files that one import statement reads."""
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names} & files
    if isinstance(node, ast.ImportFrom):
        assert not node.level, "a relative import: write where it comes from"
        wholes = {f"{node.module}.{alias.name}" for alias in node.names}
        return {whole if whole in files else str(node.module) for whole in wholes} & files
    return set()


def named_in_texts(tree: ast.AST, package: str, files: set[str]) -> set[str]:
    """Files that the texts of a file name, whole or by the end of a name in its package."""
    texts = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)}
    words = {text for text in texts if isinstance(text, str)}
    return (words | {f"{package}.{word}" for word in words}) & files


@cache
def imports(with_types: bool = False) -> nx.DiGraph:
    """Who imports whom, file by file; with the imports of types, or without."""
    graph, files = nx.DiGraph(), set(trees())
    for name, tree in trees().items():
        apart = set() if with_types else for_types_alone(tree)
        read = [said_by(node, files) for node in ast.walk(tree) if node not in apart]
        if imports_by_name(tree):
            is_package = any(other.startswith(f"{name}.") for other in files)
            package = name if is_package else name.rpartition(".")[0]
            read.append(named_in_texts(tree, package, files))
        graph.add_node(name)
        graph.add_edges_from((name, other) for found in read for other in found - {name})
    return graph


def circles(graph: nx.DiGraph) -> list[list[str]]:
    """Every set of files of which each leads to all the others."""
    return [sorted(found) for found in nx.strongly_connected_components(graph) if len(found) > 1]


def test_no_file_needs_itself_by_way_of_others():
    assert circles(imports()) == []


def types_without(*defended: str) -> nx.DiGraph:
    """All imports but those of types from these files."""
    graph = imports(with_types=True).copy()
    of_types = set(graph.edges) - set(imports().edges)
    graph.remove_edges_from(edge for edge in of_types if edge[1] in defended)
    return graph


def test_types_go_round_in_no_circle_that_is_not_defended():
    assert circles(types_without(*TYPED_FROM_BELOW)) == []


@pytest.mark.parametrize("name", TYPED_FROM_BELOW)
def test_no_circle_is_defended_that_is_gone(name):
    others = set(TYPED_FROM_BELOW) - {name}
    assert any(name in found for found in circles(types_without(*others)))


def test_only_doors_import_by_name_and_only_what_is_behind_them():
    doors = {name for name, tree in trees().items() if imports_by_name(tree)}
    assert doors == set(DOORS)
    for name in doors & {
        "abm",
        "abm.sweep",
        "abm.calibration",
        "abm.validation",
        "abm.warning",
        "abm.literature",
    }:
        behind = named_in_texts(trees()[name], name, set(trees())) - {name}
        assert behind and all(found.startswith(f"{name}.") for found in behind), name


def test_a_hidden_import_is_seen():
    files = {"abm", "abm.runs", "abm.model"}
    hidden = ast.parse("def late():\n    from abm.runs import run\n    import abm.model\n")
    seen = set().union(*(said_by(node, files) for node in ast.walk(hidden)))
    assert seen == {"abm.runs", "abm.model"}
    (both,) = ast.parse("from abm import cascade, model\n").body
    assert said_by(both, files) == {"abm", "abm.model"}
    named = ast.parse("def late():\n    return import_module('abm.runs').run\n")
    assert imports_by_name(named) and named_in_texts(named, "abm", files) == {"abm.runs"}
    typed = ast.parse("if TYPE_CHECKING:\n    from abm.runs import run\n")
    assert for_types_alone(typed) and not for_types_alone(hidden)
