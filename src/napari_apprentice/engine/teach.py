"""*Teach*: a network learns from corrections, is judged on those it never saw, and is written when it is done.

::

    corrections ---> windows at network resolution -----> patches -> network -> running average
    (`training_data`)  (`material`: teaches | chooses | judges) (`drawing`)      |  looked at now and then, by what
                                                                                 v  chooses; the best state is kept
                  decoding chosen on what taught (`tune_decoding`), judged by the rest (`verdict`), model written
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Generator, Iterator

import numpy as np
import torch
from torch import nn

from napari_apprentice.data.geometry.blocks import cores
from napari_apprentice.data.labels.gains import Tally
from napari_apprentice.data.models import representation_of
from napari_apprentice.engine import checkpoint
from napari_apprentice.engine.best import Best
from napari_apprentice.engine.clock import Clock
from napari_apprentice.engine.device import Device, pick
from napari_apprentice.engine.drawing import Patches
from napari_apprentice.engine.evaluator import Evaluator, Score
from napari_apprentice.engine.losses import Objective
from napari_apprentice.engine.material import Material, read_material
from napari_apprentice.engine.parent import AFTER, BEFORE, Parent
from napari_apprentice.engine.schedules import schedule_for
from napari_apprentice.engine.teaching_recipe import RECIPE, TeachingRecipe
from napari_apprentice.engine.train import Course, Learner, follow
from napari_apprentice.engine.verdict import judged
from napari_apprentice.events import Event, Finished, Note, Started, Validated
from napari_apprentice.jobs import TeachJob, TeachResult
from napari_apprentice.settings import DecodeSettings

_TUNE_APART = 0.3  # of the time
_HALF_WAY = 0.5
_AS_WELL = 0.2  # by how much less half of what was learned may do on the corrections that taught
_NOT_AGAINST_LIVE = "It was judged against its network, not against what Live learned: compare both."


def run(job: TeachJob, cancelled: Callable[[], bool], recipe: TeachingRecipe = RECIPE) -> Iterator[Event]:
    """Teach, and write the new version to ``job.out``.

    Raises `errors.Cancelled` soon after a cancel, and `UserError` when there is nothing to learn from or the parent
    does not fit; nothing is written then.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(job.settings.threads or max(1, cores() - 1))
    try:
        clock, device = Clock(job.settings, cancelled), pick(job.settings.device)
        rng = np.random.default_rng(job.settings.seed)
        torch.manual_seed(job.settings.seed)
        yield Started(device=device.words)
        material = yield from read_material(job, recipe, clock, rng)
        if material.why_not_judged:
            yield Note(text=material.why_not_judged)
        if material.note:
            yield Note(text=material.note)
        yield from Teaching(job, recipe, clock, device, rng, material).events()
    finally:
        torch.set_num_threads(threads)


