from audit.models.record import AuditRecord

__all__ = ["AuditRecord"]
