"""What a user may choose: frozen, typed, with units and ranges; TOML in, errors out."""

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
