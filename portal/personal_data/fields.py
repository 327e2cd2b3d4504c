"""What becomes of each text field of the database when an affiliate's data is erased (specification 9).

A test fails if a text field of any model is missing here. What is `RETAINED` stays until `retention_years` have passed.
"""

from collections.abc import Mapping
from enum import Flag, auto

ERASED_TEXT = "[erased]"


class Handling(Flag):
    # Not about an affiliate, or a code, digest or constant that identifies no one.
    NONE = 0
    # Replaced by `ERASED_TEXT` in the affiliate's rows.
    ERASED = auto()
    # Made empty in the affiliate's rows.
    BLANKED = auto()
    # The affiliate's names, addresses and codes are replaced in every row, such as an alert to staff.
    SCRUBBED = auto()
    # Replaced by a pseudonym or by a value that the column needs; `erasing` and the apps below say which.
    REPLACED = auto()
    # Deleted with its row.
    DELETED = auto()
    # Kept until `retention_years` after the affiliate has gone, then erased or deleted by `retention`.
    RETAINED = auto()
    # Deleted soon after, whatever becomes of affiliates: uploaded files before their import.
    TRANSIENT = auto()


def _classify(
    none: str = "",
    erased: str = "",
    blanked: str = "",
    scrubbed: str = "",
    replaced: str = "",
    deleted: str = "",
    retained: str = "",
    transient: str = "",
) -> dict[str, Handling]:
    """Return the handling of each field named; a field named twice has both."""
    names = (none, erased, blanked, scrubbed, replaced, deleted, retained, transient)
    result: dict[str, Handling] = {}
    for handling, fields in zip((Handling.NONE, *Handling), names, strict=True):
        for field in fields.split():
            result[field] = result.get(field, Handling.NONE) | handling
    return result


_SUB_IDS = "sub1 sub2 sub3 sub4 sub5"

