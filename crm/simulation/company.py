"""What can be set about a simulated company, and the tables of effects that are the same for all of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]


class Company(BaseModel):
    """A company to simulate. The defaults give about 43 % accepted, 13 % won, and a forward AUC near 0.8.

    Levels, leniency and drift are in log-odds. The export is made `wait_days` after the last lead came in, so the
    youngest leads are still open; a long wait gives a history without censoring, otherwise the same to the last event.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    leads: int = Field(6_000, ge=1, description="How many leads come in.")
    start: dt.date = Field(dt.date(2024, 7, 1), description="The day of the first lead.")
    months: int = Field(24, ge=1, le=240, description="Months over which leads come in.")
    wait_days: int = Field(0, ge=0, description="Days from the last month's end to the export.")
    growth: float = Field(1.5, gt=0, description="Leads a day at the end, over leads a day at the start.")
    leads_per_account: float = Field(2.5, ge=1, description="Mean size of a buying group.")
    without_account: Share = Field(0.2, description="Share of leads that belong to no account.")
    sales_people: int = Field(12, ge=1, description="Sales people at a time; a third are replaced on the way.")
    leniency: float = Field(0.5, ge=0, description="Spread of the sales people's leniency in accepting.")
    territories: Share = Field(0.0, description="Share of leads that go to sales people by source, not by chance.")
    accept_level: float = Field(0.0, description="Added to the log-odds of acceptance of every lead.")
    close_level: float = Field(0.0, description="Added to the log-odds of winning an accepted lead.")
    drift: float = Field(1.0, ge=0, description="0: nothing changes over time; 1: source mix, level and one effect do.")
    pace: float = Field(1.0, gt=0, description="Length of the sales cycle, as a multiple of the usual months.")
    activity: float = Field(1.0, gt=0, description="Volume of leads' own activity, as a multiple of about twelve each.")
    bots: Share = Field(0.06, description="Share of leads whose e-mails are opened and clicked by a machine.")
    corrected_titles: Share = Field(0.08, description="Share of leads whose job title is corrected later.")
    leaks: bool = Field(default=True, description="Whether fields that tell the outcome, or nothing, are planted.")

    @property
    def span_days(self) -> float:
        """Days from the start to the last possible creation of a lead."""
        years, month = divmod(self.start.month - 1 + self.months, 12)
        end = dt.date(self.start.year + years, month + 1, min(self.start.day, 28))
        return float((end - self.start).days)


def _table(**rows: tuple[float, ...]) -> Mapping[str, tuple[float, ...]]:
    return MappingProxyType(rows)


SOURCES = _table(  # share at the start, share at the end, effect on acceptance, effect on buying interest
    website=(0.35, 0.24, 0.3, 0.3),
    paid_search=(0.19, 0.15, 0.0, 0.0),
    paid_social=(0.05, 0.26, -0.8, -0.5),
    webinar=(0.16, 0.13, 0.5, 0.0),  # the effect that drifts: see WEBINAR_DRIFT
    event=(0.10, 0.06, 0.0, -0.2),
    referral=(0.08, 0.07, 0.9, 0.6),
    partner=(0.07, 0.09, 0.5, 0.3),
)
WEBINAR_DRIFT = -1.2  # log-odds of acceptance of webinar leads from start to end
ACCEPT_DRIFT = 0.5  # log-odds of acceptance of all leads from start to end
CLOSE_DRIFT = 0.5  # log-odds of winning an accepted lead from start to end

INDUSTRIES = _table(  # share, effect on acceptance, effect on winning
    logistics=(0.18, 0.5, 0.3),
    manufacturing=(0.20, 0.4, 0.2),
    retail=(0.17, 0.0, 0.0),
    software=(0.14, 0.1, -0.3),
    finance=(0.10, 0.2, -0.2),
    health=(0.09, -0.2, 0.1),
    education=(0.07, -0.8, -0.4),
    public_sector=(0.05, -0.5, -0.5),
)
COUNTRIES = _table(  # share, effect on acceptance
    FR=(0.46, 0.2),
    BE=(0.12, 0.2),
    DE=(0.14, 0.0),
    ES=(0.09, 0.0),
    IT=(0.07, -0.1),
    GB=(0.06, -0.1),
    MA=(0.04, -0.3),
    US=(0.02, -0.6),
)
TITLES = _table(  # share, effect on acceptance, effect on winning
    executive=(0.10, 0.7, 0.4),
    director=(0.17, 0.5, 0.3),
    manager=(0.28, 0.1, 0.0),
    specialist=(0.24, -0.3, -0.1),
    student=(0.06, -1.6, -0.8),
    missing=(0.15, -0.4, 0.0),
)
TITLE_WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "executive": ("CEO", "Managing Director", "Directeur général", "Chief Operating Officer", "PDG", "CFO"),
        "director": ("Director of Operations", "VP Supply Chain", "Directeur commercial", "Head of Purchasing"),
        "manager": ("Logistics Manager", "Responsable achats", "IT Manager", "Chef de projet", "Marketing Manager"),
        "specialist": ("Buyer", "Analyst", "Ingénieur", "Assistant", "Consultant", "Project Officer"),
        "student": ("Student", "Étudiante", "Intern", "Stagiaire"),
    }
)
EMAILS = _table(company=(0.76, 0.1, 0.0), free=(0.20, -0.7, -0.2), academic=(0.04, -1.0, -0.6))  # as TITLES
EMAIL_DOMAINS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"free": ("gmail.com", "orange.fr", "yahoo.com", "outlook.com"), "academic": ("uni-lyon.edu", "etu.ac-paris.fr")}
)
