"""Tables of sweeps with known answers."""

import numpy as np
import pandas as pd


def sweep_table(points: pd.DataFrame, outputs: dict[str, np.ndarray]) -> pd.DataFrame:
    """The table of `load_sweep`: outputs are arrays (n_points, n_replicates)."""
    n_points, n_replicates = next(iter(outputs.values())).shape
    point = np.repeat(np.arange(n_points), n_replicates)
    head = {
        "row": np.arange(n_points * n_replicates),
        "point": point,
        "replicate": np.tile(np.arange(n_replicates), n_points),
        "seed": 1,
    }
    factors = {name: points[name].to_numpy()[point] for name in points.columns}
    tail = {name: values.ravel() for name, values in outputs.items()}
    return pd.DataFrame({**head, **factors, "status": "done", "error": "", "seconds": 0.1, **tail})


def grid(**levels) -> pd.DataFrame:
    """Full factorial; the last factor changes fastest."""
    return pd.MultiIndex.from_product(list(levels.values()), names=list(levels)).to_frame(False)


def failing(table: pd.DataFrame, *rows: int) -> pd.DataFrame:
    """The same with runs that raised."""
    table = table.copy()
    outputs = table.columns[list(table.columns).index("seconds") + 1 :]
    table.loc[list(rows), "status"] = "failed"
    table[outputs] = table[outputs].astype(object).where(table["status"] == "done", np.nan)
    return table.infer_objects()
