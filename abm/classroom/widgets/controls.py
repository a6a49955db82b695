"""Scenario, knobs and seed as widgets; what may be typed is what the schema allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

import panel as pn

from abm.classroom.choice import shipped, whole_number
from abm.classroom.knobs import Knob, Value, knobs_of, rounded, spelt
from abm.errors import ScenarioFaults
from abm.scenario import list_scenarios

if TYPE_CHECKING:
    from abm.classroom.page import Page
    from abm.words import Words

Changed = Callable[[str, Value], None]

# A box beside its slider, or one that says what it is: named for who listens, not written again.
NAMED_UNSEEN = """
label { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
"""


class Box(pn.widgets.TextInput):
    """A box to type in; Enter gives its text once.

    Panel would give it twice, as a change and with the key: the second time after a text that will
    not do has been put back.
    """

    def _process_event(self, event: Any) -> None:
        """The change has the text."""


class Slider:
    """One number: a slider beside a box to type in, and what it means."""

    def __init__(self, page: Page, knob: Knob, value: Value, changed: Changed) -> None:
        self.page, self.act, self.knob, self.changed = page, page.act, knob, changed
        self.is_setting = False
        self.slider = pn.widgets.FloatSlider(
            label=page.say(f"knobs.{knob.key}"), value=float(value), step=knob.step,
            start=min(knob.low, float(value)), end=max(knob.high, float(value)),
            show_value=False, sizing_mode="stretch_width", margin=0,
        )  # fmt: skip
        self.typed = Box(
            label=self.slider.label, value=spelt(value), width=66, margin=(0, 0, 0, 8),
            stylesheets=[NAMED_UNSEEN],
        )  # fmt: skip
        self.help = help_of(knob, page.say)
        self.slider.param.watch(lambda event: self._moved(event.new), "value_throttled")
        self.typed.param.watch(lambda event: self._was_typed(event.new), "value")

    def view(self) -> pn.Column:
        text = f'<p class="help">{escape(self.help)}</p>'
        return pn.Column(
            pn.Row(self.slider, self.typed, sizing_mode="stretch_width", margin=0),
            pn.pane.HTML(text, sizing_mode="stretch_width", margin=0),
            sizing_mode="stretch_width",
            css_classes=["knob"],
            margin=0,
        )

    def show(self, value: Value) -> None:
        """Set both to a value silently."""
        self.is_setting = True
        self.slider.start = min(self.slider.start, float(value))
        self.slider.end = max(self.slider.end, float(value))
        self.slider.value, self.typed.value = float(value), spelt(value)
        self.is_setting = False

    def _moved(self, value: float) -> None:
        if not self.is_setting:
            self.act(self.changed, self.knob.key, rounded(value))

    def _was_typed(self, text: str) -> None:
        if self.is_setting:
            return
        try:
            self.act(self.changed, self.knob.key, float(text))
        except ValueError:
            self.act(self._refuse, text)

    def _refuse(self, text: str) -> None:
        """Refuse text that is not a number: say so and put the value back."""
        what = self.page.say(f"knobs.{self.knob.key}")
        self.page.warn(self.page.say("page.no_number", what=what, given=text[:40]))
        self.show(self.slider.value)


class Switches:
    """The participants: one check mark for each group that a scenario can leave out."""

    def __init__(self, page: Page, keys: list[str], present: set[str], changed: Changed) -> None:
        self.act, self.keys, self.changed = page.act, keys, changed
        self.present, self.is_setting = present, False
        self.group = pn.widgets.CheckBoxGroup(
            options={page.say(f"knobs.{key}"): key for key in keys},
            value=[key for key in keys if key in present], margin=(0, 2),
        )  # fmt: skip
        self.group.param.watch(lambda event: self._clicked(set(event.new)), "value")

    def show(self, present: set[str]) -> None:
        self.is_setting = True
        self.present = present
        self.group.value = [key for key in self.keys if key in present]
        self.is_setting = False

    def _clicked(self, now: set[str]) -> None:
        if self.is_setting:
            return
        changed, self.present = now ^ self.present, now
        for key in changed:
            self.act(self.changed, key, key in now)


class Knobs:
    """All knobs of a scenario; a value that is not allowed is said and put back."""

    def __init__(
        self,
        page: Page,
        scenario: str,
        changes: Mapping[str, Value],
        changed: Callable[[dict[str, Value]], None],
    ) -> None:
        self.page, self.scenario, self.changed = page, scenario, changed
        self.base = shipped(scenario)
        self.own = {knob.key: knob.value for knob in knobs_of(self.base)}
        self.values = self.own | dict(changes)
        self.sliders = {
            knob.key: Slider(page, knob, self.values[knob.key], self._change)
            for knob in knobs_of(self.base)
            if not knob.is_switch
        }
        groups = [key for key in self.own if key not in self.sliders]
        self.switches = Switches(page, groups, self._present(), self._change)

    def view(self) -> pn.Column:
        """Sliders, and below them who is present."""
        heading = pn.pane.HTML(f"<h4>{escape(self.page.say('page.present'))}</h4>", margin=0)
        sliders = [slider.view() for slider in self.sliders.values()]
        return pn.Column(
            *sliders, heading, self.switches.group, sizing_mode="stretch_width", margin=0
        )

    def show(self, changes: Mapping[str, Value]) -> None:
        """Set every widget as these changes have it, silently."""
        self.values = self.own | dict(changes)
        for key, slider in self.sliders.items():
            slider.show(self.values[key])
        self.switches.show(self._present())

    def changes(self) -> dict[str, Value]:
        """The values that are not as the scenario has them."""
        return {key: value for key, value in self.values.items() if value != self.own[key]}

    def _warn_beyond(self, key: str, value: Value) -> None:
        """A value that the schema allows and the slider does not show: it has not been examined
        there."""
        if key in self.sliders:
            knob, say = self.sliders[key].knob, self.page.say
            if not knob.low <= value <= knob.high:
                span = f"{knob.low:g} … {knob.high:g}"
                self.page.warn(say("page.beyond", what=say(f"knobs.{key}"), span=span))

    def _present(self) -> set[str]:
        return {key for key, value in self.values.items() if value is True}

    def _change(self, key: str, value: Value) -> None:
        if value == self.values[key]:
            return
        wanted = {**self.changes(), key: value}
        try:
            self.base.with_changes(wanted, where=self.page.say(f"knobs.{key}"))
        except ScenarioFaults as refused:
            self.page.refused(refused)
        else:
            self.page.quiet()
            self.values[key] = value
            self._warn_beyond(key, value)
        self.show(self.changes())
        if self.values[key] == value:
            self.changed(self.changes())


class SeedBox:
    """Seed and replicate of the run, typed; or the next seed."""

    def __init__(self, page: Page, changed: Callable[[int, int], None]) -> None:
        self.page, self.changed, self.is_setting = page, changed, False
        say, choice = page.say, page.choice
        how = {"width": 84, "margin": (0, 8, 0, 0)}
        self.seed = Box(label=say("page.seed"), value=str(choice.seed), **how)
        self.replicate = Box(label=say("page.replicate"), value=str(choice.replicate), **how)
        self.next = pn.widgets.Button(label=say("page.next_seed"), margin=(18, 0, 0, 0))
        for box in (self.seed, self.replicate):
            box.param.watch(lambda event: self._heard(event.new), "value")
        self.next.on_click(lambda _: page.act(self._next))

    def view(self) -> pn.Row:
        return pn.Row(self.seed, self.replicate, self.next, margin=0)

    def show(self, seed: int, replicate: int) -> None:
        """Set both silently."""
        self.is_setting = True
        self.seed.value, self.replicate.value = str(seed), str(replicate)
        self.is_setting = False

    def _heard(self, text: str) -> None:
        if not self.is_setting:
            self.page.act(self._was_typed, text)

    def _next(self) -> None:
        self.changed(self.page.choice.seed + 1, 0)

    def _was_typed(self, text: str) -> None:
        """Both boxes as they stand; another seed is its own first run."""
        choice = self.page.choice
        seed, replicate = whole_number(self.seed.value), whole_number(self.replicate.value)
        if seed is None or replicate is None:
            what = self.page.say("page.seed" if seed is None else "page.replicate")
            self.page.warn(self.page.say("page.bad_seed", what=what, given=text[:40]))
            self.show(choice.seed, choice.replicate)
        elif (seed, replicate) != (choice.seed, choice.replicate):
            self.page.quiet()
            self.changed(seed, replicate if seed == choice.seed else 0)


def scenario_list(page: Page, changed: Callable[[str], None]) -> pn.widgets.Select:
    """The scenarios by their titles."""
    say = page.say
    options = {say(f"scenarios.{name}") if say.has(f"scenarios.{name}") else name: name
               for name in list_scenarios()}  # fmt: skip
    made = pn.widgets.Select(
        label=say("page.scenario"), options=options, value=page.choice.scenario,
        margin=(0, 0, 8, 0), stylesheets=[NAMED_UNSEEN], sizing_mode="stretch_width",
    )  # fmt: skip
    made.param.watch(lambda event: page.act(changed, event.new), "value")
    return made


def help_of(knob: Knob, say: Words) -> str:
    """The meaning of a knob, its unit and range: the schema's own words, in the page's language."""
    key = f"knob_help.{knob.key}"
    meaning = say(key) if say.has(key) else knob.meaning
    unit = say.group("units").get(knob.unit, knob.unit)
    facts = [fact for fact in (unit, _range_of(knob.bounds, say)) if fact not in ("", "-")]
    return f"{meaning} [{'; '.join(facts)}]"


def _range_of(bounds: Mapping[str, float], say: Words) -> str:
    """The allowed range in words: "from 0 to 1", "above 0 and at most 1000"."""
    told = {name: spelt(bound) for name, bound in bounds.items()}
    if {"ge", "le"} <= told.keys():
        return say("knob_range.span", **told)
    return say("knob_range.and").join(
        say(f"knob_range.{name}", bound=bound) for name, bound in told.items()
    )
