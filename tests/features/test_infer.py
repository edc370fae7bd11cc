from __future__ import annotations

import json
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from crm.history import Field, History, Kind, Known
from features.catalog import OTHER, Availability, Catalog, Family, Feature, FeatureKind
from features.compute import matrix
from features.facts import Facts, Record
from features.infer import InferSettings, infer
from features.instants import DAY, NAT, micros_of
from features.names import unique
from tests.builders import account, activity, history, instant, lead, milestone

NOW = np.array([micros_of(instant("2026-06-01"))])
FIRST = np.zeros(1, np.int64)


def leads_with(name: str, values: list, field: Field | None = None, **more: object) -> History:
    """One lead a value, won or lost in turn."""
    rows = [lead(f"l{i}", "2026-01-01", **{name: value}, **more) for i, value in enumerate(values)]
    rows += [milestone(f"l{i}", ("won", "lost")[i % 2], "2026-02-01") for i in range(len(values))]
    return history(*rows, fields=() if field is None else (field,))


def feature_of(catalog: Catalog, name: str) -> Feature:
    return catalog.features[catalog.names.index(name)]


def scored(catalog: Catalog, record: Record, fields: tuple[Field, ...], name: str) -> float:
    row = matrix(catalog, Facts.of_records([record], fields), FIRST, NOW)[0]
    return float(row[catalog.names.index(name)])


def test_frequent_values_become_levels_and_rare_and_unseen_ones_the_last() -> None:
    world = leads_with("source", ["web"] * 60 + ["fair"] * 40 + ["odd"])
    catalog = infer(world)
    assert feature_of(catalog, "source").levels == ("web", "fair", OTHER)

    def code(value: str | None) -> float:
        return scored(catalog, Record("x", attributes={"source": value}), world.fields, "source")

    assert [code("web"), code("fair"), code("odd"), code("never seen")] == [0.0, 1.0, 2.0, 2.0]
    assert np.isnan(code(None))


def test_the_number_of_levels_is_capped_and_the_frequent_win() -> None:
    values = [f"v{i}" for i in range(10) for _ in range(30 + i)]
    catalog = infer(leads_with("city", values), InferSettings(most_levels=3))
    assert feature_of(catalog, "city").levels == ("v9", "v8", "v7", OTHER)


@pytest.mark.parametrize("kind", [Kind.CATEGORY, Kind.TEXT, Kind.EMAIL, Kind.TITLE])
def test_people_on_our_side_become_nothing_not_even_a_rate(kind: Kind) -> None:
    values = ["ann@firm.example", "CEO bob"] * 60

    def of_owner(*, actor: bool) -> list[str]:
        catalog = infer(leads_with("owner", values, Field("owner", kind, actor=actor)))
        assert all(table.field != "owner" for table in catalog.rates) or not actor
        return [f.name for f in catalog.features if f.field == "owner"]

    assert of_owner(actor=False)
    assert not of_owner(actor=True)


@pytest.mark.parametrize(
    "field",
    [
        Field("x", Kind.IDENTIFIER),
        Field("x", Kind.CATEGORY, Known.AFTER_OUTCOME),
        Field("x", Kind.NUMBER, Known.AFTER_OUTCOME),
    ],
    ids=["identifier", "category after the outcome", "number after the outcome"],
)
def test_identifiers_and_what_is_known_too_late_give_no_feature(field: Field) -> None:
    values = [float(i) for i in range(60)] if field.kind == Kind.NUMBER else ["a", "b"] * 30
    assert not [f for f in infer(leads_with("x", values, field)).features if f.field == "x"]


@pytest.mark.parametrize("values", [["web"] * 60, [None] * 60, [f"u{i}" for i in range(60)], [1.0] * 60])
def test_a_field_that_tells_no_leads_apart_gives_no_feature(values: list) -> None:
    kind = Kind.NUMBER if values[0] == 1.0 else Kind.CATEGORY
    world = leads_with("x", values, Field("x", kind))
    assert not [f for f in infer(world).features if f.field == "x" and f.family == Family.ATTRIBUTE]


def test_titles_and_addresses_are_reduced_and_never_kept() -> None:
    rows = [
        lead(f"l{i}", title=("CEO", "Ingénieur", "CEO at X")[i % 3], email=("jo@gmail.com", "al@acme.fr")[i % 2])
        for i in range(120)
    ]
    world = history(*rows, fields=(Field("title", Kind.TITLE), Field("email", Kind.EMAIL)))
    catalog = infer(world)
    assert feature_of(catalog, "title_seniority").levels == ("executive", "specialist", OTHER)
    assert feature_of(catalog, "email_domain_type").levels == ("company", "free", OTHER)
    assert "jo@" not in json.dumps(catalog.to_json())
    assert "CEO" not in json.dumps(catalog.to_json())


def test_of_texts_only_presence_and_length_are_used() -> None:
    world = leads_with("note", ["hello", None, "a longer note"] * 30, Field("note", Kind.TEXT))
    catalog = infer(world)
    assert [f.name for f in catalog.features if f.field == "note"] == ["note_given", "note_length"]
    assert scored(catalog, Record("x", attributes={"note": "hello"}), world.fields, "note_length") == 5.0
    assert scored(catalog, Record("x"), world.fields, "note_given") == 0.0


def test_what_is_known_from_the_hand_off_is_missing_before_it() -> None:
    field = Field("budget", Kind.NUMBER, Known.AT_HANDOFF)
    world = leads_with("budget", [float(i) for i in range(60)], field)
    handed_off = [milestone(f"l{i}", "handed_off", "2026-01-10") for i in range(60)]
    catalog = infer(replace(world, milestones=history(*handed_off).milestones))
    assert feature_of(catalog, "budget").available == Availability.AT_HANDOFF
    before = Record("x", 0, attributes={"budget": 3.0})
    assert np.isnan(scored(catalog, before, world.fields, "budget"))
    after = msgspec.structs.replace(before, milestones=[("handed_off", int(NOW[0]))])
    assert scored(catalog, after, world.fields, "budget") == 3.0


