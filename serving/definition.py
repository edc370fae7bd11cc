"""What `GET /v1/definition` answers: the definition in service, what it promises, and who signed it."""

from __future__ import annotations

import msgspec

from models.agreement import Agreement, Signature
from serving.contract import DefinitionReply, GradingInService, SheetInService, SignatureInService
from serving.scoring import Served


def told(served: Served) -> DefinitionReply:
    """The reply for this scorer; ``sheet`` is ``None`` where it was handed over without one."""
    definition, agreed = served.scorer.definition, served.agreement
    return DefinitionReply(
        definition=served.definition,
        full_version=definition.version,
        content=definition.canonical(),
        model=served.model,
        grading=msgspec.convert(served.scorer.grading.to_json(), GradingInService),
        sheet=None if agreed is None else _sheet(agreed),
        signatures=[] if agreed is None else [_signature(each) for each in agreed.signatures],
        signed=served.signed,
    )


def _sheet(agreed: Agreement) -> SheetInService:
    sheet = agreed.sheet
    content = {name: sheet.to_json()[name] for name in ("promises", "measured")}
    about = {"hash": sheet.hash, "definition_version": sheet.definition.short_version, "texts": dict(agreed.texts)}
    return msgspec.convert({**content, **about}, SheetInService)


def _signature(signature: Signature) -> SignatureInService:
    return SignatureInService(signature.role, signature.name, signature.signed_at)
