from __future__ import annotations

import pytest

from features.words import DOMAIN, SENIORITY, domain_type, seniority


@pytest.mark.parametrize(
    ("title", "level"),
    [
        ("CEO", "executive"),
        ("C.E.O.", "executive"),
        ("Chief Marketing Officer", "executive"),
        ("Co-founder & CTO", "executive"),
        ("Managing Director", "executive"),
        ("Président-directeur général", "executive"),
        ("Directrice générale", "executive"),
        ("PDG", "executive"),
        ("Gérant", "executive"),
        ("Vice President, Sales", "director"),
        ("VP Engineering", "director"),
        ("Directeur des achats", "director"),
        ("Head of Logistics", "director"),
        ("DRH", "director"),
        ("Responsable qualité", "manager"),
        ("Chef de projet", "manager"),
        ("Sales Manager", "manager"),
        ("Directrice adjointe", "manager"),
        ("Team lead", "manager"),
        ("Software engineer", "specialist"),
        ("Chargée de mission", "specialist"),
        ("Account executive", "specialist"),
        ("Assistante de direction", "specialist"),
        ("Executive assistant to the CEO", "specialist"),
        ("Stagiaire marketing", "student"),
        ("PhD student", "student"),
        ("International sales", "specialist"),
        ("Zauberer", "unknown"),
        ("", "unknown"),
        ("???", "unknown"),
    ],
)
def test_titles_are_reduced_to_seniority(title: str, level: str) -> None:
    assert seniority(title) == level
    assert level in SENIORITY


@pytest.mark.parametrize(
    ("address", "type_"),
    [
        ("jo@gmail.com", "free"),
        ("Jo.Doe@Orange.FR ", "free"),
        ("jo@yahoo.co.uk", "free"),
        ("jo@proton.me", "free"),
        ("jo@mail.acme.com", "company"),
        ("jo@free-logistics.com", "company"),
        ("jo@acme.co.uk", "company"),
        ("jo@mit.edu", "academic"),
        ("jo@cs.ox.ac.uk", "academic"),
        ("jo@etu.univ-lyon1.fr", "academic"),
        ("jo@state.gov", "government"),
        ("jo@dgfip.finances.gouv.fr", "government"),
        ("jo@ec.europa.eu", "government"),
        ("jo@yopmail.fr", "disposable"),
        ("jo@mailinator.com", "disposable"),
        ("jo", "unknown"),
        ("jo@localhost", "unknown"),
        ("a b@acme.com", "unknown"),
    ],
)
def test_addresses_are_reduced_to_the_type_of_their_domain(address: str, type_: str) -> None:
    assert domain_type(address) == type_
    assert type_ in DOMAIN
