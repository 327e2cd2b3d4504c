"""The fixed wording of an agreement in English."""

from agreements.languages.wording import Wording


def format_ordinal(number: int) -> str:
    """Return the ordinal of a day of the month: "1st", "2nd", "3rd", "11th"."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


ENGLISH = Wording(
    code="en",
    name="English",
    others={"de": "German"},
    title="Affiliate agreement of {program}",
    version="Version {name}",
    effect="Takes effect: {at}",
    not_published="not published yet",
    governing="Governing language: {language}",
    translation="This is a translation. Where it differs from the text in the governing language, that text governs.",
    governing_sha256="SHA-256 of the governing text: {sha256}",
    seal="SHA-256 of the text: {sha256}",
    record="Accepted: record {sequence}, with the fingerprint {hash}",
    rate_card=("Category", "Rate"),
    every_other=" (every category that is not named)",
    activities=("Activity", "What it means", "Most severe consequence"),
    consequences={"warning": "warning", "suspension": "suspension", "termination": "termination"},
    no_limit="no limit",
    no_orders="no orders",
    units={"days": ("day", "days"), "years": ("year", "years"), "orders": ("order", "orders")},
    decimal_mark=".",
    moment="{day} {month} {year}, {time} ({zone})",
    months=(
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
    day_of_month=lambda number: f"the {format_ordinal(number)}",
)