class Teaching:
    """One job of teaching, from what was read to a model file."""

    def __init__(
        self,
        job: TeachJob,
        recipe: TeachingRecipe,
        clock: Clock,
        device: Device,
        rng: np.random.Generator,
        material: Material,
    ) -> None:
        self._job = job
        self._recipe = recipe
        self._clock = clock
        self._start = start = material.start
        self._windows = list(material.windows)
        self._judging, self._choosing, self._own = material.judging, material.choosing, material.own
        self._new_to_parent = material.new_to_parent
        self._shown = self._choosing or self._judging
        self._why_not_judged = material.why_not_judged
        settings, fresh = job.settings, start.parent is None
        self._representation = representation_of(start.header)
        objective = Objective(self._representation.meanings, settings.loss, settings.distance_loss)
        self._old = copy.deepcopy(start.net).to(device.torch) if start.knows_the_images else None
        self._learner = Learner(start.net, device, self._course(objective))
        self._evaluator = Evaluator(self._learner.average, device, start.header, objective, self._beat)
        self._patches = Patches(job, recipe, material, rng)
        rate = settings.learning_rate or recipe.rate_for(settings.optimizer, fresh=fresh)
        self._schedule = schedule_for(settings.schedule, rate)
        self._decode, self._tune_at = start.header.decode, 0.2
        self._apart = 1 / recipe.validations  # of the time, from one validation to the next
        self._best = Best()
        self._parent = Parent(start.parent, self._representation, self._evaluator, start.seen)

    def events(self) -> Iterator[Event]:
        """Everything that happens; the last is `Finished`."""
        before = yield from self._judge_before()
        if self._start.parent is not None:
            yield from self._look_at_parent()
        yield from self._go_on()
        yield from self._learn()
        self._best.put_into(self._learner.average)
        if self._old is not None:
            yield from self._go_half_way(self._old)
        yield from self._finish(before)

    def _beat(self, what: str) -> Event:
        return self._clock.beat(self._learner.steps, what)

    def _course(self, objective: Objective) -> Course:
        settings, recipe = self._job.settings, self._recipe
        return Course(
            objective,
            settings.optimizer,
            settings.weight_decay,
            recipe.average,
            recipe.head_rate,
            freeze_norm=recipe.freeze_norm and self._start.parent is not None,
            limit=recipe.limit,
        )

    def _judge_before(self) -> Generator[Event, None, tuple[Score, Tally] | None]:
        began = self._clock.elapsed
        before = yield from self._evaluator.judge(self._judging, self._start.header.decode)
        first = None if before is None else before[0]
        if self._choosing:
            first = yield from self._evaluator.evaluate(self._choosing, self._start.header.decode)
        took = self._clock.elapsed - began
        voxels = sum(case.size for case in (*self._judging, *self._choosing))
        own, shown = (
            took * sum(case.size for case in cases) / voxels if voxels else 0.0 for cases in (self._own, self._shown)
        )
        self._clock.keep_back(1.5 * took + (3.0 if self._old is None else 5.0) * (own if voxels else 2.0) + 0.5)
        self._apart = max(self._apart, 8 * shown / self._job.settings.max_seconds)
        if first is not None:
            yield self._validated(first, None)
        return before

    def _look_at_parent(self) -> Iterator[Event]:
        settings, clock, began = self._job.settings, self._clock, self._clock.elapsed
        guards = not self._why_not_judged
        self._windows = yield from self._parent.look(
            self._windows,
            self._new_to_parent,
            self._start.header.decode,
            replays=settings.replay > 0,
            guards=guards,
            is_late=lambda: clock.elapsed > 0.2 * settings.max_seconds,
        )
        if guards:  # it is looked at once more, by then
            clock.keep_back(clock.reserve + clock.elapsed - began)

    def _go_on(self) -> Iterator[Event]:
        """Begin as the version ended that is taught on; where nothing later is better, it stays as that one was."""
        further = self._start.further
        if further is None:
            return
        self._learner.begin_with(further.net.state_dict())
        self._decode = further.header.decode
        if self._choosing:
            score = yield from self._evaluator.evaluate(self._choosing, self._decode)
            if score is not None:
                self._best.offer(score, self._learner.average)

    def _learn(self) -> Iterator[Event]:
        settings, steps = self._job.settings, 0
        losses: list[float] = []
        due, has_warned = self._apart, False
        self._clock.begin_steps()
        while (used := self._clock.share_used(steps)) < 1 and self._best.stale < settings.patience:
            batch = self._patches.draw(self._windows)
            yield self._clock.beat(steps, self._words(steps))
            loss = self._learner.forward(batch)
            yield self._clock.beat(steps, self._words(steps))
            losses.append(self._learner.backward(loss))
            self._learner.update(self._schedule.rate(used))
            steps += 1
            if not has_warned and (warning := self._clock.too_few(steps)):
                has_warned = True
                yield Note(text=warning)
            if self._clock.share_used(steps) >= due:
                yield from self._validate(float(np.mean(losses)))
                due = self._clock.share_used(steps) + self._apart
                losses = []

    def _words(self, steps: int) -> str:
        expected = self._clock.steps_expected(steps)
        return "Teaching" if expected is None else f"Teaching, step {steps + 1} of about {expected}"

    def _validate(self, training_loss: float) -> Iterator[Event]:
        used = self._clock.share_used(self._learner.steps)
        if used >= self._tune_at:
            self._decode = yield from self._choose_decoding()
            self._tune_at = used + _TUNE_APART
        score = yield from self._evaluator.evaluate(self._shown, self._decode)
        self._schedule.observe(score.loss if score is not None and self._choosing else training_loss)
        if score is None:
            yield Validated(step=self._learner.steps, seconds=self._clock.elapsed, training_loss=training_loss)
            return
        yield self._validated(score, training_loss)
        if self._choosing:
            self._best.offer(score, self._learner.average)

    def _go_half_way(self, old: nn.Module) -> Iterator[Event]:
        """Keep half of what was learned, the mean of old and new weights, unless the corrections want all of it.

        Of images that the model knows it loses less of the rest so, and gains as much (Wortsman et al., "Robust
        fine-tuning of zero-shot models", CVPR 2022). Where the user means something else than it finds, half of that
        is neither: the corrections tell.
        """
        average, decode = self._learner.average, self._start.header.decode
        all_of_it = copy.deepcopy(average.state_dict())
        wanted = yield from self._evaluator.evaluate(self._own, decode)
        follow(average, old, _HALF_WAY)
        found = yield from self._evaluator.evaluate(self._own, decode)
        if wanted is not None and found is not None and found.fine < wanted.fine - _AS_WELL:
            average.load_state_dict(all_of_it)

    def _finish(self, before: tuple[Score, Tally] | None) -> Iterator[Event]:
        decode = yield from self._choose_decoding()
        after = yield from self._evaluator.judge(self._judging, decode)
        yield from self._parent.compare(decode)
        yield self._clock.beat(self._learner.steps, "Writing the model")
        scores = {} if self._start.parent is None else {BEFORE: round(self._parent.known.score, 4)}
        result = TeachResult(
            job=self._job.id,
            model=self._job.out,
            why_no_score=self._why_not_judged,
            steps=self._learner.steps,
            patches=self._learner.steps * self._patches.count,
            seconds=self._clock.elapsed,
        )
        if before is not None and after is not None and not self._why_not_judged:
            verdict = judged(before, after, self._parent.guard, self._parent.known.right)
            result = result.model_copy(
                update={
                    "score_before": before[0].score,
                    "score_after": after[0].score,
                    "gain_low": verdict.gain.low,
                    "gain_high": verdict.gain.high,
                    "better": verdict.is_better,
                    "why_waits": verdict.why_waits,
                    "share_lost": self._parent.guard.share_lost,
                }
            )
            scores[AFTER] = round(after[0].score, 4)
            if self._start.after_live:
                result = result.model_copy(update={"better": False, "why_waits": _NOT_AGAINST_LIVE})
        header = self._start.header.model_copy(update={"decode": decode, "scores": scores})
        checkpoint.save(self._job.out, header, self._learner.average)
        yield Finished(result=result)

    def _choose_decoding(self) -> Generator[Event, None, DecodeSettings]:
        """How to separate objects; as the model does that knows the images, for corrections are of its mistakes."""
        if self._start.knows_the_images:
            return self._start.header.decode
        return (yield from self._evaluator.choose_decoding(self._own, self._parent_score))

    @property
    def _parent_score(self) -> float | None:
        return None if self._start.parent is None else self._parent.known.score

    def _validated(self, score: Score, training_loss: float | None) -> Validated:
        return Validated(
            step=self._learner.steps,
            seconds=self._clock.elapsed,
            training_loss=training_loss,
            validation_loss=score.loss,
            score=None if self._why_not_judged else score.score,
        )
