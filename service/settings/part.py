"""What every part of the settings is: frozen, and deaf to keys it does not know."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

AE_TITLE = r"^[^\\\s](?:[^\\]{0,14}[^\\\s])?$"
"""PS3.5 6.2, value representation AE: at most 16 characters, no backslash, no outer spaces."""


class Part(BaseModel):
    """One table of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")
