from messaging.admin import announcements, conversations

__all__ = ["announcements", "conversations"]
