"""Validation: what is asked of the model, row by row, and whether its runs hold it.

    if __name__ == "__main__":  # workers are new processes and read the script again
        found = abm.validate(quick=True)
        print(found.rows)

Every claim is a row: the figure with its interval, the bar, and "holds", "misses" or "not
identified" with the reason (`abm/validation/claims.py`). Groups of claims are one file each.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from abm.validation.groups import GROUPS
    from abm.validation.running import Progress, Validation, validate

_FILE_OF = {
    "GROUPS": "groups",
    "Progress": "running",
    "Validation": "running",
    "validate": "running",
}

__all__ = ["GROUPS", "Progress", "Validation", "validate"]


def __getattr__(name: str) -> Any:
    """Load a name on first use: a worker needs none of the runner."""
    if name not in _FILE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"abm.validation.{_FILE_OF[name]}"), name)
    globals()[name] = value
    return value
