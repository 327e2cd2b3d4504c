from portal.models.erasure import ErasureRequest

__all__ = ["ErasureRequest"]
