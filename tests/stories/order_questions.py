"""What affiliates ask about orders, and the answer that they must read: word for word, with its clause.

Ann, Ben and Cat are those of `tests.stories.attribution_program`; orders are placed on 10 Mar 2026 at noon unless a story says
otherwise, and reported right then.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from tests.scenarios import close_months
from tests.stories.attribution_program import (
    TICK,
    ClickId,
    ScriptedProgram,
    alter_click_id,
    parse_2026,
    sign_click,
    sign_with_key,
)

NOON = parse_2026("03-10T12:00")
DAY_BEFORE = "03-09T12:00"
Step = Callable[[ScriptedProgram], object]


class OrderQuestion(NamedTuple):
    """Who asks about which order, and the paragraphs that answer. `after` is what happens once it was reported."""

    title: str
    asker: str
    answer: tuple[str, ...]
    coupon: str | None = None
    click: ClickId | None = None
    placed: Any = NOON
    before: tuple[Step, ...] = ()
    after: tuple[Step, ...] = ()


def report_again(when: str = "03-11", **named: ClickId | str | None) -> Step:
    """The shop reports the order again, and names what is given, or nothing."""

    def report(program: ScriptedProgram) -> None:
        who = named.get("click")
        found = {"coupon": named.get("coupon"), "click": who(program) if callable(who) else None}
        program.sell("A1", NOON, reported_again=when, **program.order_facts | found)

    return report


def settle(program: ScriptedProgram) -> None:
    """The order is completed on the next day, and validated 30 days later: the close of April settles it."""
    close_months("2026-03", "2026-04")


def not_credited(title: str, asker: str, answer: str, **facts: Any) -> OrderQuestion:
    return OrderQuestion(title, asker, (answer,), **facts)


CLICK_TEXT = "The customer clicked on your link “Ben's page” on"
FROZEN_TEXT = (
    "But a monthly close had settled a line of it before the shop said so: it stays with whoever had it. clause 3.8"
)

REJECTED_CLAIMS = [
    not_credited("a click of 4 days 2 hours before", "BEN",
            f"{CLICK_TEXT} 6 Mar 2026, 10:00 UTC, 4 days 2 hours before the order. The window is 3 days. clause 3.2",
            click=sign_click("BEN", "03-06T10:00")),
    not_credited("a click a microsecond too early", "BEN",
            f"{CLICK_TEXT} 7 Mar 2026, 12:00 UTC, 3 days and less than a second before the order. The window is 3 days. "
            "clause 3.2",
            click=sign_click("BEN", "03-07T12:00"), placed=NOON + TICK),
    not_credited("a click 40 seconds too early", "BEN",
            f"{CLICK_TEXT} 7 Mar 2026, 11:59 UTC, 3 days and 40 seconds before the order. The window is 3 days. clause 3.2",
            click=sign_click("BEN", "03-07T11:59:20")),
    not_credited("a click after the order", "BEN",
            "The click on your link “Ben's page” was on 10 Mar 2026, 12:01 UTC, 1 minute 30 seconds after the order was "
            "placed. Only a click before the order counts. clause 3.3",
            click=sign_click("BEN", "03-10T12:01:30")),
    not_credited("a coupon while suspended", "ANN",
            "When the order was placed with your coupon ANN, on 10 Mar 2026, 12:00 UTC, you had been suspended since "
            "9 Mar 2026, 12:00 UTC. clause 3.6",
            coupon="ann", before=(lambda p: p.suspend("ANN", DAY_BEFORE),)),
    not_credited("a click while suspended", "BEN",
            "When the customer clicked on your link “Ben's page”, on 9 Mar 2026, 13:00 UTC, you had been suspended since "
            "9 Mar 2026, 12:00 UTC. clause 3.6",
            click=sign_click("BEN", "03-09T13:00"),
            before=(lambda p: p.suspend("BEN", DAY_BEFORE), lambda p: p.reinstate("BEN", "03-10"))),
    not_credited("a coupon while leaving", "ANN",
            "When the order was placed with your coupon ANN, on 10 Mar 2026, 12:00 UTC, you had been leaving the program "
            "since 9 Mar 2026, 12:00 UTC. clause 3.6",
            coupon="ANN", before=(lambda p: p.leave("ANN", DAY_BEFORE),)),
    not_credited("a coupon after the end", "ANN",
            "When the order was placed with your coupon ANN, on 10 Mar 2026, 12:00 UTC, your participation had ended. "
            "Its end was on 9 Mar 2026, 12:00 UTC. clause 3.6",
            coupon="ANN", before=(lambda p: p.terminate("ANN", DAY_BEFORE),)),
    not_credited("a coupon before the agreement was accepted", "CAT",
            "When the order was placed with your coupon CAT, on 10 Mar 2026, 12:00 UTC, you had not accepted the "
            "agreement yet. clause 3.6",
            coupon="CAT"),
    not_credited("a coupon before the application was decided", "DAN",
            "When the order was placed with your coupon DAN, on 10 Mar 2026, 12:00 UTC, your application had not been "
            "decided yet. clause 3.6",
            coupon="DAN", before=(lambda p: p.apply("DAN", "02-01"),)),
    not_credited("a coupon after the application was rejected", "DAN",
            "When the order was placed with your coupon DAN, on 10 Mar 2026, 12:00 UTC, your application had been "
            "rejected. clause 3.6",
            coupon="DAN", before=(lambda p: p.apply("DAN", "02-01"), lambda p: p.reject("DAN", DAY_BEFORE))),
    not_credited("a coupon before the application", "DAN",
            "When the order was placed with your coupon DAN, on 20 Jan 2026, 12:00 UTC, you did not take part yet. "
            "clause 3.6",
            coupon="DAN", placed=parse_2026("01-20T12:00"), before=(lambda p: p.apply("DAN", "02-01"),)),
    not_credited("a coupon before an acceptance on paper was recorded", "CAT",
            "When the order was placed with your coupon CAT, on 10 Mar 2026, 12:00 UTC, you were not active, by what "
            "was recorded when the shop reported the order. clause 3.6",
            coupon="CAT", after=(lambda p: p.accept("CAT", "1", "03-01", recorded="03-20"),)),
    not_credited("only a version accepted that is not in effect yet", "CAT",
            "When the order was placed, on 10 Mar 2026, 12:00 UTC, no version of the agreement that you had accepted was "
            "in effect. clause 9.3",
            coupon="CAT", before=(lambda p: p.publish_lower_rate("03-20"), lambda p: p.accept("CAT", "2", "03-01"))),
    not_credited("a coupon while paused for a new version", "ANN",
            "When the order was placed with your coupon ANN, on 10 Mar 2026, 12:00 UTC, your links and coupons were "
            "paused: version 2 of the agreement had taken effect on 9 Mar 2026, 00:00 UTC, and you had not accepted it. "
            "clause 9.4",
            coupon="ANN", before=(lambda p: p.publish_lower_rate("03-09"),)),
    not_credited("a click while paused for a new version", "BEN",
            "When the customer clicked on your link “Ben's page”, on 9 Mar 2026, 06:00 UTC, your links and coupons were "
            "paused: version 2 of the agreement had taken effect on 9 Mar 2026, 00:00 UTC, and you had not accepted it. "
            "clause 9.4",
            click=sign_click("BEN", "03-09T06:00"),
            before=(lambda p: p.publish_lower_rate("03-09"), lambda p: p.accept("BEN", "2", "03-10"))),
    not_credited("a coupon while paused, until an acceptance on paper was recorded", "ANN",
            "When the order was placed with your coupon ANN, on 10 Mar 2026, 12:00 UTC, you had not accepted the new "
            "version, by what was recorded when the shop reported the order. clause 9.4",
            coupon="ANN", before=(lambda p: p.publish_lower_rate("03-09"),),
            after=(lambda p: p.accept("ANN", "2", "03-08", recorded="03-20"),)),
    not_credited("an order after an end for breach", "BEN",
            "Your agreement was ended for breach on 9 Mar 2026, 12:00 UTC. The order was placed after that, on 10 Mar "
            "2026, 12:00 UTC. clause 10.3",
            click=sign_click("BEN", "03-09T11:00"), before=(lambda p: p.terminate("BEN", DAY_BEFORE, breach=True),)),
    not_credited("a click after the end of the program", "BEN",
            "When the customer clicked on your link “Ben's page”, on 10 Mar 2026, 11:00 UTC, the program had ended. Its "
            "end was on 9 Mar 2026, 12:00 UTC. clause 11.1",
            click=sign_click("BEN", "03-10T11:00"), before=(lambda p: p.end_program(DAY_BEFORE),)),
    not_credited("a coupon after the end of the program", "ANN",
            "When the order was placed with your coupon ANN, on 10 Mar 2026, 12:00 UTC, the program had ended. Its end "
            "was on 9 Mar 2026, 12:00 UTC. clause 11.1",
            coupon="ANN", before=(lambda p: p.end_program(DAY_BEFORE),)),
]  # fmt: skip

NOT_GENUINE_TEXT = (
    "It names a click on your link “Ben's page” with a click id that is not genuine: it was changed or made up, or the key "
    "that signed it was withdrawn. clause 3.3"
)
UNASSIGNED = (lambda p: p.unbind("ANN", "03-01"),)
REASSIGNED = (*UNASSIGNED, lambda p: p.bind("BEN", "ANN", "03-01", when="03-01"))
UNASSIGNED_TEXT = "Your coupon ANN was bound to you until 1 Mar 2026, 00:00 UTC."
WINDOW_TEXT = "The window is 3 days. clause 3.2"
COUPON_FIRST_TEXT = (
    "It names a click on your link “Ben's page” and a coupon of another affiliate: a bound coupon comes first. "
    "clause 3.5"
)

INVALID_CLAIMS = [
    not_credited("a receipt that was altered", "BEN", NOT_GENUINE_TEXT, click=alter_click_id("BEN", "03-10T11:00", 75)),
    not_credited("a receipt under a key that is not ours", "BEN", NOT_GENUINE_TEXT, click=sign_with_key("x", "BEN", "03-10T11:00")),
    not_credited("a coupon that was unbound before", "ANN",
            f"{UNASSIGNED_TEXT} The order was placed on 10 Mar 2026, 12:00 UTC. clause 3.4", coupon="ANN", before=UNASSIGNED),
    not_credited("a coupon that another has since", "ANN",
            f"{UNASSIGNED_TEXT} The order was placed after that. clause 3.4", coupon="ANN", before=REASSIGNED),
    not_credited("a coupon that was bound only later", "ANN",
            "Your coupon SPRING is bound to you since 20 Mar 2026, 00:00 UTC. The order was placed on 10 Mar 2026, "
            "12:00 UTC. clause 3.4",
            coupon="spring", before=(lambda p: p.bind("ANN", "SPRING", "03-20"),)),
    not_credited("a coupon that another had then", "BEN",
            "Your coupon ANN is bound to you since 20 Mar 2026, 00:00 UTC. The order was placed before that. clause 3.4",
            coupon="ANN",
            after=(lambda p: p.unbind("ANN", "03-20"), lambda p: p.bind("BEN", "ANN", "03-20", when="03-20"))),
    not_credited("a coupon without a date of one who has accepted nothing", "CAT",
            "Your coupon SPRING counts from your first acceptance of the agreement on, and there is none. clause 3.4",
            coupon="SPRING", before=(lambda p: p.bind("CAT", "SPRING", None),)),
    not_credited("a click beside a coupon of another", "BEN", COUPON_FIRST_TEXT, coupon="ANN", click=sign_click("BEN", "03-10T11:00")),
    not_credited("a click beside a coupon of another for whom it does not count either", "BEN", COUPON_FIRST_TEXT,
            coupon="ANN", click=sign_click("BEN", "03-10T11:00"), before=(lambda p: p.suspend("ANN", DAY_BEFORE),)),
    not_credited("an old click beside a coupon of another", "BEN", COUPON_FIRST_TEXT, coupon="ANN", click=sign_click("BEN", "02-10")),
    not_credited("a coupon that was dated back once the order was known", "ANN",
            "It names your coupon SPRING. But this was recorded, with an earlier date, only after the shop had reported the "
            "order. It is decided anew when the shop reports the order again. clause 3.7",
            coupon="SPRING", after=(lambda p: p.bind("ANN", "SPRING", "03-01", when="03-20"),)),
    not_credited("a coupon that only an earlier report named", "ANN",
            "An earlier report of the shop named your coupon ANN. The newest report does not, and the newest counts. "
            "clause 3.7",
            coupon="ANN", after=(report_again(),)),
    not_credited("a coupon that a later report replaced by another's", "ANN",
            "An earlier report of the shop named your coupon ANN. The newest report does not, and the newest counts. "
            "clause 3.7",
            coupon="ANN", after=(report_again(coupon="BEN"),)),
    not_credited("a click that only an earlier report named", "BEN",
            "An earlier report of the shop named a click on your link “Ben's page”. The newest report does not, and the "
            "newest counts. clause 3.7",
            click=sign_click("BEN", "03-10T11:00"), after=(report_again(),)),
    not_credited("a coupon that is news once a close has settled the order", "ANN", f"It names your coupon ANN. {FROZEN_TEXT}",
            coupon="BEN", after=(settle, report_again("05-10", coupon="ANN"))),
    not_credited("a click that is news once a close has settled the order", "ANN",
            f"It names a click on your link “Ann's page”. {FROZEN_TEXT}",
            click=sign_click("BEN", "03-10T11:00"), after=(settle, report_again("05-10", click=sign_click("ANN", "03-10T11:00")))),
    OrderQuestion("a coupon of before and an old click at once", "ANN", (
             f"{UNASSIGNED_TEXT} The order was placed on 10 Mar 2026, 12:00 UTC. clause 3.4",
             f"The customer clicked on your link “Ann's page” on 5 Mar 2026, 12:00 UTC, 5 days before the order. {WINDOW_TEXT}"),
             coupon="ANN", click=sign_click("ANN", "03-05T12:00"), before=UNASSIGNED),
]  # fmt: skip

FROZEN_WON_TEXT = (
    "A monthly close has settled a line of it, so it stays yours, whatever coupon or click later news of it names. "
    "clause 3.8"
)
COUPON_TEXT = "It names your coupon ANN, which was bound to you when the order was placed. clause 3.5"

CREDITED = [
    OrderQuestion("a coupon", "ANN", (COUPON_TEXT,), coupon="ann"),
    OrderQuestion("a coupon and a click of the same", "ANN", (COUPON_TEXT,), coupon="ANN", click=sign_click("ANN", "03-10T11:00")),
    OrderQuestion("a click", "BEN", (
             f"{CLICK_TEXT} 10 Mar 2026, 11:00 UTC, 1 hour before the order. The window is 3 days. clause 3.2",),
             click=sign_click("BEN", "03-10T11:00")),
    OrderQuestion("a click in the instant of the order", "BEN", (
             f"{CLICK_TEXT} 10 Mar 2026, 12:00 UTC, less than a second before the order. The window is 3 days. clause 3.2",),
             click=sign_click("BEN", "03-10T12:00")),
    OrderQuestion("a coupon that a close has settled", "ANN", (COUPON_TEXT, FROZEN_WON_TEXT), coupon="ANN", after=(settle,)),
    OrderQuestion("a coupon that a close has settled, before a report that names another's", "ANN", (COUPON_TEXT, FROZEN_WON_TEXT),
             coupon="ANN", after=(settle, report_again("05-10", coupon="BEN"))),
]  # fmt: skip

QUESTIONS = [*REJECTED_CLAIMS, *INVALID_CLAIMS, *CREDITED]
