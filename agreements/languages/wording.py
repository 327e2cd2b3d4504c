"""The fixed wording of a language in the text of an agreement: title, facts, table headings, values of terms."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo


def select_plural_form(number: int) -> int:
    """Return the index of the plural form in a language with two forms: 0 for one, 1 for every other number."""
    return 0 if number == 1 else 1


@dataclass(frozen=True)
class Wording:
    """The fixed wording of one language; a change of it changes the text of every version."""

    code: str
    name: str
    """The language's own name for itself; `others` has the names of other languages in this one."""
    others: Mapping[str, str]

    title: str
    version: str
    effect: str
    not_published: str
    governing: str
    translation: str
    governing_sha256: str
    seal: str
    record: str

    rate_card: tuple[str, str]
    every_other: str
    activities: tuple[str, str, str]
    consequences: Mapping[str, str]

    no_limit: str
    no_orders: str
    units: Mapping[str, tuple[str, ...]]
    decimal_mark: str
    moment: str
    months: tuple[str, ...]
    day_of_month: Callable[[int], str]
    plural_form: Callable[[int], int] = select_plural_form

    def format_title(self, program_name: str) -> str:
        return self.title.format(program=program_name)

    def parse_program_name(self, title: str) -> str:
        """Return the program's name in a title made by `format_title`."""
        before, after = self.title.split("{program}")
        return title.removeprefix(before).removesuffix(after)

    def get_language_name(self, other: "Wording") -> str:
        """Return the name of another language, or of this one; its own name for itself if this one has none for it."""
        return self.name if other.code == self.code else self.others.get(other.code, other.name)

    def format_number(self, value: Decimal) -> str:
        """Format a decimal with two places: "2.60"."""
        return f"{value:.2f}".replace(".", self.decimal_mark)

    def format_percent(self, value: Decimal) -> str:
        """Format a rate: "2.60 %"."""
        return f"{self.format_number(value)} %"

    def format_money(self, value: Decimal, currency: str) -> str:
        return f"{self.format_number(value)} {currency}"

    def format_count(self, number: int, unit: str) -> str:
        """Format a number with its noun: "1 day", "3 days"."""
        return f"{number} {self.units[unit][self.plural_form(number)]}"

    def format_datetime(self, at: datetime, zone: str) -> str:
        """Format an instant in the program's time zone, for every reader alike: "1 November 2010, 00:00 (UTC)"."""
        local = at.astimezone(ZoneInfo(zone))
        return self.moment.format(
            day=local.day, month=self.months[local.month - 1], year=local.year, time=f"{local:%H:%M}", zone=zone
        )
