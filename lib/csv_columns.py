"""The columns of an imported CSV file: which field each holds, by its heading, by a preset, or as staff choose.

Pure: no database. Every import describes its file as a `Layout`, whose presets are data.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from lib.csv import CsvError

Text = str | Promise
MAX_ERRORS_NAMED = 20


class Field(NamedTuple):
    """A field of an import.

    `aliases` are headings under which it is found. A required field needs a column, or one for `instead`. `default`
    says what is taken where the file has no value.
    """

    name: str
    aliases: tuple[str, ...] = ()
    required: bool = False
    instead: str = ""
    default: Text = ""


class Preset(NamedTuple):
    """The export of a certain platform: the headings of its columns by field, and what is taken for missing fields.

    It is chosen if a file has one heading of each tuple in `sign`.
    """

    name: str
    label: Text
    columns: Mapping[str, tuple[str, ...]]
    sign: tuple[tuple[str, ...], ...]
    defaults: Mapping[str, Text] = {}


class Layout(NamedTuple):
    fields: tuple[Field, ...]
    presets: tuple[Preset, ...] = ()

    def get_preset(self, name: str) -> Preset | None:
        return next((preset for preset in self.presets if preset.name == name), None)

    def list_required(self, preset: Preset) -> list[str]:
        """Return the headings that an export of `preset` must have for the required fields, alternatives divided by a slash."""
        fields = [field for field in self.fields if self.is_required(field, preset)]
        names = [preset.columns.get(field.name) or preset.columns.get(field.instead, ()) for field in fields]
        return [" / ".join(headings) for headings in names if headings]

    def is_required(self, field: Field, preset: Preset | None) -> bool:
        return field.required and not (preset and field.name in preset.defaults)


class ColumnMapping(NamedTuple):
    """Which column holds which field, and the preset by which the values are read, if any."""

    columns: dict[str, int]
    preset: Preset | None = None


def guess_mapping(layout: Layout, headings: Sequence[str]) -> ColumnMapping:
    """Return the mapping of a file that no one has mapped yet, by its headings."""
    preset = detect_preset(layout, headings)
    return ColumnMapping(guess_columns(layout, headings, preset), preset)


def detect_preset(layout: Layout, headings: Sequence[str]) -> Preset | None:
    """Return the preset whose characteristic headings the file has, or None."""
    known = {normalize_heading(heading) for heading in headings}
    for preset in layout.presets:
        if all(known & {normalize_heading(name) for name in names} for names in preset.sign):
            return preset
    return None


def guess_columns(layout: Layout, headings: Sequence[str], preset: Preset | None = None) -> dict[str, int]:
    """Return {field: index of its column} for the headings that are known; a field's own name precedes its aliases.

    With `preset` only its columns count, because a platform may use a known heading for something else.
    """
    indexes = {normalize_heading(heading): index for index, heading in reversed(list(enumerate(headings))) if heading}
    if preset:
        passes = [preset.columns]
    else:
        passes = [{field.name: (field.name,) for field in layout.fields}]
        passes += [{field.name: field.aliases for field in layout.fields}]
    columns: dict[str, int] = {}
    for names_by_field in passes:
        for field, names in names_by_field.items():
            normalized = [normalize_heading(name) for name in names]
            index = next((indexes[name] for name in normalized if name in indexes), None)
            if field not in columns and index is not None and index not in columns.values():
                columns[field] = index
    return columns


def check_mapping(layout: Layout, mapping: ColumnMapping, headings: Sequence[str]) -> None:
    """Check that each required field has a column, and that no column is missing or used twice.

    Raises ValidationError.
    """
    columns, known = mapping.columns, {field.name for field in layout.fields}
    if not set(columns) <= known or not all(0 <= index < len(headings) for index in columns.values()):
        raise ValidationError(_("These are not the columns of this file."))
    missing = list_missing(layout, mapping)
    if missing:
        names = ", ".join(missing)
        raise ValidationError(_("Choose a column for: %(names)s.") % {"names": names})
    for field, index in columns.items():
        others = [other for other, other_index in columns.items() if other_index == index and other != field]
        if others:
            both = {"heading": headings[index], "one": field, "other": others[0]}
            raise ValidationError(_("“%(heading)s” is mapped to %(one)s and %(other)s. Choose one.") % both)


def list_missing(layout: Layout, mapping: ColumnMapping) -> list[str]:
    """Return the names of the required fields that have no column."""
    return [
        field.name
        for field in layout.fields
        if layout.is_required(field, mapping.preset) and not {field.name, field.instead} & mapping.columns.keys()
    ]


def list_defaults(layout: Layout, mapping: ColumnMapping) -> list[str]:
    """Return a sentence for each field without a column whose value is taken from elsewhere."""
    notes = []
    for field in layout.fields:
        default = (mapping.preset.defaults.get(field.name) if mapping.preset else None) or field.default
        if default and not {field.name, field.instead} & mapping.columns.keys():
            note = _("There is no column for %(field)s: %(default)s is taken.")
            notes.append(note % {"field": field.name, "default": default})
    return notes


def list_ignored(columns: Mapping[str, int], headings: Sequence[str]) -> list[str]:
    """Return the headings of the columns that are not imported."""
    used = set(columns.values())
    return [heading for index, heading in enumerate(headings) if heading and index not in used]


def describe_mapping(layout: Layout, mapping: ColumnMapping, headings: Sequence[str]) -> list[str]:
    """Return sentences about how the file is read: its preset, the defaults, and the columns that are ignored."""
    notes = [_("Read as: %(preset)s.") % {"preset": mapping.preset.label}] if mapping.preset else []
    notes += list_defaults(layout, mapping)
    if ignored := list_ignored(mapping.columns, headings):
        notes.append(_("Columns that are not imported: %(names)s.") % {"names": ", ".join(ignored)})
    return notes


def name_errors(errors: Sequence[CsvError]) -> list[str]:
    """Return the first errors as sentences, and whether there are more."""
    more = [_("More rows cannot be read.")] if len(errors) > MAX_ERRORS_NAMED else []
    return [*map(str, errors[:MAX_ERRORS_NAMED]), *more]


def normalize_heading(name: str) -> str:
    """Return a heading in the form in which headings are compared: without case, spaces and punctuation."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name).casefold())
