from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from crm.errors import AccordError
from serving.doors import Role
from serving.ledger import Ledger, keys
from serving.ledger.tables import ROLES_OF_KEYS, metadata

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
YEAR = timedelta(days=365)


def held(ledger: Ledger) -> str:
    """Every value of every table, as one text."""
    with ledger.database.reading() as connection:
        rows = [connection.execute(sa.select(table)).all() for table in metadata.sorted_tables]
    return repr(rows)


def known(ledger: Ledger) -> dict[str, keys.Key]:
    return {key.id: key for key in keys.listed(ledger.database)}


def test_a_key_is_an_id_and_256_random_bits(ledger: Ledger) -> None:
    texts = [keys.create(ledger.database, Role.SALES, "CRM", NOW, YEAR)[1] for _ in range(20)]
    assert len(set(texts)) == 20
    for text in texts:
        found = re.fullmatch(r"accord_([0-9a-f]{16})_([A-Za-z0-9_-]{43})", text)
        assert found, text


def test_the_ledger_holds_the_hash_of_the_secret_and_not_the_secret(ledger: Ledger) -> None:
    key, text = keys.create(ledger.database, Role.MARKETING, "HubSpot", NOW, YEAR)
    secret = text.split("_", 2)[2]
    assert secret not in held(ledger)
    assert key.digest == hashlib.sha256(secret.encode()).hexdigest()
    assert key.digest in held(ledger)


def test_what_is_listed_is_what_was_made(ledger: Ledger) -> None:
    made = [
        keys.create(ledger.database, role, f"  for   {role}", NOW + timedelta(hours=n), YEAR)[0]
        for n, role in enumerate(Role)
    ]
    assert keys.listed(ledger.database) == tuple(made)
    assert [key.name for key in made] == [f"for {role}" for role in Role]
    assert {str(role) for role in Role} == set(ROLES_OF_KEYS)


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\x00b", "a\x1b[31mb"])
def test_a_key_needs_a_name_that_can_be_printed(ledger: Ledger, name: str) -> None:
    with pytest.raises(AccordError, match="no name for a key"):
        keys.create(ledger.database, Role.DATA, name, NOW, YEAR)
    assert keys.listed(ledger.database) == ()


def test_a_key_opens_until_it_expires(ledger: Ledger) -> None:
    key, text = keys.create(ledger.database, Role.DATA, "notebook", NOW, timedelta(days=1))
    before, after = NOW + timedelta(hours=23, minutes=59), NOW + timedelta(days=1)
    assert keys.look_up(text, known(ledger), before) == keys.Shown(key, None)
    assert keys.look_up(text, known(ledger), after) == keys.Shown(key, "expired")


def test_a_revoked_key_opens_nothing_and_stays_revoked(ledger: Ledger) -> None:
    key, text = keys.create(ledger.database, Role.ADMIN, "stolen", NOW, YEAR)
    later = NOW + timedelta(days=3)
    revoked, new = keys.revoke(ledger.database, key.id, later)
    assert (new, revoked.revoked_at) == (True, later)
    again, new = keys.revoke(ledger.database, key.id, later + YEAR)
    assert (new, again.revoked_at) == (False, later)
    assert keys.look_up(text, known(ledger), later).closed == "revoked"


def test_a_whole_key_may_be_named_to_revoke_it(ledger: Ledger) -> None:
    key, text = keys.create(ledger.database, Role.ADMIN, "found in a chat", NOW, YEAR)
    assert keys.revoke(ledger.database, text, NOW)[0].id == key.id


def test_an_unknown_key_cannot_be_revoked_and_its_secret_is_not_repeated(ledger: Ledger) -> None:
    for named in ("0" * 16, "accord_" + "0" * 16 + "_" + "s3cret" * 7 + "s"):
        with pytest.raises(AccordError, match="no such key") as refused:
            keys.revoke(ledger.database, named, NOW)
        assert "s3cret" not in str(refused.value)


def test_nothing_but_the_whole_key_opens(ledger: Ledger) -> None:
    key, text = keys.create(ledger.database, Role.SALES, "CRM", NOW, YEAR)
    other = keys.create(ledger.database, Role.SALES, "CRM", NOW, YEAR)[1]
    secret = text.split("_", 2)[2]
    turned = "A" if secret[-5] != "A" else "B"
    wrong = {
        text[:-5] + turned + text[-4:]: "unknown",
        f"accord_{other[7:23]}_{secret}": "unknown",
        f"accord_{'0' * 16}_{secret}": "unknown",
        text[:-1]: "malformed",
        text + "A": "malformed",
        text.upper(): "malformed",
        secret: "malformed",
        key.digest: "malformed",
        f"accord_{key.id}_{key.digest}": "malformed",
        f" {text}": "malformed",
        f"{text}\n": "malformed",
        "": "malformed",
        "accord__": "malformed",
        "é" * 300: "malformed",
        "\ud800": "malformed",
        text + "A" * 10_000: "malformed",
    }
    for shown, why in wrong.items():
        assert keys.look_up(shown, known(ledger), NOW) == keys.Shown(None, why), shown  # type: ignore[arg-type]
    assert keys.look_up(text, known(ledger), NOW).key == key


def test_whatever_is_shown_one_digest_is_made_and_compared_whole(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, text = keys.create(ledger.database, Role.SALES, "CRM", NOW, YEAR)
    compared: list[tuple[int, int]] = []

    def watched(a: str, b: str) -> bool:
        compared.append((len(a), len(b)))
        return hmac.compare_digest(a, b)

    monkeypatch.setattr(keys, "hmac", type("Watched", (), {"compare_digest": staticmethod(watched)}))
    for shown in (text, text[:-1] + "x", f"accord_{'0' * 16}_{text[24:]}", "nonsense", ""):
        keys.look_up(shown, known(ledger), NOW)
    assert compared == [(64, 64)] * 5


def test_keys_and_revocations_are_there_for_good(ledger: Ledger) -> None:
    key, _ = keys.create(ledger.database, Role.SALES, "CRM", NOW, YEAR)
    keys.revoke(ledger.database, key.id, NOW)
    for statement in (
        "UPDATE keys SET role = 'admin'",
        "UPDATE keys SET expires_at = NULL",
        "DELETE FROM keys",
        "DELETE FROM revocations",
    ):
        with pytest.raises(AccordError), ledger.database.writing() as connection:
            connection.exec_driver_sql(statement)
    assert known(ledger)[key.id].revoked_at == NOW
