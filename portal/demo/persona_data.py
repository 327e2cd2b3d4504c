"""The personas of the demo: some sixty invented affiliates."""

from portal.demo.personas import Persona, Situation

_ROWS: tuple[tuple[str, str, str, str, int, float, Situation, str], ...] = (
    (
        "anna", "Anna Lindqvist", "Sweden", "Europe/Stockholm",
        389, 1.05, Situation.ACCEPTED_ON_PAPER, "blog newsletter ?social",
    ),
    (
        "tomas", "Tomás Ferreira da Silva", "Portugal", "Europe/Lisbon",
        388, 0.80, Situation.ACCEPTED_ON_PAPER, "website social",
    ),
    (
        "gardenletter", "The Garden Letter Ltd", "United Kingdom", "Europe/London",
        388, 0.65, Situation.ACCEPTED_ON_PAPER, "newsletter website",
    ),
    ("mei", "林美玲", "Taiwan", "Asia/Taipei", 386, 0.50, Situation.ACCEPTED_ON_PAPER, "social blog"),
    ("olga", "Ольга Петренко", "Ukraine", "Europe/Kyiv", 385, 0.40, Situation.ACCEPTED_ON_PAPER, "blog"),
    ("birgit", "Birgit Hohenstein-Wallmoden", "Germany", "Europe/Berlin", 383, 0.35, Situation.STEADY, "blog website"),
    ("carlos", "Carlos Iglesias", "Spain", "Europe/Madrid", 380, 0.30, Situation.UNDECLARED_SITE, "social"),
    ("ben", "Ben Achterberg", "Netherlands", "Europe/Amsterdam", 377, 0.30, Situation.UNDER_REVIEW, "website social"),
    ("priya", "Priya Raghunathan", "India", "Asia/Kolkata", 371, 0.26, Situation.STEADY, "blog social"),
    ("hanako", "佐藤 花子", "Japan", "Asia/Tokyo", 369, 0.25, Situation.STEADY, "social"),
    (
        "greenfingers", "Green Fingers Collective", "Ireland", "Europe/Dublin",
        365, 0.24, Situation.STEADY, "website newsletter",
    ),
    ("luca", "Luca Bianchi", "Italy", "Europe/Rome", 360, 0.20, Situation.APPEALING, "website"),
    ("sofia", "Σοφία Παπαδοπούλου", "Greece", "Europe/Athens", 358, 0.20, Situation.STEADY, "blog"),
    (
        "dealhawk", "DealHawk", "United States", "America/New_York",
        352, 0.25, Situation.TERMINATED_FOR_BREACH, "website",
    ),
    ("nils", "Nils Aagaard", "Denmark", "Europe/Copenhagen", 350, 0.18, Situation.STEADY, "newsletter"),
    ("layla", "ليلى حداد", "Jordan", "Asia/Amman", 347, 0.18, Situation.STEADY, "social"),
    ("emile", "Émile Beauchamp-Tremblay", "Canada", "America/Toronto", 343, 0.16, Situation.REVIEW_DISMISSED, "blog"),
    ("nova", "Nova Okonkwo", "Nigeria", "Africa/Lagos", 340, 0.16, Situation.STEADY, "social !website"),
    (
        "couponcave", "Coupon Cave", "United States", "America/Chicago",
        336, 0.22, Situation.SUSPENDED_BY_REVIEW, "website",
    ),
    ("ruben", "Ruben de Graaf", "Belgium", "Europe/Brussels", 333, 0.15, Situation.LEFT, "blog"),
    ("maren", "Maren Solberg", "Norway", "Europe/Oslo", 329, 0.14, Situation.STEADY, "blog"),
    ("joao", "João Pedro Albuquerque", "Brazil", "America/Sao_Paulo", 325, 0.13, Situation.STEADY, "social"),
    (
        "plantpost", "Plant Post Weekly", "United States", "America/Los_Angeles",
        322, 0.13, Situation.STEADY, "newsletter",
    ),
    ("vera", "Věra Nováková", "Czechia", "Europe/Prague", 318, 0.12, Situation.WITHOUT_PAYOUT_DETAILS, "blog"),
    ("idris", "Idris Ben Youssef", "Morocco", "Africa/Casablanca", 315, 0.11, Situation.SELF_PURCHASE, "social"),
    (
        "kate", "Kate O’Sullivan", "Ireland", "Europe/Dublin",
        311, 0.10, Situation.PAYOUT_DETAILS_CHANGED, "blog newsletter",
    ),
    ("dmitri", "Dmitri Kask", "Estonia", "Europe/Tallinn", 309, 0.10, Situation.TARGET_MISSED, "website"),
    (
        "longname",
        "Hubertus Maximilian Leopold Graf von und zu Hohenlohe-Waldenburg-Schillingsfürst, Gärtnerei und Baumschule",
        "Austria", "Europe/Vienna", 304, 0.10, Situation.STEADY, "website",
    ),
    ("yuna", "김유나", "South Korea", "Asia/Seoul", 300, 0.10, Situation.STEADY, "social"),
    ("fern", "Fern & Fable", "New Zealand", "Pacific/Auckland", 297, 0.09, Situation.TARGET_AT_RISK, "blog"),
    ("marta", "Marta Zielińska", "Poland", "Europe/Warsaw", 292, 0.09, Situation.PAYOUTS_HELD, "social"),
    ("gus", "Gus Papadakis", "Australia", "Australia/Sydney", 288, 0.09, Situation.NOTICE_ENDED, "website"),
    (
        "selin", "Selin Yıldırım", "Türkiye", "Europe/Istanbul",
        281, 0.08, Situation.SHARED_PAYOUT_DETAILS, "social blog",
    ),
    ("hugo", "Hugo Lefèvre", "France", "Europe/Paris", 275, 0.08, Situation.STEADY, "blog"),
    ("anjali", "अंजलि शर्मा", "India", "Asia/Kolkata", 268, 0.08, Situation.STEADY, "social"),
    ("oakandivy", "Oak and Ivy", "United Kingdom", "Europe/London", 262, 0.07, Situation.NEGATIVE_BALANCE, "blog"),
    ("pia", "Pia Korhonen", "Finland", "Europe/Helsinki", 255, 0.07, Situation.STEADY, "newsletter"),
    ("matteo", "Matteo Ricci", "Switzerland", "Europe/Zurich", 247, 0.07, Situation.SHARED_PAYOUT_DETAILS, "app"),
    ("tal", "טל לוי", "Israel", "Asia/Jerusalem", 240, 0.06, Situation.STEADY, "social"),
    ("rosa", "Rosa Quispe", "Peru", "America/Lima", 232, 0.06, Situation.SUSPENDED, "social"),
    ("bram", "Bram Vermeulen", "Netherlands", "Europe/Amsterdam", 225, 0.06, Situation.UNDER_NOTICE, "website"),
    ("thuy", "Nguyễn Thị Thủy", "Vietnam", "Asia/Ho_Chi_Minh", 215, 0.06, Situation.STEADY, "social"),
    ("homely", "Homely Homes", "Canada", "America/Vancouver", 204, 0.05, Situation.STEADY, "blog !social"),
    ("aoife", "Aoife Ní Bhriain", "Ireland", "Europe/Dublin", 190, 0.05, Situation.LEAVING, "blog"),
    ("zanele", "Zanele Mthembu", "South Africa", "Africa/Johannesburg", 160, 0.06, Situation.STEADY, "social"),
    ("erik", "Erik Þórsson", "Iceland", "Atlantic/Reykjavik", 120, 0.06, Situation.STEADY, "blog"),
    ("camille", "Camille Dubois", "Luxembourg", "Europe/Luxembourg", 85, 0.08, Situation.STEADY, "social"),
    ("wanda", "Wanda Kowalczyk", "Poland", "Europe/Warsaw", 40, 0.10, Situation.STEADY, "newsletter ?blog"),
    ("newleaf", "New Leaf", "United States", "America/Denver", 12, 0.12, Situation.NEWCOMER, "website"),
    ("clara", "Clara Whitfield", "United Kingdom", "Europe/London", 4, 0, Situation.APPROVED, "blog social"),
    ("pavlos", "Pavlos Georgiou", "Cyprus", "Asia/Nicosia", 6, 0, Situation.APPROVED, "website"),
    ("sunita", "Sunita Gurung", "Nepal", "Asia/Kathmandu", 21, 0, Situation.APPROVED, "social"),
    ("henrik", "Henrik Dahl", "Norway", "Europe/Oslo", 1, 0, Situation.APPLIED, "blog"),
    ("amara", "Amara Diallo", "Senegal", "Africa/Dakar", 2, 0, Situation.APPLIED, "social website"),
    ("jun", "王俊", "Singapore", "Asia/Singapore", 3, 0, Situation.APPLIED, "app"),
    (
        "pottingshed", "The Potting Shed Podcast", "United Kingdom", "Europe/London",
        9, 0, Situation.APPLIED, "website newsletter",
    ),
    ("lost", "Ines Marchetti", "Italy", "Europe/Rome", 5, 0, Situation.UNCONFIRMED, "blog"),
    ("quickcash", "Quick Cash Links", "United States", "America/Phoenix", 300, 0, Situation.REJECTED, "website"),
    ("vaporhub", "VaporHub", "Lithuania", "Europe/Vilnius", 210, 0, Situation.REJECTED, "website social"),
    ("betbloom", "BetBloom", "Malta", "Europe/Malta", 95, 0, Situation.REJECTED, "app"),
    ("emptyblog", "Oscar Lindgren", "Sweden", "Europe/Stockholm", 18, 0, Situation.REJECTED, "blog"),
)  # fmt: skip
PERSONAS: tuple[Persona, ...] = tuple(Persona(*row) for row in _ROWS)


def find_personas(*situations: Situation) -> list[Persona]:
    """Return the personas in any of these situations, in the order of `PERSONAS`."""
    return [persona for persona in PERSONAS if persona.situation in situations]
