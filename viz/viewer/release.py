"""What stands between a plan and a person's signature, as the page shows it.

In: sentences and questions from the service. Out: plain values for the page's template. Words in German where the page has them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from viz.viewer.session import Session
from viz.viewer.words import Language, answer_words, question_words


@dataclass(frozen=True, slots=True)
class Question:
    """One thing a person says before signing; without ``choices`` it is a number to type."""

    key: str
    words: str
    choices: tuple[str, ...]
    said: str
    closes: str = ""
    """The answer that keeps nothing from release; empty: any."""


@dataclass(frozen=True, slots=True)
class Release:
    """Everything that is read before signing."""

    blockers: tuple[str, ...]
    questions: tuple[Question, ...] = ()
    warnings: tuple[str, ...] = ()
    version: str = ""
    refused: str = ""
    """Why nobody can sign on this page at all; empty: who is logged in may."""


NOTHING = Release(())

Releasing: TypeAlias = Callable[[Session], Release]


@dataclass(frozen=True, slots=True, eq=False)
class Signing:
    """What a page asks the service before a signature; the signature itself goes past the page, with the password."""

    releasing: Releasing = lambda _session: NOTHING
    digest: Callable[[Session], str] = lambda _session: ""
    mark: Callable[[str], str] = str
    """A short name of a warning, for its tick."""
    export_draft: Callable[[Session], str] = lambda _session: ""
    """Writes files and says where."""
    form_token: str = ""


def release_values(
    session: Session | None, signing: Signing, language: Language, say: Callable[[str], str] = str
) -> dict[str, Any]:
    """For the template."""
    release = NOTHING if session is None else signing.releasing(session)
    signature = None if session is None else session.signature
    return {
        "blockers": list(map(say, release.blockers)),
        "warnings": [[signing.mark(one), say(one)] for one in release.warnings],
        "questions": [_row(question, language, say) for question in release.questions],
        "version": release.version,
        "sign_refused": say(release.refused),
        "form_token": signing.form_token,
        "signed_by": []
        if signature is None
        else [signature.signer, _moment(signature.signed_at), signature.digest[:16]],
    }


def _moment(signed_at: str) -> str:
    """*2026-03-02 14:05 +01:00* of an ISO 8601 time."""
    return f"{signed_at[:10]} {signed_at[11:16]} {signed_at[19:]}".strip()


def _row(question: Question, language: Language, say: Callable[[str], str]) -> dict[str, Any]:
    return {
        "key": question.key,
        "words": question_words(question.key, say(question.words), language),
        "choices": [[choice, answer_words(choice, language)] for choice in question.choices],
        "said": question.said,
        "open": not question.said or bool(question.closes and question.said != question.closes),
    }
