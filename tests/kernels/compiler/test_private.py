"""Numba still has, and still obeys, the private names that `kernels/compiler/` leans on."""

import ast
import importlib
from operator import attrgetter
from pathlib import Path

import numba
import numpy as np
import pytest
from numba.extending import intrinsic

import abm
from abm.kernels.compiler import private
from abm.kernels.compiler.private import PRIVATE

FOLDER = Path(private.__file__).parent
NAMES = {each.name: each for each in PRIVATE}
LOADED: list[str] = []


def identity(x):
    return x


def compiled_identity(**options):
    """A dispatcher with one version, for a whole number."""
    dispatcher = numba.njit(**options)(identity)
    dispatcher.compile((numba.int64,))
    return dispatcher


def compile_a_caller_of(dispatcher):
    numba.njit(lambda: dispatcher(1)).compile(())


# What a name is looked up on, while something is being compiled for a context.
LOOKED_UP_ON = {
    "config": lambda context: numba.config,
    "types": lambda context: numba.types,
    "compiler_lock": lambda context: importlib.import_module("numba.core.compiler_lock"),
    "cgutils": lambda context: importlib.import_module("numba.core.cgutils"),
    "AttributeTemplate": lambda context: (
        importlib.import_module("numba.core.typing.templates").AttributeTemplate
    ),
    "dispatcher": lambda context: compiled_identity(),
    "compiled": lambda context: compiled_identity().overloads[numba.int64,],
    "description": lambda context: compiled_identity().overloads[numba.int64,].fndesc,
    "context": lambda context: context,
    "convention": lambda context: context.call_conv,
    "status": lambda context: importlib.import_module("numba.core.callconv").Status,
    "model": lambda context: context.data_model_manager[numba.float64[::1]],
    "pyapi": lambda context: importlib.import_module("numba.core.pythonapi").PythonAPI,
}
ATTRIBUTES = [name for name in NAMES if name.partition(".")[0] in LOOKED_UP_ON]


@pytest.fixture(scope="module")
def missing():
    """Names that this Numba does not have -> what went wrong."""
    found = {}

    @intrinsic
    def look_up(typing_context, value):
        def build(context, builder, signature, arguments):
            for name in ATTRIBUTES:
                root, _, path = name.partition(".")
                try:
                    attrgetter(path)(LOOKED_UP_ON[root](context))
                except Exception as error:
                    found[name] = repr(error)
            return arguments[0]

        return value(value), build

    numba.njit(lambda x: look_up(x)).compile((numba.int64,))
    return found


def broken(name, what):
    """Sentence on a name that a new Numba broke, and what depends on it."""
    users = ", ".join(f"kernels/compiler/{file}.py" for file in NAMES[name].used.split())
    return f"Numba {numba.__version__}, {name}: {what}. Used by {users} ({NAMES[name].purpose})."


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_numba_still_has(name, missing):
    assert name not in missing, broken(name, missing.get(name))


def obeys_nrt(tmp_path):
    """Without references nothing can be allocated."""
    try:
        numba.njit(_nrt=False)(lambda n: np.empty(n)).compile((numba.int64,))
    except Exception:
        return True
    return False


def obeys_no_cfunc_wrapper(tmp_path):
    compiled = compiled_identity(no_cfunc_wrapper=True).overloads[numba.int64,]
    return compiled.fndesc.llvm_cfunc_wrapper_name not in compiled.library.get_llvm_str()


def obeys_no_cpython_wrapper(tmp_path):
    compiled = compiled_identity(no_cpython_wrapper=True).overloads[numba.int64,]
    return compiled.fndesc.llvm_cpython_wrapper_name not in compiled.library.get_llvm_str()


def obeys_the_door(tmp_path):
    """Python asks for what to call where no version was inserted, and calls what it is given."""
    dispatcher = numba.njit(identity)
    dispatcher._insert = lambda *version: None
    dispatcher._compile_for_args = lambda *arguments: lambda x: ("door", x)
    dispatcher.compile((numba.int64,))
    return dispatcher(1) == ("door", 1)


def obeys_get_call_type(tmp_path):
    asked, find = [], numba.types.Function.get_call_type

    def replaced(*arguments):
        asked.append(arguments)
        return find(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numba.types.Function, "get_call_type", replaced)
        numba.njit(lambda x: x + 1).compile((numba.int64,))
    return bool(asked)


def obeys_unliteral(tmp_path):
    return numba.types.unliteral(numba.types.literal(1)) == numba.int64


