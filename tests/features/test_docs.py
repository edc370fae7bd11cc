from __future__ import annotations

import re
from pathlib import Path

from features.catalog import Availability, Family

PAGE = (Path(__file__).parents[2] / "docs" / "features.md").read_text(encoding="utf-8")


def first_column(title: str) -> list[str]:
    section = PAGE.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^\| `([a-z_]+)` \|", section, flags=re.MULTILINE)


def test_every_family_is_documented_once_in_the_order_of_the_code() -> None:
    assert first_column("Families") == [family.value for family in Family]


def test_every_availability_is_documented() -> None:
    assert first_column("When a value is known") == [availability.value for availability in Availability]
