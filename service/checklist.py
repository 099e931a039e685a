"""A checklist's answers from a TOML file: the order's or a person's, never guessed.

In: a file with ``answered_by``, ``scheme``, ``inr``, ``platelets_per_nl`` and a table ``answers``. Out: a ``Checklist``, or a
refusal that names the key and what is valid.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from planner.gates import Answer, Checklist, Scheme, questions_for
from planner.procedure import Procedure
from service.errors import RequestError


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    answered_by: str = Field(min_length=1)
    scheme: Scheme | None = None
    inr: float | None = Field(default=None, gt=0, lt=20, allow_inf_nan=False)
    platelets_per_nl: float | None = Field(default=None, ge=0, lt=5000, allow_inf_nan=False)
    answers: dict[str, Answer] = Field(default_factory=dict)


def read_checklist(path: Path, procedure: Procedure) -> Checklist:
    """The answers for one procedure; an unknown question or value is refused."""
    try:
        said = _File.model_validate(tomllib.loads(path.read_text(encoding="utf8")))
    except ValidationError as error:
        places = ", ".join(".".join(str(part) for part in one["loc"]) + ": " + one["msg"] for one in error.errors())
        raise RequestError(
            f"the checklist is not valid ({places}); valid keys: {', '.join(_File.model_fields)}"
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise RequestError(
            "the checklist is not a readable TOML file; write answered_by, scheme and [answers]"
        ) from None
    known = [question.key for question in questions_for(procedure)]
    unknown = sorted(set(said.answers) - set(known))
    if unknown:
        raise RequestError(
            f"the checklist answers {', '.join(unknown)}, which {procedure.key} does not ask; valid: {', '.join(known)}"
        )
    return Checklist(said.answers, said.inr, said.platelets_per_nl, said.answered_by, said.scheme)
