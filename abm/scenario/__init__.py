"""The choices of a user: frozen, typed, with units and ranges; TOML in, errors out.

>>> hike = load_scenario("hike")
>>> mine = hike.with_changes({"shock.surprise_bp": 50, "funds.leverage_cap": 4})
>>> mine.shock.surprise_bp, hike.funds.leverage_cap
(50.0, 10.0)

Every key with its value, unit, range and source: `parameter_table`, or ODD.md, section 7.14.
`commented_template` is the same as a file to start from (`unwind new`).
"""

from abm.scenario.changes import parse_setting
from abm.scenario.files import (
    ScenarioTitle,
    describe_scenarios,
    list_scenarios,
    load_scenario,
)
from abm.scenario.schema import Scenario
from abm.scenario.template import Parameter, commented_template, json_schema, parameter_table

__all__ = [
    "Parameter",
    "Scenario",
    "ScenarioTitle",
    "commented_template",
    "describe_scenarios",
    "json_schema",
    "list_scenarios",
    "load_scenario",
    "parameter_table",
    "parse_setting",
]
