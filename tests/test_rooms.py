"""An actor is found under one name: its choices, its opening books, its rule and its view."""

from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "abm"
ROOMS = ("scenario", "population", "agents", "kernels/behaviours")
ACTORS = (
    "hedge_fund", "risk_parity", "volatility_target", "trend_follower", "retail_fx",
    "retail_equity", "life_insurer", "company", "trader", "value_investor", "dealer",
)  # fmt: skip


@pytest.mark.parametrize("actor", ACTORS)
def test_an_actor_has_a_file_of_its_name_in_every_room(actor: str) -> None:
    missing = [room for room in ROOMS if not (PACKAGE / room / f"{actor}.py").is_file()]
    assert missing == []


def test_banks_have_a_file_in_every_room_and_a_folder_of_kernels() -> None:
    assert all((PACKAGE / room / "bank.py").is_file() for room in ROOMS[:-1])
    assert (PACKAGE / "kernels" / "banks").is_dir()
