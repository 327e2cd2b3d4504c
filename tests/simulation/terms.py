"""What is agreed, who takes part, and the clock.

Each step is done by the product's verb and in the reference, or refused by the one and not done in the other.
"""

from datetime import timedelta

from hypothesis import strategies as st

from affiliates import status_history
from affiliates.models import State
from agreements import acceptances, publishing
from agreements.models import AgreementVersion
from compliance.offboarding import suspension, termination
from payouts.commissions import holds
from payouts.payout_details import details
from tests.simulation.simulation import CHANGES, CODES, INDEXES, SOURCES, ProgramSimulation, build_version, step


class Terms(ProgramSimulation):
    """What is agreed, who takes part, and the clock."""

    @step(
        2,
        when=lambda life: len(life.reference.versions) <= life.new_versions,
        name=st.sampled_from(list(CHANGES)),
        days=st.sampled_from([0, 3, 14, 20]),
    )
    def change_rates(self, name, days):
        if name in [known.name for known in self.reference.versions]:
            return
        after = self.reference.versions[-1].effective_at + timedelta(seconds=1)
        wait = max(days, 14) if name == "lowered" else days
        effective_at = max(self.now, after) + timedelta(days=wait)
        draft = AgreementVersion.objects.get(name=name)
        published = publishing.publish_version(agreement=draft, effective_at=effective_at, now=self.now, by=None)
        self.reference.versions.append(build_version(name, *CHANGES[name], effective_at))
        assert published.detriment == self.reference.versions[-1].detriment

    @step(1, when=lambda life: len(life.reference.versions) > 1, code=CODES, which=INDEXES)
    def accept(self, code, which):
        person, version = self.reference.people[code], self.pick(self.reference.versions[1:], which)
        if person.state == "active" and version.name not in person.accepted:
            acceptances.record_offline_acceptance(
                affiliate=self.affiliate(code),
                agreement=AgreementVersion.objects.get(name=version.name),
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
        over = [p for p in self.reference.people.values() if p.state == "leaving" and p.is_notice_over(self.now)]
        for person in over:
            person.history.append((person.notice_ends_at or self.now, "terminated"))
        if over:
            assert termination.apply_expired_notices(now=self.now).left == len(over)

    @step(1, code=CODES)
    def suspend(self, code):
        if self.reference.people[code].state == "active":
            suspension.suspend(affiliate=self.affiliate(code), reason="A test.", now=self.now, by=None)
            self.reference.people[code].history.append((self.now, "suspended"))

    @step(2, when=lambda life: [p for p in life.reference.people.values() if p.state == "suspended"], which=INDEXES)
    def reinstate(self, which):
        person = self.pick([p for p in self.reference.people.values() if p.state == "suspended"], which)
        suspension.reinstate(affiliate=self.affiliate(person.code), reason="A test.", now=self.now, by=None)
        person.history.append((self.now, "active"))

    @step(
        1,
        when=lambda life: all(p.state in ("active", "suspended") for p in life.reference.people.values()),
        code=CODES,
        breach=st.booleans(),
    )
    def terminate(self, code, breach):
        person, affiliate = self.reference.people[code], self.affiliate(code)
        if breach:
            status_history.change_status(affiliate=affiliate, to=State.TERMINATED, now=self.now, by=None, breach=True)
            person.history.append((self.now, "terminated"))
        else:
            termination.leave_program(affiliate=affiliate, now=self.now, by=None)
            person.history.append((self.now, "leaving"))
            person.notice_ends_at = self.now + timedelta(days=30)

    @step(1, code=CODES, source=SOURCES)
    def hold_payouts(self, code, source):
        holds.hold_payouts(affiliate=self.affiliate(code), source=source, reason="A test.", now=self.now, by=None)
        self.reference.people[code].holds.add(source)

    @step(2, when=lambda life: [p for p in life.reference.people.values() if p.holds], which=INDEXES, source=SOURCES)
    def release_payouts(self, which, source):
        person = self.pick([p for p in self.reference.people.values() if p.holds], which)
        ended = holds.release_payouts(affiliate=self.affiliate(person.code), source=source, now=self.now, by=None)
        assert ended == (source in person.holds)
        person.holds.discard(source)

    @step(1, code=CODES)
    def change_payout_details(self, code):
        person = self.reference.people[code]
        person.details += 1
        person.usable_from = self.now + timedelta(days=7)
        details.change_details(
            affiliate=self.affiliate(code),
            method="paypal",
            account=f"{code.lower()}{person.details}@example.com",
            holder=code,
            now=self.now,
            by=None,
        )
