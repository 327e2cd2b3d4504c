"""Orders that affiliates look up, and the exact explanation that they must see, with its clause.

Ann, Ben and Cat are those of `tests.stories.attribution_program`. Orders are placed and reported on 10 Mar 2026 at
noon unless a question says otherwise.
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
    """Who looks up which order, and the expected paragraphs. `after` are events after the order was reported."""

    title: str
    asker: str
    answer: tuple[str, ...]
    coupon: str | None = None
    coupons: tuple[str, ...] = ()
    click: ClickId | None = None
    placed: Any = NOON
    before: tuple[Step, ...] = ()
    after: tuple[Step, ...] = ()


def report_again(when: str = "03-11", **named: ClickId | str | None) -> Step:
    """Report the order again with the given coupon or click, or with neither."""

    def report(program: ScriptedProgram) -> None:
        click = named.get("click")
        references = {"coupon": named.get("coupon"), "click": click(program) if callable(click) else None}
        program.sell("A1", NOON, reported_again=when, **program.order_facts | references)

    return report


def settle(program: ScriptedProgram) -> None:
    """Close March and April: the close of April settles the order, which was validated 30 days after completion."""
    close_months("2026-03", "2026-04")


def not_credited(title: str, asker: str, answer: str, **facts: Any) -> OrderQuestion:
    return OrderQuestion(title, asker, (answer,), **facts)


CLICK_TEXT = "The customer clicked your link “Ben's page” on"
WINDOW_TEXT = "By version 1 of the agreement, which applied at the click, the attribution window is 3 days. clause 3.2"
FROZEN_TEXT = (
    "But part of the order was already on a monthly statement when the shop reported this, so it can no longer be "
    "credited to anyone else. clause 3.8"
)

REJECTED_CLAIMS = [
    not_credited("a click 4 days 2 hours before", "BEN",
            f"{CLICK_TEXT} 6 Mar 2026, 10:00 UTC, 4 days 2 hours before the order. {WINDOW_TEXT}",
            click=sign_click("BEN", "03-06T10:00")),
    not_credited("a click a microsecond too early", "BEN",
            f"{CLICK_TEXT} 7 Mar 2026, 12:00 UTC, 3 days and less than a second before the order. "
            f"{WINDOW_TEXT}",
            click=sign_click("BEN", "03-07T12:00"), placed=NOON + TICK),
    not_credited("a click 40 seconds too early", "BEN",
            f"{CLICK_TEXT} 7 Mar 2026, 11:59 UTC, 3 days and 40 seconds before the order. {WINDOW_TEXT}",
            click=sign_click("BEN", "03-07T11:59:20")),
    not_credited("a click under version 1, the order under version 2 with 5 days", "BEN",
            f"{CLICK_TEXT} 6 Mar 2026, 10:00 UTC, 4 days 2 hours before the order. {WINDOW_TEXT}",
            click=sign_click("BEN", "03-06T10:00"), before=(lambda p: p.publish("03-08", attribution_days=5),)),
    not_credited("a click after the order", "BEN",
            "The click on your link “Ben's page” was on 10 Mar 2026, 12:01 UTC, 1 minute 30 seconds after the order "
            "was placed. Only a click before the order counts. clause 3.3",
            click=sign_click("BEN", "03-10T12:01:30")),
    not_credited("a coupon while suspended", "ANN",
            "When the order was placed with your coupon ANN on 10 Mar 2026, 12:00 UTC, you had been suspended since "
            "9 Mar 2026, 12:00 UTC. clause 3.6",
            coupon="ann", before=(lambda p: p.suspend("ANN", DAY_BEFORE),)),
    not_credited("a click while suspended", "BEN",
            "When the customer clicked your link “Ben's page” on 9 Mar 2026, 13:00 UTC, you had been suspended since "
            "9 Mar 2026, 12:00 UTC. clause 3.6",
            click=sign_click("BEN", "03-09T13:00"),
            before=(lambda p: p.suspend("BEN", DAY_BEFORE), lambda p: p.reinstate("BEN", "03-10"))),
    not_credited("a coupon while leaving", "ANN",
            "When the order was placed with your coupon ANN on 10 Mar 2026, 12:00 UTC, you had been leaving the "
            "program since 9 Mar 2026, 12:00 UTC. clause 3.6",
            coupon="ANN", before=(lambda p: p.leave("ANN", DAY_BEFORE),)),
    not_credited("a coupon after termination", "ANN",
            "Your coupon ANN was assigned to you until 9 Mar 2026, 12:00 UTC. The order was placed on 10 Mar 2026, "
            "12:00 UTC. clause 3.4",
            coupon="ANN", before=(lambda p: p.terminate("ANN", DAY_BEFORE),)),
    not_credited("a click after termination", "BEN",
            "When the customer clicked your link “Ben's page” on 9 Mar 2026, 13:00 UTC, your participation in the "
            "program had already ended, on 9 Mar 2026, 12:00 UTC. clause 3.6",
            click=sign_click("BEN", "03-09T13:00"), before=(lambda p: p.terminate("BEN", DAY_BEFORE),)),
    not_credited("a coupon before the agreement was accepted", "CAT",
            "When the order was placed with your coupon CAT on 10 Mar 2026, 12:00 UTC, you had not accepted the "
            "agreement yet. clause 3.6",
            coupon="CAT"),
    not_credited("a coupon before the application was decided", "DAN",
            "When the order was placed with your coupon DAN on 10 Mar 2026, 12:00 UTC, your application had not been "
            "decided yet. clause 3.6",
            coupon="DAN", before=(lambda p: p.apply("DAN", "02-01"),)),
    not_credited("a coupon after the application was rejected", "DAN",
            "When the order was placed with your coupon DAN on 10 Mar 2026, 12:00 UTC, your application had been "
            "rejected. clause 3.6",
            coupon="DAN", before=(lambda p: p.apply("DAN", "02-01"), lambda p: p.reject("DAN", DAY_BEFORE))),
    not_credited("a coupon before the application", "DAN",
            "When the order was placed with your coupon DAN on 20 Jan 2026, 12:00 UTC, you were not in the "
            "program yet. clause 3.6",
            coupon="DAN", placed=parse_2026("01-20T12:00"), before=(lambda p: p.apply("DAN", "02-01"),)),
    not_credited("a coupon before an acceptance on paper was recorded", "CAT",
            "When the order was placed with your coupon CAT on 10 Mar 2026, 12:00 UTC, you were not active, "
            "according to our records when the shop reported the order. clause 3.6",
            coupon="CAT", after=(lambda p: p.accept("CAT", "1", "03-01", recorded="03-20"),)),
    not_credited("only a future version accepted", "CAT",
            "When the order was placed, on 10 Mar 2026, 12:00 UTC, no version of the agreement that you had "
            "accepted was in effect. clause 9.3",
            coupon="CAT", before=(lambda p: p.publish_lower_rate("03-20"), lambda p: p.accept("CAT", "2", "03-01"))),
    not_credited("a coupon while paused for a new version", "ANN",
            "When the order was placed with your coupon ANN on 10 Mar 2026, 12:00 UTC, your links and coupons were "
            "paused: version 2 of the agreement had taken effect on 9 Mar 2026, 00:00 UTC, and you had not accepted "
            "it. clause 9.4",
            coupon="ANN", before=(lambda p: p.publish_lower_rate("03-09"),)),
    not_credited("a click while paused for a new version", "BEN",
            "When the customer clicked your link “Ben's page” on 9 Mar 2026, 06:00 UTC, your links and coupons were "
            "paused: version 2 of the agreement had taken effect on 9 Mar 2026, 00:00 UTC, and you had not accepted "
            "it. clause 9.4",
            click=sign_click("BEN", "03-09T06:00"),
            before=(lambda p: p.publish_lower_rate("03-09"), lambda p: p.accept("BEN", "2", "03-10"))),
    not_credited("a coupon while paused, until an acceptance on paper was recorded", "ANN",
            "When the order was placed with your coupon ANN on 10 Mar 2026, 12:00 UTC, you had not accepted the new "
            "version of the agreement, according to our records when the shop reported the order. clause 9.4",
            coupon="ANN", before=(lambda p: p.publish_lower_rate("03-09"),),
            after=(lambda p: p.accept("ANN", "2", "03-08", recorded="03-20"),)),
    not_credited("an order after termination for breach", "BEN",
            "Your agreement was terminated for breach on 9 Mar 2026, 12:00 UTC. The order was placed after that, on "
            "10 Mar 2026, 12:00 UTC. clause 10.3",
            click=sign_click("BEN", "03-09T11:00"), before=(lambda p: p.terminate("BEN", DAY_BEFORE, breach=True),)),
    not_credited("a click after the end of the program", "BEN",
            "When the customer clicked your link “Ben's page” on 10 Mar 2026, 11:00 UTC, the program had already "
            "ended, on 9 Mar 2026, 12:00 UTC. clause 11.1",
            click=sign_click("BEN", "03-10T11:00"), before=(lambda p: p.end_program(DAY_BEFORE),)),
    not_credited("a coupon after the end of the program", "ANN",
            "When the order was placed with your coupon ANN on 10 Mar 2026, 12:00 UTC, the program had already "
            "ended, on 9 Mar 2026, 12:00 UTC. clause 11.1",
            coupon="ANN", before=(lambda p: p.end_program(DAY_BEFORE),)),
]  # fmt: skip

NOT_GENUINE_TEXT = (
    "The order names a click on your link “Ben's page”, but the click ID is not valid: it was altered or made up, or "
    "its signing key was withdrawn. clause 3.3"
)
UNASSIGNED = (lambda p: p.unassign("ANN", "03-01"),)
REASSIGNED = (*UNASSIGNED, lambda p: p.assign("BEN", "ANN", "03-01", when="03-01"))
UNASSIGNED_TEXT = "Your coupon ANN was assigned to you until 1 Mar 2026, 00:00 UTC."
COUPON_FIRST_TEXT = (
    "The order names a click on your link “Ben's page” and a coupon of another affiliate. Coupons take precedence over "
    "clicks. clause 3.5"
)

INVALID_CLAIMS = [
    not_credited("an altered click id", "BEN", NOT_GENUINE_TEXT, click=alter_click_id("BEN", "03-10T11:00", 75)),
    not_credited("a click id signed with another key", "BEN", NOT_GENUINE_TEXT,
            click=sign_with_key("x", "BEN", "03-10T11:00")),
    not_credited("a coupon that was unassigned before", "ANN",
            f"{UNASSIGNED_TEXT} The order was placed on 10 Mar 2026, 12:00 UTC. clause 3.4", coupon="ANN",
            before=UNASSIGNED),
    not_credited("a coupon that was reassigned since", "ANN",
            f"{UNASSIGNED_TEXT} The order was placed after that. clause 3.4", coupon="ANN", before=REASSIGNED),
    not_credited("a coupon that was assigned later", "ANN",
            "Your coupon SPRING is assigned to you from 20 Mar 2026, 00:00 UTC. The order was placed on 10 Mar "
            "2026, 12:00 UTC. clause 3.4",
            coupon="spring", before=(lambda p: p.assign("ANN", "SPRING", "03-20"),)),
    not_credited("a coupon that another affiliate had then", "BEN",
            "Your coupon ANN is assigned to you from 20 Mar 2026, 00:00 UTC. The order was placed before that. "
            "clause 3.4",
            coupon="ANN",
            after=(lambda p: p.unassign("ANN", "03-20"), lambda p: p.assign("BEN", "ANN", "03-20", when="03-20"))),
    not_credited("an undated coupon without an acceptance", "CAT",
            "Your coupon SPRING counts once you accept the agreement. clause 3.4",
            coupon="SPRING", before=(lambda p: p.assign("CAT", "SPRING", None),)),
    not_credited("a coupon in spaces that was unassigned before", "ANN",
            f"{UNASSIGNED_TEXT} The order was placed on 10 Mar 2026, 12:00 UTC. The shop sent “ANN ”; it was read as ANN."
            " clause 3.4", coupon="ANN ", before=UNASSIGNED),
    not_credited("a coupon behind a coupon of another", "BEN",
            "The order names your coupon BEN. It names a coupon of another affiliate before it, and the first assigned"
            " coupon counts. clause 3.4", coupons=("UNKNOWN", "ANN", "BEN")),
    not_credited("a click beside a second coupon of another", "BEN", COUPON_FIRST_TEXT, coupons=("UNKNOWN", "ANN"),
            click=sign_click("BEN", "03-10T11:00")),
    not_credited("a click beside a coupon of another", "BEN", COUPON_FIRST_TEXT, coupon="ANN",
            click=sign_click("BEN", "03-10T11:00")),
    not_credited("a click beside a coupon of a suspended affiliate", "BEN", COUPON_FIRST_TEXT,
            coupon="ANN", click=sign_click("BEN", "03-10T11:00"), before=(lambda p: p.suspend("ANN", DAY_BEFORE),)),
    not_credited("an old click beside a coupon of another", "BEN", COUPON_FIRST_TEXT, coupon="ANN",
            click=sign_click("BEN", "02-10")),
    not_credited("a coupon that was backdated after the order", "ANN",
            "The order names your coupon SPRING. But this was recorded with an earlier date only after the shop had "
            "reported the order, so it did not count. The order is checked again when the shop next reports it. clause "
            "3.7",
            coupon="SPRING", after=(lambda p: p.assign("ANN", "SPRING", "03-01", when="03-20"),)),
    not_credited("a coupon in an earlier report only", "ANN",
            "An earlier report from the shop named your coupon ANN. The latest report does not, and the latest report "
            "counts. clause 3.7",
            coupon="ANN", after=(report_again(),)),
    not_credited("a coupon replaced in a later report", "ANN",
            "An earlier report from the shop named your coupon ANN. The latest report does not, and the latest report "
            "counts. clause 3.7",
            coupon="ANN", after=(report_again(coupon="BEN"),)),
    not_credited("a click in an earlier report only", "BEN",
            "An earlier report from the shop named a click on your link “Ben's page”. The latest report does not, and "
            "the latest report counts. clause 3.7",
            click=sign_click("BEN", "03-10T11:00"), after=(report_again(),)),
    not_credited("a coupon reported after a close settled the order", "ANN",
            f"The order names your coupon ANN. {FROZEN_TEXT}",
            coupon="BEN", after=(settle, report_again("05-10", coupon="ANN"))),
    not_credited("a click reported after a close settled the order", "ANN",
            f"The order names a click on your link “Ann's page”. {FROZEN_TEXT}",
            click=sign_click("BEN", "03-10T11:00"), after=(settle, report_again("05-10",
            click=sign_click("ANN", "03-10T11:00")))),
    OrderQuestion("a former coupon and an old click", "ANN", (
             f"{UNASSIGNED_TEXT} The order was placed on 10 Mar 2026, 12:00 UTC. clause 3.4",
             (f"The customer clicked your link “Ann's page” on 5 Mar 2026, 12:00 UTC, 5 days before the order. "
             f"{WINDOW_TEXT}")),
             coupon="ANN", click=sign_click("ANN", "03-05T12:00"), before=UNASSIGNED),
]  # fmt: skip

FROZEN_WON_TEXT = (
    "A monthly close has settled a line of this order, so it stays yours even if the shop later reports another "
    "coupon or click. clause 3.8"
)
COUPON_SENTENCE = "The order names your coupon ANN, which was assigned to you when the order was placed."
COUPON_TEXT = f"{COUPON_SENTENCE} clause 3.5"

CREDITED = [
    OrderQuestion("a coupon", "ANN", (COUPON_TEXT,), coupon="ann"),
    OrderQuestion("a coupon in spaces", "ANN", (
             f"{COUPON_SENTENCE} The shop sent “ ANN ”; it was read as ANN. clause 3.5",), coupon=" ANN "),
    OrderQuestion("a coupon with an invisible character", "ANN", (
             f"{COUPON_SENTENCE} The shop sent “an[U+200B]n”; it was read as ann. clause 3.5",), coupon="an\u200bn"),
    OrderQuestion("the first assigned of several coupons", "BEN", (
             ("The order names your coupon BEN, which was assigned to you when the order was placed. The shop sent “ BEN”;"
             " it was read as BEN. clause 3.5"),), coupons=("UNKNOWN", " BEN", "ANN ")),
    OrderQuestion("a coupon and a click of the same affiliate", "ANN", (COUPON_TEXT,), coupon="ANN",
             click=sign_click("ANN", "03-10T11:00")),
    OrderQuestion("a click", "BEN", (
             (f"{CLICK_TEXT} 10 Mar 2026, 11:00 UTC, 1 hour before the order. {WINDOW_TEXT}"),),
             click=sign_click("BEN", "03-10T11:00")),
    OrderQuestion("a click at the instant of the order", "BEN", (
             (f"{CLICK_TEXT} 10 Mar 2026, 12:00 UTC, less than a second before the order. {WINDOW_TEXT}"),),
             click=sign_click("BEN", "03-10T12:00")),
    OrderQuestion("a click under version 1, the order under version 2 with 1 day", "BEN", (
             (f"{CLICK_TEXT} 8 Mar 2026, 12:00 UTC, 2 days before the order. {WINDOW_TEXT}"),),
             click=sign_click("BEN", "03-08T12:00"),
             before=(lambda p: p.publish("03-09", attribution_days=1), lambda p: p.accept("BEN", "2", "03-01"))),
    OrderQuestion("a coupon settled by a close", "ANN", (COUPON_TEXT, FROZEN_WON_TEXT), coupon="ANN", after=(settle,)),
    OrderQuestion("a coupon settled by a close, then a report with another coupon", "ANN", (COUPON_TEXT,
             FROZEN_WON_TEXT),
             coupon="ANN", after=(settle, report_again("05-10", coupon="BEN"))),
]  # fmt: skip

QUESTIONS = [*REJECTED_CLAIMS, *INVALID_CLAIMS, *CREDITED]
