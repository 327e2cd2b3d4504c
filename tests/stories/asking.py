"""What affiliates ask about orders, and the answer that they must read: word for word, with its clause.

Ann, Ben and Cat are those of `tests.stories.attributing`; orders are placed on 10 March 2026 at noon unless a story says
otherwise, and reported right then.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from tests.stories.attributing import TICK, ClickId, Place, altered, at, click, signed_with
from tests.worlds import close_months

NOON = at("03-10T12:00")
THEN = "03-09T12:00"
Step = Callable[[Place], object]


class Question(NamedTuple):
    """Who asks about which order, and the paragraphs that answer. `after` is what happens once it was reported."""

    story: str
    asker: str
    answer: tuple[str, ...]
    coupon: str | None = None
    click: ClickId | None = None
    placed: Any = NOON
    before: tuple[Step, ...] = ()
    after: tuple[Step, ...] = ()


def news(when: str = "03-11", **named: ClickId | str | None) -> Step:
    """The shop reports the order again, and names what is given, or nothing."""

    def report(place: Place) -> None:
        who = named.get("click")
        found = {"coupon": named.get("coupon"), "click": who(place) if callable(who) else None}
        place.sell("A1", NOON, news=when, **place.told | found)

    return report


def settled(place: Place) -> None:
    """The order is completed on the next day, and validated 30 days later: the close of April settles it."""
    close_months("2026-03", "2026-04")


def nobodys(story: str, asker: str, answer: str, **facts: Any) -> Question:
    return Question(story, asker, (answer,), **facts)


CLICKED = "The customer clicked on your link “Ben's page” on"
FROZEN = (
    "But a monthly close had settled a line of it before the shop said so: it stays with whoever had it. clause 3.8"
)

JUDGED = [
    nobodys("a click of 4 days 2 hours before", "BEN",
            f"{CLICKED} 6 March 2026, 10:00 UTC, 4 days 2 hours before the order. The window is 3 days. clause 3.2",
            click=click("BEN", "03-06T10:00")),
    nobodys("a click a microsecond too early", "BEN",
            f"{CLICKED} 7 March 2026, 12:00 UTC, 3 days and less than a second before the order. The window is 3 days. "
            "clause 3.2",
            click=click("BEN", "03-07T12:00"), placed=NOON + TICK),
    nobodys("a click 40 seconds too early", "BEN",
            f"{CLICKED} 7 March 2026, 11:59 UTC, 3 days and 40 seconds before the order. The window is 3 days. clause 3.2",
            click=click("BEN", "03-07T11:59:20")),
    nobodys("a click after the order", "BEN",
            "The click on your link “Ben's page” was on 10 March 2026, 12:01 UTC, 1 minute 30 seconds after the order was "
            "placed. Only a click before the order counts. clause 3.3",
            click=click("BEN", "03-10T12:01:30")),
    nobodys("a coupon while suspended", "ANN",
            "When the order was placed with your coupon ANN, on 10 March 2026, 12:00 UTC, you had been suspended since "
            "9 March 2026, 12:00 UTC. clause 3.6",
            coupon="ann", before=(lambda p: p.suspend("ANN", THEN),)),
    nobodys("a click while suspended", "BEN",
            "When the customer clicked on your link “Ben's page”, on 9 March 2026, 13:00 UTC, you had been suspended since "
            "9 March 2026, 12:00 UTC. clause 3.6",
            click=click("BEN", "03-09T13:00"),
            before=(lambda p: p.suspend("BEN", THEN), lambda p: p.reinstate("BEN", "03-10"))),
    nobodys("a coupon while leaving", "ANN",
            "When the order was placed with your coupon ANN, on 10 March 2026, 12:00 UTC, you had been leaving the program "
            "since 9 March 2026, 12:00 UTC. clause 3.6",
            coupon="ANN", before=(lambda p: p.leave("ANN", THEN),)),
    nobodys("a coupon after the end", "ANN",
            "When the order was placed with your coupon ANN, on 10 March 2026, 12:00 UTC, your participation had ended. "
            "Its end was on 9 March 2026, 12:00 UTC. clause 3.6",
            coupon="ANN", before=(lambda p: p.end("ANN", THEN),)),
    nobodys("a coupon before the agreement was accepted", "CAT",
            "When the order was placed with your coupon CAT, on 10 March 2026, 12:00 UTC, you had not accepted the "
            "agreement yet. clause 3.6",
            coupon="CAT"),
    nobodys("a coupon before the application was decided", "DAN",
            "When the order was placed with your coupon DAN, on 10 March 2026, 12:00 UTC, your application had not been "
            "decided yet. clause 3.6",
            coupon="DAN", before=(lambda p: p.apply("DAN", "02-01"),)),
    nobodys("a coupon after the application was rejected", "DAN",
            "When the order was placed with your coupon DAN, on 10 March 2026, 12:00 UTC, your application had been "
            "rejected. clause 3.6",
            coupon="DAN", before=(lambda p: p.apply("DAN", "02-01"), lambda p: p.reject("DAN", THEN))),
    nobodys("a coupon before the application", "DAN",
            "When the order was placed with your coupon DAN, on 20 January 2026, 12:00 UTC, you did not take part yet. "
            "clause 3.6",
            coupon="DAN", placed=at("01-20T12:00"), before=(lambda p: p.apply("DAN", "02-01"),)),
    nobodys("a coupon before an acceptance on paper was recorded", "CAT",
            "When the order was placed with your coupon CAT, on 10 March 2026, 12:00 UTC, you were not active, by what "
            "was recorded when the shop reported the order. clause 3.6",
            coupon="CAT", after=(lambda p: p.accept("CAT", "1", "03-01", recorded="03-20"),)),
    nobodys("only a version accepted that is not in effect yet", "CAT",
            "When the order was placed, on 10 March 2026, 12:00 UTC, no version of the agreement that you had accepted was "
            "in effect. clause 9.3",
            coupon="CAT", before=(lambda p: p.worse("03-20"), lambda p: p.accept("CAT", "2", "03-01"))),
    nobodys("a coupon while paused for a new version", "ANN",
            "When the order was placed with your coupon ANN, on 10 March 2026, 12:00 UTC, your links and coupons were "
            "paused: version 2 of the agreement had taken effect on 9 March 2026, 00:00 UTC, and you had not accepted it. "
            "clause 9.4",
            coupon="ANN", before=(lambda p: p.worse("03-09"),)),
    nobodys("a click while paused for a new version", "BEN",
            "When the customer clicked on your link “Ben's page”, on 9 March 2026, 06:00 UTC, your links and coupons were "
            "paused: version 2 of the agreement had taken effect on 9 March 2026, 00:00 UTC, and you had not accepted it. "
            "clause 9.4",
            click=click("BEN", "03-09T06:00"),
            before=(lambda p: p.worse("03-09"), lambda p: p.accept("BEN", "2", "03-10"))),
    nobodys("a coupon while paused, until an acceptance on paper was recorded", "ANN",
            "When the order was placed with your coupon ANN, on 10 March 2026, 12:00 UTC, you had not accepted the new "
            "version, by what was recorded when the shop reported the order. clause 9.4",
            coupon="ANN", before=(lambda p: p.worse("03-09"),),
            after=(lambda p: p.accept("ANN", "2", "03-08", recorded="03-20"),)),
    nobodys("an order after an end for breach", "BEN",
            "Your agreement was ended for breach on 9 March 2026, 12:00 UTC. The order was placed after that, on 10 March "
            "2026, 12:00 UTC. clause 10.3",
            click=click("BEN", "03-09T11:00"), before=(lambda p: p.end("BEN", THEN, breach=True),)),
    nobodys("a click after the end of the program", "BEN",
            "When the customer clicked on your link “Ben's page”, on 10 March 2026, 11:00 UTC, the program had ended. Its "
            "end was on 9 March 2026, 12:00 UTC. clause 11.1",
            click=click("BEN", "03-10T11:00"), before=(lambda p: p.end_program(THEN),)),
    nobodys("a coupon after the end of the program", "ANN",
            "When the order was placed with your coupon ANN, on 10 March 2026, 12:00 UTC, the program had ended. Its end "
            "was on 9 March 2026, 12:00 UTC. clause 11.1",
            coupon="ANN", before=(lambda p: p.end_program(THEN),)),
]  # fmt: skip

NOT_GENUINE = (
    "It names a click on your link “Ben's page” with a click id that is not genuine: it was changed or made up, or the key "
    "that signed it was withdrawn. clause 3.3"
)
UNBOUND = (lambda p: p.unbind("ANN", "03-01"),)
WENT_TO_BEN = (*UNBOUND, lambda p: p.bind("BEN", "ANN", "03-01", when="03-01"))
HAD = "Your coupon ANN was bound to you until 1 March 2026, 00:00 UTC."
WINDOW = "The window is 3 days. clause 3.2"
COMES_FIRST = (
    "It names a click on your link “Ben's page” and a coupon of another affiliate: a bound coupon comes first. "
    "clause 3.5"
)

NAMED_IN_VAIN = [
    nobodys("a receipt that was altered", "BEN", NOT_GENUINE, click=altered("BEN", "03-10T11:00", 75)),
    nobodys("a receipt under a key that is not ours", "BEN", NOT_GENUINE, click=signed_with("x", "BEN", "03-10T11:00")),
    nobodys("a coupon that was unbound before", "ANN",
            f"{HAD} The order was placed on 10 March 2026, 12:00 UTC. clause 3.4", coupon="ANN", before=UNBOUND),
    nobodys("a coupon that another has since", "ANN",
            f"{HAD} The order was placed after that. clause 3.4", coupon="ANN", before=WENT_TO_BEN),
    nobodys("a coupon that was bound only later", "ANN",
            "Your coupon SPRING is bound to you since 20 March 2026, 00:00 UTC. The order was placed on 10 March 2026, "
            "12:00 UTC. clause 3.4",
            coupon="spring", before=(lambda p: p.bind("ANN", "SPRING", "03-20"),)),
    nobodys("a coupon that another had then", "BEN",
            "Your coupon ANN is bound to you since 20 March 2026, 00:00 UTC. The order was placed before that. clause 3.4",
            coupon="ANN",
            after=(lambda p: p.unbind("ANN", "03-20"), lambda p: p.bind("BEN", "ANN", "03-20", when="03-20"))),
    nobodys("a coupon without a date of one who has accepted nothing", "CAT",
            "Your coupon SPRING counts from your first acceptance of the agreement on, and there is none. clause 3.4",
            coupon="SPRING", before=(lambda p: p.bind("CAT", "SPRING", None),)),
    nobodys("a click beside a coupon of another", "BEN", COMES_FIRST, coupon="ANN", click=click("BEN", "03-10T11:00")),
    nobodys("a click beside a coupon of another for whom it does not count either", "BEN", COMES_FIRST,
            coupon="ANN", click=click("BEN", "03-10T11:00"), before=(lambda p: p.suspend("ANN", THEN),)),
    nobodys("an old click beside a coupon of another", "BEN", COMES_FIRST, coupon="ANN", click=click("BEN", "02-10")),
    nobodys("a coupon that was dated back once the order was known", "ANN",
            "It names your coupon SPRING. But this was recorded, with an earlier date, only after the shop had reported the "
            "order. It is decided anew when the shop reports the order again. clause 3.7",
            coupon="SPRING", after=(lambda p: p.bind("ANN", "SPRING", "03-01", when="03-20"),)),
    nobodys("a coupon that only an earlier report named", "ANN",
            "An earlier report of the shop named your coupon ANN. The newest report does not, and the newest counts. "
            "clause 3.7",
            coupon="ANN", after=(news(),)),
    nobodys("a coupon that a later report replaced by another's", "ANN",
            "An earlier report of the shop named your coupon ANN. The newest report does not, and the newest counts. "
            "clause 3.7",
            coupon="ANN", after=(news(coupon="BEN"),)),
    nobodys("a click that only an earlier report named", "BEN",
            "An earlier report of the shop named a click on your link “Ben's page”. The newest report does not, and the "
            "newest counts. clause 3.7",
            click=click("BEN", "03-10T11:00"), after=(news(),)),
    nobodys("a coupon that is news once a close has settled the order", "ANN", f"It names your coupon ANN. {FROZEN}",
            coupon="BEN", after=(settled, news("05-10", coupon="ANN"))),
    nobodys("a click that is news once a close has settled the order", "ANN",
            f"It names a click on your link “Ann's page”. {FROZEN}",
            click=click("BEN", "03-10T11:00"), after=(settled, news("05-10", click=click("ANN", "03-10T11:00")))),
    Question("a coupon of before and an old click at once", "ANN", (
             f"{HAD} The order was placed on 10 March 2026, 12:00 UTC. clause 3.4",
             f"The customer clicked on your link “Ann's page” on 5 March 2026, 12:00 UTC, 5 days before the order. {WINDOW}"),
             coupon="ANN", click=click("ANN", "03-05T12:00"), before=UNBOUND),
]  # fmt: skip

STAYS = (
    "A monthly close has settled a line of it, so it stays yours, whatever coupon or click later news of it names. "
    "clause 3.8"
)
BY_COUPON = "It names your coupon ANN, which was bound to you when the order was placed. clause 3.5"

WON = [
    Question("a coupon", "ANN", (BY_COUPON,), coupon="ann"),
    Question("a coupon and a click of the same", "ANN", (BY_COUPON,), coupon="ANN", click=click("ANN", "03-10T11:00")),
    Question("a click", "BEN", (
             f"{CLICKED} 10 March 2026, 11:00 UTC, 1 hour before the order. The window is 3 days. clause 3.2",),
             click=click("BEN", "03-10T11:00")),
    Question("a click in the instant of the order", "BEN", (
             f"{CLICKED} 10 March 2026, 12:00 UTC, less than a second before the order. The window is 3 days. clause 3.2",),
             click=click("BEN", "03-10T12:00")),
    Question("a coupon that a close has settled", "ANN", (BY_COUPON, STAYS), coupon="ANN", after=(settled,)),
    Question("a coupon that a close has settled, before a report that names another's", "ANN", (BY_COUPON, STAYS),
             coupon="ANN", after=(settled, news("05-10", coupon="BEN"))),
]  # fmt: skip

QUESTIONS = [*JUDGED, *NAMED_IN_VAIN, *WON]
