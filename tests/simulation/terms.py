"""Steps of the simulation: agreement versions, statuses, payout holds and details, and the clock.

Each step calls the product and updates the reference, or is rejected by the product and leaves the reference as it is.
"""

from datetime import timedelta

from hypothesis import strategies as st

from affiliates import status_history
from affiliates.models import State
from agreements import acceptances, publishing
from agreements.models import AgreementVersion
from compliance.offboarding import notice_expiry, suspension, termination
from payouts.commissions import holds
from payouts.payout_details import details, email_change
from tests.simulation.simulation import CHANGES, CODES, INDEXES, SOURCES, ProgramSimulation, build_version, step


class TermSteps(ProgramSimulation):
    """Agreement versions, statuses, payout holds and details, and the clock."""

    @step(
        6,
        when=lambda run: len(run.reference.versions) <= run.new_versions,
        name=st.sampled_from(list(CHANGES)),
        days=st.sampled_from([0, 3, 14, 20]),
    )
    def publish_version(self, name, days):
        if name in [version.name for version in self.reference.versions]:
            return
        earliest = self.reference.versions[-1].effective_at + timedelta(seconds=1)
        notice_days = max(days, 14) if name == "lowered" else days
        effective_at = max(self.now, earliest) + timedelta(days=notice_days)
        draft = AgreementVersion.objects.get(name=name)
        published = publishing.publish_version(agreement=draft, effective_at=effective_at, now=self.now, by=None)
        self.reference.versions.append(build_version(name, *CHANGES[name], effective_at))
        assert published.detriment == self.reference.versions[-1].detriment

    @step(1, when=lambda run: len(run.reference.versions) > 1, code=CODES, index=INDEXES)
    def accept_version(self, code, index):
        person, version = self.reference.people[code], self.pick(self.reference.versions[1:], index)
        if person.state == "active" and version.name not in person.accepted:
            acceptances.record_offline_acceptance(
                affiliate=self.get_affiliate(code),
                agreement=AgreementVersion.objects.get(name=version.name),
                accepted_at=self.now,
                evidence="signed",
                now=self.now,
                by=None,
            )
            person.accepted[version.name] = self.now

    @step(1, days=st.sampled_from([1, 6, 15, 31]))
    def advance_clock(self, days):
        self.now += timedelta(days=days)
        self._apply_expired_notices()

    def _apply_expired_notices(self):
        expired = [p for p in self.reference.people.values() if p.state == "leaving" and p.is_notice_over(self.now)]
        for person in expired:
            person.history.append((person.notice_ends_at or self.now, "terminated"))
        if expired:
            assert notice_expiry.apply_expired_notices(now=self.now).left == len(expired)
            self.reference.attribute_again()

    @step(1, code=CODES)
    def suspend(self, code):
        if self.reference.people[code].state == "active":
            suspension.suspend(affiliate=self.get_affiliate(code), reason="A test.", now=self.now, by=None)
            self.reference.people[code].history.append((self.now, "suspended"))

    @step(2, when=lambda run: [p for p in run.reference.people.values() if p.state == "suspended"], index=INDEXES)
    def reinstate(self, index):
        person = self.pick([p for p in self.reference.people.values() if p.state == "suspended"], index)
        suspension.reinstate(affiliate=self.get_affiliate(person.code), reason="A test.", now=self.now, by=None)
        person.history.append((self.now, "active"))

    @step(
        1,
        when=lambda run: all(p.state in ("active", "suspended") for p in run.reference.people.values()),
        code=CODES,
        breach=st.booleans(),
    )
    def terminate(self, code, breach):
        person, affiliate = self.reference.people[code], self.get_affiliate(code)
        if breach:
            status_history.change_status(affiliate=affiliate, to=State.TERMINATED, now=self.now, by=None, breach=True)
            person.history.append((self.now, "terminated"))
            person.breached_at = self.now
        else:
            termination.leave_program(affiliate=affiliate, now=self.now, by=None)
            person.history.append((self.now, "leaving"))
            person.notice_ends_at = self.now + timedelta(days=30)

    @step(2, when=lambda run: run.list_leaving(), index=INDEXES)
    def take_back_leaving(self, index):
        person = self.pick(self.list_leaving(), index)
        before = person.history[-2][1]
        termination.take_back_leaving(affiliate=self.get_affiliate(person.code), now=self.now, by=None)
        person.history.append((self.now, before))
        person.notice_ends_at = None

    def list_leaving(self):
        """Return the affiliates who left at an earlier instant and can still take it back."""
        people = self.reference.people.values()
        return [
            p for p in people if p.state == "leaving" and p.history[-1][0] < self.now and not p.is_notice_over(self.now)
        ]

    @step(1, code=CODES, source=SOURCES)
    def hold_payouts(self, code, source):
        holds.hold_payouts(affiliate=self.get_affiliate(code), source=source, reason="A test.", now=self.now, by=None)
        self.reference.people[code].holds.add(source)

    @step(2, when=lambda run: [p for p in run.reference.people.values() if p.holds], index=INDEXES, source=SOURCES)
    def release_payouts(self, index, source):
        person = self.pick([p for p in self.reference.people.values() if p.holds], index)
        released = holds.release_payouts(
            affiliate=self.get_affiliate(person.code), source=source, now=self.now, by=None
        )
        assert released == (source in person.holds)
        person.holds.discard(source)

    @step(1, code=CODES)
    def change_email(self, code):
        email_change.hold_after_email_change(affiliate=self.get_affiliate(code), now=self.now, by=None)
        self.reference.people[code].email_held_until = self.now + timedelta(days=7)

    @step(1, code=CODES)
    def change_payout_details(self, code):
        person = self.reference.people[code]
        person.details += 1
        person.usable_from = self.now + timedelta(days=7)
        details.change_details(
            affiliate=self.get_affiliate(code),
            method="paypal",
            account=f"{code.lower()}{person.details}@example.com",
            holder=code,
            now=self.now,
            by=None,
        )
