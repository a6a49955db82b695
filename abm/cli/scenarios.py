"""`unwind scenarios`: what can be run."""

from __future__ import annotations

from abm.cli.terminal import tell


def scenarios() -> None:
    """List the scenarios that can be run, with one line each."""
    from abm.scenario import describe_scenarios

    described = describe_scenarios()
    width = max((len(name) for name, _ in described), default=0)
    for name, title in described:
        tell(f"{name:<{width}}  {title}".rstrip())