FIELDS: Mapping[str, Mapping[str, Handling]] = {
    "account.EmailAddress": _classify(deleted="email"),
    "account.EmailConfirmation": _classify(deleted="key"),
    "accounts.ApiKey": _classify("name prefix digest scopes"),
    "accounts.AttemptCounter": _classify("key"),
    "accounts.User": _classify(replaced="email name password"),
    "admin.LogEntry": _classify(
        "object_id", erased="object_repr", blanked="change_message", scrubbed="object_repr change_message"
    ),
    "affiliates.Affiliate": _classify(replaced="code name country time_zone language muted_kinds", none="state"),
    "affiliates.AffiliateNote": _classify(erased="text"),
    # Deleted if it names the affiliate, or if no one else has it.
    "affiliates.AffiliateTag": _classify(deleted="name"),
    "affiliates.ApplicationAnswer": _classify("question", erased="answer"),
    "affiliates.ApplicationQuestion": _classify("text translations"),
    "affiliates.ApprovalRule": _classify("name channel_kinds blocked_hosts countries"),
    "affiliates.Channel": _classify("kind state", replaced="address", erased="reason"),
    "affiliates.ChannelPreview": _classify("problem", erased="title description"),
    "affiliates.RejectionTemplate": _classify("name text"),
    "affiliates.RuleCheck": _classify("rule", erased="results same_person", scrubbed="results same_person"),
    "affiliates.StatusChange": _classify("before after clause source", erased="reason"),
    "agreements.Acceptance": _classify(
        "method language text_sha256 differences box_label button_label page_revision personal_digests previous_hash hash"
    ),
    "agreements.AcceptancePerson": _classify(retained="salt name email address user_agent session evidence"),
    "agreements.AgreementText": _classify("language text sha256"),
    "agreements.AgreementVersion": _classify("name language currency time_zone"),
    "agreements.AgreementWithdrawal": _classify("reason"),
    "agreements.Clause": _classify("number heading body rules"),
    "agreements.Decline": _classify("state"),
    "agreements.ProhibitedActivity": _classify("code title text gravest_consequence"),
    "agreements.Program": _classify("shop_url shop_hosts"),
    "agreements.Promotion": _classify("categories", scrubbed="name"),
    "agreements.Rate": _classify("category name"),
    "agreements.TranslatedActivity": _classify("language title text source_sha256"),
    "agreements.TranslatedClause": _classify("language heading body source_sha256"),
    "agreements.Translation": _classify("language"),
    "audit.AuditRecord": _classify(
        "action subject_type subject_id", erased="before after reason", scrubbed="before after reason"
    ),
    "auth.Group": _classify("name"),
    "auth.Permission": _classify("name codename"),
    "compliance.AbuseReport": _classify(
        erased="page_url link_or_coupon text email", scrubbed="page_url link_or_coupon text"
    ),
    "compliance.Review": _classify(
        "activity term clause state recommendation decision appeal",
        retained="summary evidence_addresses decision_reason",
    ),
    "compliance.ReviewEvent": _classify("kind clause", retained="text"),
    "compliance.ReviewFile": _classify("content_type", retained="name content"),
    "compliance.Signal": _classify("kind state", erased="evidence note", scrubbed="evidence note"),
    "compliance.TargetCheck": _classify("result clause"),
    "compliance.TargetNotice": _classify("clause state"),
    "compliance.TargetPause": _classify("reason"),
    "compliance.TerminationNotice": _classify("ground clause state", erased="reason"),
    "contenttypes.ContentType": _classify("app_label model"),
    "creatives.Creative": _classify(
        "title kind channel_kinds target language media_type alternative_text body withdrawal_reason"
    ),
    "creatives.CreativeImage": _classify("content"),
    "mail.Message": _classify(
        "kind language attachments state",
        deleted="to key context error subject text html",
        scrubbed="context error subject text html",
    ),
    # Who was chosen is no one's personal data; a name in the text may be.
    "messaging.Announcement": _classify("states countries channel_kinds tags activity state", scrubbed="subject text"),
    "messaging.Conversation": _classify("state", erased="subject", scrubbed="subject"),
    "messaging.ConversationMessage": _classify(erased="text", scrubbed="text"),
    "messaging.DigestRun": _classify("time_zone"),
    "mfa.Authenticator": _classify("type", deleted="data"),
    "payouts.Adjustment": _classify("kind state", retained="reason"),
    "payouts.Close": _classify("snapshot"),
    "payouts.CloseException": _classify(erased="cause"),
    "payouts.Commission": _classify("category clause steps", erased="forfeit_reason"),
    "payouts.CommissionHold": _classify("source", erased="reason"),
    "payouts.LedgerEntry": _classify("account"),
    # No text that anyone typed is booked as a memo.
    "payouts.LedgerTransaction": _classify("source kind memo"),
    "payouts.Payout": _classify("reference state", erased="failure"),
    "payouts.PayoutBatch": _classify("name state digest"),
    "payouts.PayoutDetails": _classify(
        "method confirmation", erased="masked", blanked="holder country encrypted fingerprint"
    ),
    "payouts.PayoutFile": _classify("method name media_type sha256", replaced="encrypted"),
    "payouts.PayoutHold": _classify("source", erased="reason"),
    "payouts.Statement": _classify("reasons"),
    "payouts.StatementLine": _classify("clause"),
    "payouts.Upload": _classify("kind sha256 columns preset", transient="name content"),
    "portal.IntegrityCheck": _classify("name", scrubbed="summary violation"),
    "portal.ScheduledTask": _classify("name", scrubbed="result error"),
    "portal.TaskRun": _classify("job", scrubbed="error"),
    "sessions.Session": _classify(deleted="session_key session_data"),
    "shops.ApiFailure": _classify("call cause"),
    "shops.CategoryMapping": _classify("shop_category key category"),
    "shops.Connection": _classify(
        "platform name prefix state secret previous_secret api_url api_key completion options milestones"
    ),
    "shops.OrderFile": _classify(
        "sha256 preset notes headings headings_sha256 columns expected_outcomes outcomes state",
        scrubbed="name",
        transient="content",
    ),
    "shops.OrderFileReject": _classify("order_id field heading outcome", scrubbed="cause"),
    "shops.Reject": _classify(
        "order_id field outcome address state", scrubbed="source cause content note corrected_content"
    ),
    "shops.ShopEvent": _classify(
        "delivery topic triggered_at state order_key outcome field", scrubbed="cause", transient="body"
    ),
    "shops.ShopOrder": _classify("order_key order_id digest notes", scrubbed="state"),
    "shops.ShopOrderLine": _classify("line_id shop_categories mapped_by category"),
    "shops.ShopProduct": _classify("product_key title categories collections version"),
    "tracking.Click": _classify("kind device", blanked=f"{_SUB_IDS} address user_agent referrer_host failed_deep_link"),
    "tracking.ClickLoss": _classify("source"),
    "tracking.Coupon": _classify(replaced="code key"),
    "tracking.Link": _classify("code permitted_hosts", blanked=f"name {_SUB_IDS}", replaced="target own_name"),
    "tracking.LinkName": _classify(replaced="name"),
    "tracking.Order": _classify(
        "order_id status currency click_id customer_hash country device reason clause",
        replaced="coupon_code",
        blanked=_SUB_IDS,
    ),
    "tracking.OrderLine": _classify("line_id sku title category"),
    "tracking.OrderSnapshot": _classify("order_id sha256", replaced="content"),
    "tracking.Rollup": _classify("dimension", deleted="value"),
}


def list_fields(label: str, handling: Handling) -> list[str]:
    """Return the names of the fields of a model that are handled so."""
    return [name for name, value in FIELDS.get(label, {}).items() if handling in value]


def list_retained() -> list[str]:
    """Return the retention list: the fields that keep personal data after an erasure, as "app.Model.field"."""
    return [f"{label}.{name}" for label in FIELDS for name in list_fields(label, Handling.RETAINED)]
