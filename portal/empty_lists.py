"""What an empty list of the admin says: what it lists, when it fills, and what to do (specification 10)."""

from django.utils.translation import gettext_lazy as _

TEXTS = {
    "accounts.ApiKey": _("Keys with which a shop sends orders. Create one to connect your shop by the API."),
    "accounts.User": _("Staff and affiliates who can sign in. Affiliates appear when they apply; add staff here."),
    "account.EmailAddress": _(
        "E-mail addresses of accounts. They appear with each application and each member of staff."
    ),
    "affiliates.Affiliate": _(
        "People and companies that promote your shop. They appear when they apply, or when you import a CSV file."
    ),
    "affiliates.ApplicationQuestion": _(
        "Questions that applicants answer. Add up to three; without any, the form has none."
    ),
    "affiliates.ApprovalRule": _(
        "Rules that approve applications which pass their checks. Without one, staff decide each."
    ),
    "affiliates.RejectionTemplate": _(
        "Reasons for rejecting an application, to choose from. Add those that you repeat."
    ),
    "affiliates.Channel": _("Sites and profiles where affiliates promote. They appear with the first application."),
    "agreements.Acceptance": _("Who accepted which agreement version. It fills when affiliates accept one."),
    "agreements.AgreementVersion": _("Terms and text of the agreement. Start a draft to publish the first version."),
    "agreements.Decline": _(
        "Affiliates who declined an upcoming agreement version. It fills when affiliates decline one."
    ),
    "agreements.Program": _("The shop and the state of the program. It is filled in by the setup."),
    "agreements.Promotion": _("Higher rates for a limited time. Announce a promotion to add the first."),
    "audit.AuditRecord": _("Every change by staff and affiliates, with its reason. It fills with the first change."),
    "auth.Group": _("Groups of permissions for staff. The four predefined ones are created with the database."),
    "compliance.AbuseReport": _("Reports of abuse from the public form. Link to the form from your shop."),
    "compliance.Review": _("Suspected violations that staff examine. Open a review from a signal or an affiliate."),
    "compliance.Signal": _("Suspicious patterns that the program finds several times a day. Check each one here."),
    "compliance.TargetCheck": _("Results of the sales target, checked each day once the agreement has a target."),
    "compliance.TargetNotice": _("Affiliates who missed the sales target and can still meet it. Nothing to do now."),
    "compliance.TargetPause": _("Periods in which the sales target does not count. Declare one, such as a closure."),
    "compliance.TerminationNotice": _("Affiliates who were given notice. Give notice on the page of an affiliate."),
    "mail.Message": _("E-mails to affiliates and staff, with their state. It fills with the first event."),
    "mfa.Authenticator": _("Second factors of staff and affiliates. They appear when they set one up."),
    "creatives.Creative": _("Banners and texts that affiliates copy with their link. Add the first one."),
    "messaging.Announcement": _("What all affiliates, or some, are sent to read. Write the first one."),
    "messaging.Conversation": _(
        "Messages between affiliates and staff. They appear when an affiliate writes, or when you write from their page."
    ),
    "payouts.Adjustment": _("Corrections of balances that need two people. Propose one with the button above."),
    "payouts.Close": _("Months that are closed. The first is closed on the close day after its end."),
    "payouts.CloseException": _("Affiliates excluded from a month-end close because of bad data. None is a good sign."),
    "payouts.Commission": _("Commissions on order lines. They appear with the first order of an affiliate."),
    "payouts.CommissionHold": _("Commissions that are held back, and why. It fills when a review opens."),
    "payouts.LedgerEntry": _("The debit and credit of each ledger transaction. It fills with the first close."),
    "payouts.LedgerTransaction": _("What was booked, and when. It fills with the first month-end close."),
    "payouts.Payout": _("Payments to affiliates. They are drafted by the month-end close."),
    "payouts.PayoutBatch": _("Payouts that are submitted and approved together. A month-end close drafts the first."),
    "payouts.PayoutDetails": _("Where affiliates are paid. It fills when they enter their payout details."),
    "payouts.PayoutHold": _("Affiliates who are paid nothing for now, and why. Hold a payout to add one."),
    "payouts.Statement": _("Monthly statements of affiliates. They are written by the month-end close."),
    "portal.ErasureRequest": _(
        "Affiliates who asked for their personal data to be deleted. They ask on their page “My data”; enter a request by"
        " letter or telephone on the page of the affiliate, tab “Personal data”."
    ),
    "portal.IntegrityCheck": _(
        "Results of the nightly checks of ledger, acceptances and reports. Look again tomorrow."
    ),
    "portal.ScheduledTask": _("Tasks that run on a schedule. They appear once beat and a worker are running."),
    "shops.Connection": _("Shops that send orders by webhook. Add a connection to connect yours."),
    "shops.OrderFile": _("CSV files of orders. Upload one if your shop cannot send orders."),
    "shops.Reject": _("Orders that could not be read, to correct and send again. None is a good sign."),
    "tracking.Click": _("Clicks on tracking links, as long as the retention period keeps them."),
    "tracking.ClickLoss": _("Clicks that were redirected but not recorded. None is a good sign."),
    "tracking.Coupon": _("Coupon codes and the affiliates they credit. Assign a coupon to add the first."),
    "tracking.Link": _("Tracking links of affiliates. They create them, or you create one here."),
    "tracking.Order": _("Orders that the shop sent. They appear once a shop is connected or a file is imported."),
}
# For a list without a text of its own.
DEFAULT = _("Nothing has been recorded here so far.")
