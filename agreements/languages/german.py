"""The fixed wording of an agreement in German."""

from agreements.languages.wording import Wording

GERMAN = Wording(
    code="de",
    name="Deutsch",
    others={"en": "Englisch"},
    title="Affiliate-Vereinbarung von {program}",
    version="Version {name}",
    effect="Wirksam ab: {at}",
    not_published="noch nicht veröffentlicht",
    governing="Maßgebliche Sprache: {language}",
    translation="Dies ist eine Übersetzung. Weicht sie vom Text in der maßgeblichen Sprache ab, so gilt jener Text.",
    governing_sha256="SHA-256 des maßgeblichen Textes: {sha256}",
    seal="SHA-256 des Textes: {sha256}",
    record="Angenommen: Eintrag {sequence}, mit dem Fingerabdruck {hash}",
    rate_card=("Kategorie", "Satz"),
    every_other=" (jede Kategorie, die nicht genannt ist)",
    activities=("Verhalten", "Was damit gemeint ist", "Schwerste Folge"),
    consequences={"warning": "Verwarnung", "suspension": "Sperrung", "termination": "Kündigung"},
    no_limit="keine Obergrenze",
    no_orders="keine Bestellungen",
    units={"days": ("Tag", "Tage"), "years": ("Jahr", "Jahre"), "orders": ("Bestellung", "Bestellungen")},
    decimal_mark=",",
    moment="{day}. {month} {year}, {time} Uhr ({zone})",
    months=(
        *("Januar", "Februar", "März", "April", "Mai", "Juni"),
        *("Juli", "August", "September", "Oktober", "November", "Dezember"),
    ),
    day_of_month=lambda number: f"{number}.",
)
