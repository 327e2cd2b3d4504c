"""What is agreed, who takes part, and the clock.

Each step is done by the product's verb and in the books, or refused by the one and not done in the other.
"""

from datetime import timedelta

from hypothesis import strategies as st

from affiliates import standing
from affiliates.models import State
from agreements import accepting, publishing
from agreements.models import Agreement
from compliance.offboarding import suspension, termination
from payouts.commissions import holds
from payouts.payout_details import details
from tests.lives.life import (
    CHANGES,
    SOURCES,
    WHICH,
    WHO,
    Life,
    step,
    version,
)


class Terms(Life):
    """What is agreed, who takes part, and the clock."""

    @step(
        2,
        when=lambda life: len(life.books.versions) <= life.new_versions,
        name=st.sampled_from(list(CHANGES)),
        days=st.sampled_from([0, 3, 14, 20]),
    )
    def change_rates(self, name, days):
        if name in [known.name for known in self.books.versions]:
            return
        after = self.books.versions[-1].effective_at + timedelta(seconds=1)
        wait = max(days, 14) if name == "lowered" else days
        effective_at = max(self.now, after) + timedelta(days=wait)
        draft = Agreement.objects.get(name=name)
        published = publishing.publish(agreement=draft, effective_at=effective_at, now=self.now, by=None)
        self.books.versions.append(version(name, *CHANGES[name], effective_at))
        assert published.detriment == self.books.versions[-1].detriment

    @step(1, when=lambda life: len(life.books.versions) > 1, who=WHO, which=WHICH)
    def accept(self, who, which):
        person, version = self.books.people[who], self.one(self.books.versions[1:], which)
        if person.state == "active" and version.name not in person.accepted:
            accepting.record_offline(
                affiliate=self.affiliate(who),
                agreement=Agreement.objects.get(name=version.name),
                accepted_at=self.now,
                evidence="signed",
                now=self.now,
                by=None,
            )
            person.accepted[version.name] = self.now

    @step(1, days=st.sampled_from([1, 6, 15, 31]))
    def let_time_go_by(self, days):
        self.now += timedelta(days=days)
        self._end_notices()

    def _end_notices(self):
        over = [p for p in self.books.people.values() if p.state == "leaving" and p.notice_is_over(self.now)]
        for person in over:
            person.history.append((person.notice_ends_at or self.now, "terminated"))
        if over:
            assert termination.carry_out(now=self.now).left == len(over)

    @step(1, who=WHO)
    def suspend(self, who):
        if self.books.people[who].state == "active":
            suspension.suspend(affiliate=self.affiliate(who), reason="A test.", now=self.now, by=None)
            self.books.people[who].history.append((self.now, "suspended"))

    @step(2, when=lambda life: [p for p in life.books.people.values() if p.state == "suspended"], which=WHICH)
    def reinstate(self, which):
        person = self.one([p for p in self.books.people.values() if p.state == "suspended"], which)
        suspension.reinstate(affiliate=self.affiliate(person.code), reason="A test.", now=self.now, by=None)
        person.history.append((self.now, "active"))

    @step(
        1,
        when=lambda life: all(p.state in ("active", "suspended") for p in life.books.people.values()),
        who=WHO,
        breach=st.booleans(),
    )
    def terminate(self, who, breach):
        person, affiliate = self.books.people[who], self.affiliate(who)
        if breach:
            standing.move(affiliate=affiliate, to=State.TERMINATED, now=self.now, by=None, breach=True)
            person.history.append((self.now, "terminated"))
        else:
            termination.leave(affiliate=affiliate, now=self.now, by=None)
            person.history.append((self.now, "leaving"))
            person.notice_ends_at = self.now + timedelta(days=30)

    @step(1, who=WHO, source=SOURCES)
    def hold_payouts(self, who, source):
        holds.hold_payouts(affiliate=self.affiliate(who), source=source, reason="A test.", now=self.now, by=None)
        self.books.people[who].holds.add(source)

    @step(2, when=lambda life: [p for p in life.books.people.values() if p.holds], which=WHICH, source=SOURCES)
    def release_payouts(self, which, source):
        person = self.one([p for p in self.books.people.values() if p.holds], which)
        ended = holds.release_payouts(affiliate=self.affiliate(person.code), source=source, now=self.now, by=None)
        assert ended == (source in person.holds)
        person.holds.discard(source)

    @step(1, who=WHO)
    def change_payout_details(self, who):
        person = self.books.people[who]
        person.details += 1
        person.usable_from = self.now + timedelta(days=7)
        details.change(
            affiliate=self.affiliate(who),
            method="paypal",
            account=f"{who.lower()}{person.details}@example.com",
            holder=who,
            now=self.now,
            by=None,
        )
