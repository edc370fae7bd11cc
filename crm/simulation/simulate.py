"""Runs a simulated company and exports it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import numpy as np
import pandas as pd

from crm.history import History
from crm.simulation import activities, funnel, interest, leaks, reasons, tables, world
from crm.simulation.clock import DAY, Clock
from crm.simulation.company import Company
from crm.simulation.evidence import gather
from crm.simulation.forward import Forward
from crm.simulation.leaks import Leak, Planted
from crm.simulation.truth import Truth


@dataclass(frozen=True)
class Simulated:
    """A simulated company: what its CRM exported, the truth behind it, and what is wrong with each planted field."""

    history: History
    truth: Truth
    leaks: Mapping[str, Leak]


def simulate(company: Company, seed: int) -> Simulated:
    """Simulates a company. The same company and seed give the same history; a longer wait only adds to it."""
    streams = iter(np.random.default_rng(seed).spawn(9))
    clock = Clock(company.start)
    accounts = world.accounts(company, next(streams))
    leads = world.leads(company, clock, accounts, next(streams))
    leniency = next(streams).normal(0.0, company.leniency, 2 * company.sales_people)
    kinds = interest.draw(leads, next(streams))
    law_of = partial(funnel.law, company, accounts, leads)
    law = law_of(leniency)
    course = funnel.draw(law, leads, kinds, clock, next(streams))
    done = activities.draw(company, clock, leads, kinds, course, next(streams))
    exported = int((company.span_days + company.wait_days) * DAY)
    planting, wording, coding = next(streams), next(streams), next(streams)
    planted = leaks.plant(leads, course, exported, planting) if company.leaks else Planted()
    coded = reasons.draw(clock, accounts, leads, course, done, coding)
    history = tables.export(company, accounts, leads, course, done, planted, coded, exported, rng=wording)
    truth = Truth(
        clock=clock,
        leads=leads,
        lead_ids=pd.Index(history.leads["lead_id"]),
        interest=kinds,
        course=course,
        evidence=gather(clock, leads, law, course, done, company.activity),
        forward=Forward(clock, leads, law, course),
        leniency=pd.Series(leniency, index=tables.people(np.arange(len(leniency)))),
        law_of=law_of,
    )
    return Simulated(history, truth, MappingProxyType(dict(planted.leaks)))
