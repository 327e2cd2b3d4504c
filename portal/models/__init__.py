from portal.models.erasure import ErasureRequest
from portal.models.question import Ask, Proof, Question

__all__ = ["Ask", "ErasureRequest", "Proof", "Question"]
