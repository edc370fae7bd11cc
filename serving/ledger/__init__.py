"""The ledger: the database of sheets and signatures, appended only. The service that scores does without it."""

from serving.ledger.ledger import Ledger

__all__ = ["Ledger"]
