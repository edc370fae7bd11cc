"""Who is there: accounts, sales people and leads with all that is known of them when they come in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crm.simulation.clock import Clock, Seconds
from crm.simulation.company import COUNTRIES, EMAILS, INDUSTRIES, SOURCES, TITLES, Company

Codes = NDArray[np.int64]
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Accounts:
    """One entry an account; `employees` and `revenue` (million euros) are NaN where the CRM does not hold them."""

    industry: Codes
    country: Codes
    employees: Numbers
    revenue: Numbers
    in_market: NDArray[np.bool_]  # hidden: the company is looking for what we sell

    def __len__(self) -> int:
        return len(self.industry)


@dataclass(frozen=True)
class Leads:
    """One entry a lead, in order of creation. Codes follow the tables of `crm.simulation.company`."""

    created: Seconds
    account: Codes  # -1: none
    source: Codes
    title: Codes
    email: Codes
    country: Codes
    phone: NDArray[np.bool_]
    message_length: Numbers  # characters; NaN: no message
    owner: Codes
    in_market: NDArray[np.bool_]  # hidden: of the account, or the lead's own where it has none
    age: Numbers  # of the company at creation, 0 at the start to 1 at the end: what drift follows

    def __len__(self) -> int:
        return len(self.created)


IN_MARKET = 0.3


def accounts(company: Company, rng: np.random.Generator) -> Accounts:
    """Draws accounts: mostly small and middle-sized, revenue follows size, a tenth of the numbers are missing."""
    n = max(1, round(company.leads * (1 - company.without_account) / company.leads_per_account))
    employees = np.ceil(np.exp(rng.normal(4.4, 1.4, n)))
    revenue = np.round(employees * np.exp(rng.normal(-1.9, 0.5, n)), 2)
    return Accounts(
        industry=rng.choice(len(INDUSTRIES), n, p=_shares(INDUSTRIES)),
        country=rng.choice(len(COUNTRIES), n, p=_shares(COUNTRIES)),
        employees=np.where(rng.random(n) < 0.1, np.nan, employees),
        revenue=np.where(rng.random(n) < 0.35, np.nan, revenue),
        in_market=rng.random(n) < IN_MARKET,
    )


def leads(company: Company, clock: Clock, known: Accounts, rng: np.random.Generator) -> Leads:
    """Draws leads. Nothing here depends on the hidden `in_market`, so attributes tell nothing of it by themselves."""
    n = company.leads
    created, age = _creation(company, clock, n, rng)
    account = np.where(rng.random(n) < company.without_account, -1, _buying_groups(len(known), n, rng))
    at_home = (account >= 0) & (rng.random(n) < 0.93)
    source = _source(age * company.drift, rng.random(n))
    title = rng.choice(len(TITLES), n, p=_shares(TITLES))
    email = rng.choice(len(EMAILS), n, p=_shares(EMAILS))
    wrote = rng.random(n) < 0.45
    return Leads(
        created=created,
        account=account,
        source=source,
        title=title,
        email=np.where(title == list(TITLES).index("student"), np.maximum(email, 1), email),
        country=np.where(at_home, known.country[account], rng.choice(len(COUNTRIES), n, p=_shares(COUNTRIES))),
        phone=rng.random(n) < np.where(source == list(SOURCES).index("paid_social"), 0.35, 0.6),
        message_length=np.where(wrote, np.ceil(np.exp(rng.normal(4.6, 0.9, n))), np.nan),
        owner=_owners(company, age, source, rng),
        in_market=np.where(account >= 0, known.in_market[account], rng.random(n) < IN_MARKET),
        age=age,
    )


def effects(table: Mapping[str, tuple[float, ...]], column: int) -> Numbers:
    """One column of a table of effects, by code."""
    return np.array([row[column] for row in table.values()])


def _shares(table: Mapping[str, tuple[float, ...]]) -> Numbers:
    shares = effects(table, 0)
    return np.asarray(shares / shares.sum())


def _creation(company: Company, clock: Clock, n: int, rng: np.random.Generator) -> tuple[Seconds, Numbers]:
    """Instants of creation by a density that grows linearly from 1 to `growth`, and the company's age then."""
    rise, u = company.growth - 1.0, np.sort(rng.random(n))
    age = u if abs(rise) < 1e-9 else (np.sqrt(1 + u * rise * (2 + rise)) - 1) / rise
    span = clock.worked(np.array([0, int(company.span_days * 86_400)]))
    created = clock.after(np.zeros(n, dtype="int64"), age * (span[1] - span[0]))
    return created, age


def _buying_groups(n_accounts: int, n: int, rng: np.random.Generator) -> Codes:
    """An account for each lead; some accounts give many leads, most give one to four."""
    pull = rng.gamma(1.5, size=n_accounts)
    return np.asarray(rng.choice(n_accounts, n, p=pull / pull.sum()), dtype="int64")


def _source(age: Numbers, u: Numbers) -> Codes:
    """A source for each lead, by a mix that moves from the first to the second column of shares."""
    first, last = effects(SOURCES, 0), effects(SOURCES, 1)
    mix = (1 - np.clip(age, 0, 1))[:, None] * first / first.sum() + np.clip(age, 0, 1)[:, None] * last / last.sum()
    return np.asarray((u[:, None] > np.cumsum(mix, axis=1)[:, :-1]).sum(axis=1), dtype="int64")


def _owners(company: Company, age: Numbers, source: Codes, rng: np.random.Generator) -> Codes:
    """An owner for each lead. A third of the sales people leave on the way and are replaced by newcomers."""
    seats = rng.integers(0, company.sales_people, len(age))
    if company.territories:
        by_source = (source + len(SOURCES) * rng.integers(0, 2, len(age))) % company.sales_people
        seats = np.where(rng.random(len(age)) < company.territories, by_source, seats)
    leaves = np.where(rng.random(company.sales_people) < 1 / 3, rng.uniform(0.3, 0.9, company.sales_people), 2.0)
    return np.where(age > leaves[seats], seats + company.sales_people, seats)
