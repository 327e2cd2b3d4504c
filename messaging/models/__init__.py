from messaging.models.announcement import Announcement, AnnouncementReceipt
from messaging.models.conversation import Conversation, ConversationMessage
from messaging.models.summary import DigestRun, SaleNotice, SaleSubscription

__all__ = [
    "Announcement",
    "AnnouncementReceipt",
    "Conversation",
    "ConversationMessage",
    "DigestRun",
    "SaleNotice",
    "SaleSubscription",
]
