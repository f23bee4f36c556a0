"""Facts of the certify study, which leaves them beside those of the stages."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

from tilewright.errors import ArtifactError
from tilewright.facts.stage import StageFacts
from tilewright.store.typed_json import from_json
from tilewright.verify import Certificate
from tilewright.verify.certificate import KIND, VERSION


@dataclass(frozen=True, slots=True)
class CertifyFacts(StageFacts):
    """A certificate, and the path of what it is about, from the folder of its file on."""

    STAGE: ClassVar[str] = "certify"

    certificate: Certificate
    source: str

    def to_json(self) -> dict[str, Any]:
        """The certificate's own facts, and the source."""
        return self.certificate.to_json() | {"source": self.source}

    @classmethod
    def from_json(cls, value: object, *, file: str) -> Self:
        """Inverse of `to_json`; raises `ArtifactError` naming `file` if it holds no whole certificate."""
        if not isinstance(value, dict) or (value.get("kind"), value.get("version")) != (
            KIND,
            VERSION,
        ):
            raise ArtifactError(f"{file} must be an {KIND}, version {VERSION}")
        source = value.get("source")
        if not isinstance(source, str):
            raise ArtifactError(f"{file} must name its source, but does not: certify again")
        names = [field.name for field in fields(Certificate)]
        own = {name: value[name] for name in names if name in value}
        return cls(from_json(Certificate, own, file=file), source)
