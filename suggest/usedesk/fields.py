"""The dictionary of a company's custom fields: names of fields, names of their options, which option lies under which."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from suggest.usedesk.payload import items, mapping, number, text
from suggest.usedesk.ticket import FieldValue, Ticket


@dataclass(frozen=True)
class Option:
    """A value of a list; `parents` are the options of the level above under which it may be chosen."""

    id: int
    value: str
    parents: tuple[int, ...] = ()


@dataclass(frozen=True)
class Field:
    """A custom field; `parent` is the field of the level above it in a nested list."""

    id: int
    name: str
    kind: int
    required: bool = False
    parent: int | None = None
    options: tuple[Option, ...] = ()


@dataclass(frozen=True)
class Fields:
    """All fields of a company."""

    fields: tuple[Field, ...] = ()

    def named(self, ticket: Ticket) -> Ticket:
        """The ticket with its fields' names, and options' names in place of their ids."""
        return replace(ticket, fields=tuple(self._named(value) for value in ticket.fields))

    def pair(self, first: str, second: str) -> tuple[tuple[Field, Option], tuple[Field, Option]] | None:
        """The two levels of a nested list where `second` lies under `first`, found by their names."""
        for upper in self.fields:
            for option in _by_value(upper, first):
                for lower in self.fields:
                    below = [under for under in _by_value(lower, second) if option.id in under.parents]
                    if lower.id != upper.id and below:
                        return (upper, option), (lower, below[0])
        return None

    def _named(self, value: FieldValue) -> FieldValue:
        known = next((known for known in self.fields if known.id == value.id), None)
        if known is None:
            return value
        option = next((option for option in known.options if str(option.id) == value.value), None)
        return FieldValue(value.id, known.name, option.value if option else value.value)


def fields(answer: object) -> Fields:
    """The dictionary in an answer of POST /ticket/fields."""
    return Fields(tuple(_field(mapping(row)) for row in items(answer) if mapping(row).get("custom_field")))


def _field(row: dict[str, object]) -> Field:
    facts = mapping(row["custom_field"])
    return Field(
        id=number(facts.get("id")) or 0,
        name=text(facts.get("name")),
        kind=number(facts.get("ticket_field_type_id")) or 0,
        required=str(facts.get("required")) in {"1", "True", "true"},
        parent=number(facts.get("parent_field_id")),
        options=tuple(_options(row.get("field_options"))),
    )


def _options(value: object) -> Iterator[Option]:
    for row in map(mapping, items(value)):
        parents = row.get("parent_option_id")
        ids = items(parents) if isinstance(parents, list | dict) else (parents,)
        option_id = number(row.get("id"))
        if option_id:
            yield Option(option_id, text(row.get("value")), tuple(found for found in map(number, ids) if found))


def _by_value(field: Field, value: str) -> list[Option]:
    return [option for option in field.options if option.value.strip().casefold() == value.strip().casefold()]
