"""Check every invariant of the ledger; exits with 1 and names the first that fails."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from payouts.closing import verification


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        findings = verification.check_invariants()
        failed = [finding for finding in findings if finding.violations]
        for finding in findings:
            verdict = f"FAILS, {finding.violations} times" if finding.violations else "holds"
            self.stdout.write(f"{finding.invariant.name}: {verdict}")
        if failed:
            raise CommandError(f"{failed[0].invariant.name}: {failed[0].first}")