def is_asked_for(hook):
    """Test that the compiler of a caller calls a method that was replaced on a dispatcher."""

    def obeys(tmp_path):
        asked, dispatcher = [], compiled_identity()
        method = getattr(dispatcher, hook)

        def replaced(*arguments):
            asked.append(arguments)
            return method(*arguments)

        setattr(dispatcher, hook, replaced)
        compile_a_caller_of(dispatcher)
        return bool(asked)

    return obeys


def obeys_cache(tmp_path):
    """Files lie in the folder that is set at decoration, one of each kind."""
    compiled_identity(cache=True)
    return all(len(list(tmp_path.rglob(pattern))) == 1 for pattern in ("*.nbi", "*.nbc"))


def is_asked_of_the_cache(method):
    """Test that compiling calls a method that was replaced on a dispatcher's cache."""

    def obeys(tmp_path):
        asked, dispatcher = [], numba.njit(cache=True)(identity)
        setattr(dispatcher._cache, method, lambda *arguments: asked.append(arguments))
        dispatcher.compile((numba.int64,))
        return bool(asked)

    return obeys


def obeys_flush(tmp_path):
    compiled_identity(cache=True)._cache.flush()
    return sum(compiled_identity(cache=True).stats.cache_hits.values()) == 0


@intrinsic
def told_when_loaded(typing_context, value):
    def build(context, builder, signature, arguments):
        context.active_code_library._reload_init.add(tell)
        return arguments[0]

    return value(value), build


def tell():
    LOADED.append("loaded")


def tells(x):
    return told_when_loaded(x)


def obeys_reload_init(tmp_path):
    LOADED.clear()
    for _ in range(2):
        numba.njit(cache=True)(tells).compile((numba.int64,))
    return LOADED == ["loaded"]


OBEYED = {
    "njit._nrt": obeys_nrt,
    "njit.no_cfunc_wrapper": obeys_no_cfunc_wrapper,
    "njit.no_cpython_wrapper": obeys_no_cpython_wrapper,
    "dispatcher._insert": obeys_the_door,
    "dispatcher._compile_for_args": obeys_the_door,
    "types.Function.get_call_type": obeys_get_call_type,
    "types.unliteral": obeys_unliteral,
    "dispatcher.get_call_template": is_asked_for("get_call_template"),
    "dispatcher.get_overload": is_asked_for("get_overload"),
    "dispatcher._cache.load_overload": is_asked_of_the_cache("load_overload"),
    "dispatcher._cache.save_overload": is_asked_of_the_cache("save_overload"),
    "dispatcher._cache.flush": obeys_flush,
    "context.active_code_library._reload_init": obeys_reload_init,
    "config.CACHE_DIR": obeys_cache,
    "*.nbi": obeys_cache,
    "*.nbc": obeys_cache,
}


@pytest.mark.parametrize("name", OBEYED)
def test_numba_still_obeys(name, tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    try:
        obeys, what = OBEYED[name](tmp_path), "is there, but does something else now"
    except Exception as error:
        obeys, what = False, repr(error)
    assert obeys, broken(name, what)


def test_every_private_name_is_looked_up_or_tried():
    assert set(ATTRIBUTES) | set(OBEYED) == set(NAMES)
    assert len(NAMES) == len(PRIVATE)


def dotted(node):
    """a.b.c as text; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    before = dotted(node.value) if isinstance(node, ast.Attribute) else ""
    return f"{before}.{node.attr}" if before else ""


def words_of(file):
    """Attributes, options and functions that a file names."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        yield from (getattr(node, key) for key in ("attr", "arg", "name") if hasattr(node, key))
        if isinstance(node, ast.Dict):
            yield from (key.value for key in node.keys if isinstance(key, ast.Constant))


@pytest.mark.plain
def test_what_the_folder_takes_from_numbas_inside_is_in_the_list():
    roots = LOOKED_UP_ON.keys() - {"types"}
    taken = {
        name
        for file in FOLDER.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if (name := dotted(node)).partition(".")[0] in roots and "." in name
    }
    assert len(taken) > 20
    assert taken - set(NAMES) == set()


@pytest.mark.plain
@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("*")])
def test_a_name_of_the_list_is_used_where_it_says(name):
    for file in NAMES[name].used.split():
        assert name.rpartition(".")[2] in set(words_of(FOLDER / f"{file}.py"))


@pytest.mark.plain
def test_no_other_room_takes_a_name_of_numba():
    package = Path(abm.__file__).parent
    takers = set()
    for file in package.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            modules = [getattr(node, "module", None) or ""] + [
                alias.name for alias in getattr(node, "names", []) if isinstance(node, ast.Import)
            ]
            if any(name.partition(".")[0] in ("numba", "llvmlite") for name in modules):
                takers.add(file.parent)
    assert takers == {FOLDER}
