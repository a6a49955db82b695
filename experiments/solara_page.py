"""Mesa's own page of this model, for users who come from there.

    pip install -e '.[solara]'
    solara run experiments/solara_page.py

Only an example: `unwind classroom` is the page that is kept and tested.
"""

from __future__ import annotations

from typing import Any

from mesa.visualization import Slider, SolaraViz, make_plot_component

from abm import CarryUnwindModel


class Hike(CarryUnwindModel):
    """One surprise. Mesa's page accepts settings by other names only for a `**kwargs`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("hike", **kwargs)


def path_of(name: str, label: str) -> Any:
    """A column of the data collector by day."""
    return make_plot_component(name, post_process=lambda axes: axes.set_ylabel(label))


settings = {
    "rng": {"type": "InputText", "value": "7", "label": "seed"},
    "shock__surprise_bp": Slider("surprise [bp]", value=50, min=0, max=100, step=5),
    "funds__leverage_cap": Slider("leverage cap of the funds", value=10, min=2, max=15, step=1),
}
page = SolaraViz(
    Hike(rng=7, shock__surprise_bp=50, funds__leverage_cap=10),
    components=[
        path_of("log_yen", "rise of the yen [log]"),
        path_of("leverage", "leverage of the hedge funds"),
    ],
    model_params=settings,
    name="Carry unwind",
)
