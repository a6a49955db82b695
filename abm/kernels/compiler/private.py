"""The private names of Numba that this folder uses: a new Numba may change any of them.

No other folder takes a name of Numba. A test looks up each of these and says which one is gone or
does something else. A name is written as the code has it, behind what it is looked up on:

    dispatcher    a compiled function                  compiled      one of its versions
    description   how a version is called              cgutils       Numba's helpers for LLVM
    context       what is being compiled for           convention    how compiled code calls
    status        how a call ended                     model         how a type lies in memory
    pyapi         Python's C interface                 njit          an option of the decorator
"""

from typing import NamedTuple


class PrivateName(NamedTuple):
    """A name of Numba without a promise, the files that use it and what they do with it."""

    name: str
    used: str
    purpose: str


PRIVATE = (
    PrivateName("config.CACHE_DIR", "jit", "read at decoration; our kernels have their own folder"),
    PrivateName("config.DISABLE_JIT", "jit reference lanes", "plain Python where it is set"),
    PrivateName("njit._nrt", "jit", "False, since kernels count no references to arrays"),
    PrivateName("njit.no_cfunc_wrapper", "jit", "leaves out a wrapper that only C would call"),
    PrivateName(
        "njit.no_cpython_wrapper", "jit", "leaves out the wrapper that only Python would call"
    ),
    PrivateName(
        "dispatcher._insert", "jit", "replaced, so that Python finds no version without a wrapper"
    ),
    PrivateName("dispatcher._compile_for_args", "jit", "replaced: it gives Python the door"),
    PrivateName(
        "types.Function.get_call_type", "ahead", "replaced while it compiles: it remembers"
    ),
    PrivateName(
        "compiler_lock.global_compiler_lock", "ahead", "nobody else compiles in the meantime"
    ),
    PrivateName("types.unliteral", "jit", "a number written in the source is like a variable"),
    PrivateName(
        "dispatcher.get_call_template", "jit", "replaced, so that one version serves all numbers"
    ),
    PrivateName(
        "dispatcher.get_overload", "jit", "replaced, so that callers find a kernel by symbol"
    ),
    PrivateName("dispatcher.py_func", "jit", "the function as it stands in its file"),
    PrivateName("dispatcher.compile", "jit ahead", "makes or loads a version for given types"),
    PrivateName("dispatcher.overloads", "jit ahead", "versions by their argument types"),
    PrivateName("dispatcher.stats.cache_path", "jit", "folder of a kernel's files"),
    PrivateName("dispatcher._cache", "jit", "the kept versions of a kernel"),
    PrivateName(
        "dispatcher._cache.load_overload",
        "jit",
        "replaced, to survive files cut short and to pass on what must be loaded first",
    ),
    PrivateName("dispatcher._cache.save_overload", "jit", "replaced, so that processes take turns"),
    PrivateName("dispatcher._cache.flush", "jit", "forgets files cut short"),
    PrivateName("compiled.library", "jit", "the machine code of a version"),
    PrivateName("compiled.library._reload_init", "jit", "what is run when a caller is loaded"),
    PrivateName("compiled.reload_init", "jit", "what was run when it was loaded"),
    PrivateName("compiled.library.get_pointer_to_function", "jit", "where its symbol points"),
    PrivateName("compiled.fndesc", "jit", "how a version is called"),
    PrivateName("description.llvm_func_name", "jit", "the function that its symbol stands for"),
    PrivateName("description.restype", "jit", "type of what it returns"),
    PrivateName("description.argtypes", "jit", "types of its arguments"),
    PrivateName("context.active_code_library", "jit", "the caller that is being compiled"),
    PrivateName(
        "context.active_code_library._reload_init",
        "jit",
        "kept with the caller and run when it is loaded, to load what it calls first",
    ),
    PrivateName("context.call_conv", "jit", "how compiled code calls"),
    PrivateName("convention.get_function_type", "jit", "declares the symbol"),
    PrivateName("convention.call_function", "jit", "calls it"),
    PrivateName("convention.return_status_propagate", "jit", "passes a failure on"),
    PrivateName("status.is_error", "jit", "whether a call failed"),
    PrivateName("cgutils.get_or_insert_function", "jit", "declares the symbol once"),
    PrivateName("cgutils.if_unlikely", "jit", "a branch that is hardly ever taken"),
    PrivateName("cgutils.get_item_pointer", "lanes", "address of eight entries"),
    PrivateName("cgutils.alloca_once_value", "lanes", "place of a sum"),
    PrivateName("cgutils.pointer_add", "lanes", "address of a row"),
    PrivateName("cgutils.unpack_tuple", "lanes", "columns of a tuple, extents of an array"),
    PrivateName("cgutils.for_range_slice", "lanes", "a loop over entries or rows"),
    PrivateName("context.make_array", "lanes", "an array argument"),
    PrivateName("context.make_tuple", "lanes", "several sums, returned"),
    PrivateName("context.get_dummy_value", "lanes", "nothing, returned"),
    PrivateName("AttributeTemplate.generic_resolve", "reference", "types of columns by name"),
    PrivateName("context.data_model_manager", "reference", "how an array lies in memory"),
    PrivateName("context.get_abi_sizeof", "reference", "bytes of an entry"),
    PrivateName("context.get_data_type", "reference", "how an entry lies in memory"),
    PrivateName("context.get_value_type", "reference", "type of an address"),
    PrivateName("model.get_type", "reference", "type of a part of an array"),
    PrivateName("model.get_value_type", "reference", "an array in LLVM"),
    PrivateName("model.get_field_position", "reference", "place of a part of an array"),
    PrivateName("pyapi.object_getattr_string", "reference", "reads the address at the door"),
    PrivateName("pyapi.long_as_longlong", "reference", "the address as a word"),
    PrivateName("pyapi.decref", "reference", "lets go of the address"),
    PrivateName("*.nbi", "jit", "name of a kernel's index in the cache"),
    PrivateName("*.nbc", "jit", "name of kept machine code"),
)