def test_a_flat_history_gives_attributes_only() -> None:
    rows = [lead(f"l{i}", None, source=("web", "fair")[i % 2], size=float(i)) for i in range(60)]
    rows += [milestone(f"l{i}", "won", None) for i in range(0, 60, 3)]
    world = history(*rows)
    catalog = infer(world)
    assert catalog.names == ("size", "source")
    facts = Facts.of_history(world, world.fields)
    everyone = np.arange(60)
    undated = matrix(catalog, facts, everyone, np.full(60, NAT))
    dated = matrix(catalog, facts, everyone, np.full(60, micros_of(world.exported_at)))
    assert undated.tobytes() == dated.tobytes()
    assert undated[:, 0].tolist() == [float(i) for i in range(60)]


def test_windows_that_tell_nothing_apart_are_not_taken() -> None:
    rows = [lead(f"l{i}") for i in range(40)]
    rows += [activity(f"l{i}", "call", f"2026-01-02T{h:02d}:00:00Z") for i in range(40) for h in range(3)]
    rows += [milestone("l1", "won")]
    catalog = infer(history(*rows))
    assert {f.window_days for f in catalog.features if f.family == Family.COUNT} == {1.0}


def test_rare_activity_kinds_count_only_as_any_activity() -> None:
    rows = [lead(f"l{i}") for i in range(100)] + [milestone("l1", "won")]
    rows += [activity(f"l{i}", "call", "2026-01-05") for i in range(100)] + [activity("l1", "fax", "2026-01-05")]
    catalog = infer(history(*rows))
    assert {f.activity for f in catalog.features if f.family == Family.COUNT} == {None, "call"}


def test_a_history_that_records_only_wins_gives_true_rates() -> None:
    rows = [lead(f"l{i}", "2026-01-01", source=("web", "fair")[i % 2]) for i in range(200)]
    rows += [milestone(f"l{i}", "won", "2026-01-11") for i in range(0, 200, 4)]  # half of web, none of fair
    world = history(*rows)
    catalog = infer(world)
    table = catalog.rates[0]
    assert (table.since, table.within_days) == ("created", 10)
    web = scored(catalog, Record("x", attributes={"source": "web"}), world.fields, "source_close_rate")
    fair = scored(catalog, Record("x", attributes={"source": "fair"}), world.fields, "source_close_rate")
    new = scored(catalog, Record("x", attributes={"source": "new"}), world.fields, "source_close_rate")
    overall = 51 / 202
    assert (web, fair, new) == ((50 + 20 * overall) / 120, 20 * overall / 120, overall)


def test_a_rate_changes_at_midnight_and_leaves_the_lead_itself_out() -> None:
    rows = [lead(f"l{i}", "2026-01-01T15:00:00Z", source=("web", "fair")[i % 2]) for i in range(60)]
    rows += [milestone(f"l{i}", "won", "2026-01-03T12:00:00Z") for i in range(0, 60, 2)]
    world = history(*rows)
    catalog = infer(world)
    facts = Facts.of_history(world, world.fields)
    column = catalog.names.index("source_close_rate")
    midnight = micros_of(instant("2026-01-04"))
    before, after = matrix(catalog, facts, np.zeros(2, np.int64), np.array([midnight - 1, midnight]))[:, column]
    assert np.isnan(before)
    assert after == (29 + 20 * 30 / 61) / (29 + 20)
    assert midnight % DAY == 0


def test_unknown_attributes_and_kinds_are_ignored() -> None:
    world = leads_with("source", ["web", "fair"] * 30)
    catalog = infer(world)
    plain = Record("x", attributes={"source": "web"})
    odd = Record("x", attributes={"source": "web", "shoe size": 44.0}, activities=[("fax", 1, None, None)])
    rows = [matrix(catalog, Facts.of_records([r], world.fields), FIRST, NOW) for r in (plain, odd)]
    np.testing.assert_array_equal(*rows)


def test_names_are_clean_and_unique() -> None:
    features = [
        Feature(name, FeatureKind.NUMBER, Family.ATTRIBUTE, "x") for name in ("Size", "size", "account.Größe (€)", "?")
    ]
    assert [f.name for f in unique(features)] == ["size", "size_2", "account_groe", "unnamed"]


def test_a_catalog_survives_json_and_its_hash_is_pinned() -> None:
    catalog = infer(leads_with("source", ["web", "fair"] * 30))
    stored = json.dumps(catalog.to_json())
    assert Catalog.from_json(json.loads(stored)) == catalog
    assert Catalog.from_json(json.loads(stored)).hash == catalog.hash
    assert catalog.hash == "8fd06fcca8d668ec758265addf9ba61fdfbccb31d1f17a9ac6cd8aabc27fef59"


def test_a_catalog_that_is_none_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="features"):
        Catalog.from_json({"rates": []})


def test_without_leaves_out_features_and_the_tables_nothing_reads() -> None:
    catalog = infer(leads_with("source", ["web", "fair"] * 30))
    smaller = catalog.without(["source_close_rate"])
    assert smaller.names == tuple(name for name in catalog.names if name != "source_close_rate")
    assert catalog.rates
    assert smaller.rates == ()


def test_accounts_without_a_second_lead_form_no_buying_group() -> None:
    alone = history(lead("l1", account_id="a1"), account("a1"), milestone("l1", "won"))
    assert not [f for f in infer(alone).features if f.family in (Family.BUYING_GROUP, Family.ACCOUNT_RECORD)]
