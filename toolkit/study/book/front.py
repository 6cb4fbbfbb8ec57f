"""What the first page says of a run: its answer, the claims of the plan, and the estimates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from toolkit.chapters.planned import standing_judged
from toolkit.chapters.synthesis.analysis import PlannedEndpoints, judge
from toolkit.chapters.synthesis.exhibits import NO_PLAN, clinic_sentence, quantity_words
from toolkit.results import Comparison
from toolkit.stats.claims import Standing, said
from toolkit.study.book.contents import BookChapter, FrontComparison
from toolkit.study.parameters.plan import SYNTHESIS

NOT_JUDGED = "The claims of the plan are not judged: chapter 90, which does it, is not complete."


class Front:
    """The comparisons of a book, judged by its plan where chapter 90 is complete.

    Parameters
    ----------
    chapters : sequence of BookChapter
        In the order of the book.
    plan : mapping or None
        The plan as plain values; None where the study has none.
    """

    def __init__(self, chapters: Sequence[BookChapter], plan: Mapping[str, Any] | None) -> None:
        self._chapters = chapters
        self._plan = plan
        self._synthesis = next(
            (one for one in chapters if one.number == SYNTHESIS and one.headline), None
        )
        self._judged = self._judge() if self._synthesis is not None else None

    def _judge(self) -> PlannedEndpoints | None:
        """Return the plan with its verdicts, as chapter 90 has them."""
        others = [one for one in self._chapters if one.number != SYNTHESIS]
        records = [one.record for one in others if one.headline and one.record is not None]
        missing = {one.name: one.reason for one in others if not one.headline}
        return judge(self._plan, records, missing)

    @property
    def answer(self) -> tuple[str, str]:
        """The effect in a clinic's units, and what became of the claims."""
        records = [one.record for one in self._chapters if one.headline and one.record is not None]
        effect = clinic_sentence(records)
        if self._synthesis is not None:
            return effect, self._synthesis.answer.removeprefix(effect).strip()
        return effect, NO_PLAN if self._plan is None else NOT_JUDGED

    def _standing(self, result: str, waits_for: str = "") -> Standing:
        """Return where a result stands."""
        if self._judged is None:
            return Standing(planned=self._plan is not None)
        return standing_judged(self._judged.claims, result, waits_for)

    def claims(self) -> tuple[FrontComparison, ...]:
        """Return each comparison that the plan claims, in its order."""
        if self._judged is None:
            return ()
        rows = []
        for name in dict.fromkeys(verdict.label for verdict in self._judged.claims):
            result = self._judged.results[name]
            if isinstance(result, Comparison):
                words = said(result, self._standing(name))
                rows.append(self._row(name.partition(":")[0], result, words.conclusion))
        return tuple(rows)

    def estimates(self) -> tuple[FrontComparison, ...]:
        """Return each chapter's comparison of which no plan makes a claim."""
        return tuple(
            self._row(chapter.name, comparison)
            for chapter in self._chapters
            if (comparison := chapter.comparison) and not self._standing(chapter.name).places
        )

    def _row(self, name: str, comparison: Comparison, conclusion: str = "") -> FrontComparison:
        """Return one comparison of a chapter."""
        chapter = next(one for one in self._chapters if one.name == name)
        return FrontComparison(
            number=chapter.number,
            label=quantity_words(comparison.quantity),
            comparison=comparison,
            role=chapter.headline.get("role", "neutral"),
            conclusion=conclusion,
        )

    def chapters(self) -> list[BookChapter]:
        """Return the chapters, their answers opening with what the plan lets them conclude."""
        return [self._concluded(chapter) for chapter in self._chapters]

    def _concluded(self, chapter: BookChapter) -> BookChapter:
        """Return a chapter whose answer opens with its conclusion."""
        comparison = chapter.comparison
        if comparison is None:
            return chapter
        standing = self._standing(chapter.name, chapter.headline.get("waits_for", ""))
        return replace(
            chapter, answer=f"{said(comparison, standing).opening} {chapter.answer}".strip()
        )
