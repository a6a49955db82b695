"""How the parts of a tab lie: controls beside what they control, on a phone above it."""

from __future__ import annotations

from typing import Any

import panel as pn

STACKED = """
@media (max-width: 760px) {
  :host { flex-direction: column !important; }
  :host > * { flex: none !important; margin-left: 0 !important;
    width: 100% !important; max-width: 100% !important; }
}
"""


def beside(*parts: Any, margin: Any = 0) -> pn.Row:
    """Parts beside one another with room between; on a narrow screen one under the other."""
    return pn.Row(
        *parts, sizing_mode="stretch_width", margin=margin, styles={"gap": "10px"},
        stylesheets=[STACKED],
    )  # fmt: skip
