"""*Teach*: a network learns from corrections, is judged on those it never saw, and is written when it is done.

::

    corrections ---> windows at network resolution -----> patches -> network -> running average
    (`training_data`)  (`material`: teaches | chooses | judges) (`drawing`)      |  looked at now and then, by what
                                                                                 v  chooses; the best state is kept
                  decoding chosen on what taught (`tune_decoding`), judged by the rest (`verdict`), model written

Of few corrections two networks learn in turn at first, from one half each, and each is judged by the other half; then
the mean of both learns from all (`pupils`).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Generator, Iterator, Sequence

import numpy as np
import torch
from torch import nn

from napari_apprentice.data.geometry.blocks import cores
from napari_apprentice.data.models import representation_of
from napari_apprentice.engine import checkpoint
from napari_apprentice.engine.best import Best
from napari_apprentice.engine.clock import Clock
from napari_apprentice.engine.device import Device, pick
from napari_apprentice.engine.drawing import Patches
from napari_apprentice.engine.evaluator import Evaluator, Score
from napari_apprentice.engine.judging import EvaluationCase
from napari_apprentice.engine.losses import Objective
from napari_apprentice.engine.material import Material, read_material
from napari_apprentice.engine.parent import AFTER, BEFORE, Parent
from napari_apprentice.engine.pupils import Judged, Pupil, Pupils
from napari_apprentice.engine.schedules import schedule_for
from napari_apprentice.engine.teaching_recipe import RECIPE, TeachingRecipe
from napari_apprentice.engine.train import Course, Learner, follow
from napari_apprentice.engine.verdict import judged
from napari_apprentice.events import Event, Finished, Note, Started, Validated
from napari_apprentice.jobs import TeachJob, TeachResult
from napari_apprentice.settings import DecodeSettings

_TUNE_APART = 0.3  # of the time
_HALF_WAY = 0.5
_IN_HALVES = 0.4  # of the time, in which two networks learn from half of the corrections each
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
        self._choosing, self._new_to_parent = material.choosing, material.new_to_parent
        self._why_not_judged = material.why_not_judged
        settings, fresh = job.settings, start.parent is None
        self._representation = representation_of(start.header)
        objective = Objective(self._representation.meanings, settings.loss, settings.distance_loss)
        self._old = copy.deepcopy(start.net).to(device.torch) if start.knows_the_images else None
        nets = [start.net, *(copy.deepcopy(start.net) for _ in material.lessons[1:])]
        self._pupils = Pupils(
            [
                Pupil(lesson, Learner(net, device, self._course(objective)), start.header, objective, self._beat)
                for lesson, net in zip(material.lessons, nets, strict=True)
            ]
        )
        self._patches = Patches(job, recipe, material, rng)
        rate = settings.learning_rate or recipe.rate_for(settings.optimizer, fresh=fresh)
        self._schedule = schedule_for(settings.schedule, rate)
        self._tune_at = 0.2
        self._apart = 1 / recipe.validations  # of the time, from one validation to the next
        self._best = Best()
        self._has_warned = False
        self._parent = Parent(start.parent, self._representation, self._pupils.first.evaluator, start.seen)

    def events(self) -> Iterator[Event]:
        """Everything that happens; the last is `Finished`."""
        before = yield from self._judge_before()
        if self._start.parent is not None:
            yield from self._look_at_parent()
        yield from self._go_on()
        self._clock.begin_steps()
        pupils = self._pupils
        if pupils.are_two:
            yield from self._learn(_IN_HALVES)
            yield from pupils.choose_decoding(self._decoding)
            after = yield from pupils.judge()
            pupils.join()
            yield from self._learn(1.0)
            yield from pupils.choose_decoding(self._decoding)
        else:
            yield from self._learn(1.0)
            self._best.put_into(pupils.first.learner.average)
            if self._old is not None:
                yield from self._go_half_way(self._old)
            yield from pupils.choose_decoding(self._decoding)
            after = yield from pupils.judge()
        yield from self._finish(before, after)

    def _beat(self, what: str) -> Event:
        return self._clock.beat(self._pupils.steps, what)

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

    def _judge_before(self) -> Generator[Event, None, Judged | None]:
        began, pupils = self._clock.elapsed, self._pupils
        before = yield from pupils.judge()
        first = None if before is None else before[0]
        if self._choosing:
            first = yield from pupils.first.evaluator.evaluate(self._choosing, pupils.first.decode)
        took = self._clock.elapsed - began
        voxels = sum(case.size for case in (*pupils.judging, *self._choosing))
        own, shown = (
            took * sum(case.size for case in cases) / voxels if voxels else 0.0
            for cases in (pupils.own, self._choosing or pupils.judging)
        )
        self._clock.keep_back(1.5 * took + (3.0 if self._old is None else 5.0) * (own if voxels else 2.0) + 0.5)
        self._apart = max(self._apart, 8 * shown / self._job.settings.max_seconds)
        if first is not None:
            yield self._validated(first, None)
        return before

    def _look_at_parent(self) -> Iterator[Event]:
        settings, clock, began = self._job.settings, self._clock, self._clock.elapsed
        guards = not self._why_not_judged
        windows = yield from self._parent.look(
            [one.windows for one in self._pupils.every],
            self._new_to_parent,
            self._start.header.decode,
            replays=settings.replay > 0,
            guards=guards,
            is_late=lambda: clock.elapsed > 0.2 * settings.max_seconds,
        )
        for pupil, looked in zip(self._pupils.every, windows, strict=True):
            pupil.windows = looked
        if guards:  # it is looked at once more, by then
            clock.keep_back(clock.reserve + clock.elapsed - began)

    def _go_on(self) -> Iterator[Event]:
        """Begin as the version ended that is taught on; where nothing later is better, it stays as that one was."""
        further, pupil = self._start.further, self._pupils.first
        if further is None:
            return
        pupil.learner.begin_with(further.net.state_dict())
        pupil.decode = further.header.decode
        if self._choosing:
            score = yield from pupil.evaluator.evaluate(self._choosing, pupil.decode)
            if score is not None:
                self._best.offer(score, pupil.learner.average)

    def _learn(self, until: float) -> Iterator[Event]:
        settings, steps = self._job.settings, self._pupils.steps
        losses: list[float] = []
        due = self._clock.share_used(steps) + self._apart
        while (used := self._clock.share_used(steps)) < until and self._best.stale < settings.patience:
            learner, windows = self._pupils.next
            batch = self._patches.draw(windows)
            yield self._clock.beat(steps, self._clock.words("Teaching", steps))
            loss = learner.forward(batch)
            yield self._clock.beat(steps, self._clock.words("Teaching", steps))
            losses.append(learner.backward(loss))
            learner.update(self._schedule.rate(used))
            steps += 1
            if not self._has_warned and (warning := self._clock.too_few(steps)):
                self._has_warned = True
                yield Note(text=warning)
            if self._clock.share_used(steps) >= due:
                yield from self._validate(float(np.mean(losses)))
                due = self._clock.share_used(steps) + self._apart
                losses = []

    def _validate(self, training_loss: float) -> Iterator[Event]:
        pupils, steps = self._pupils, self._pupils.steps
        used = self._clock.share_used(steps)
        if used >= self._tune_at:
            yield from pupils.choose_decoding(self._decoding)
            self._tune_at = used + _TUNE_APART
        if self._choosing:
            score = yield from pupils.first.evaluator.evaluate(self._choosing, pupils.first.decode)
        elif pupils.are_joined:
            score = None  # all of it teaches by now
        else:
            judged_now = yield from pupils.judge()
            score = None if judged_now is None else judged_now[0]
        self._schedule.observe(score.loss if score is not None and self._choosing else training_loss)
        if score is None:
            yield Validated(step=steps, seconds=self._clock.elapsed, training_loss=training_loss)
            return
        yield self._validated(score, training_loss)
        if self._choosing:
            self._best.offer(score, pupils.first.learner.average)

    def _go_half_way(self, old: nn.Module) -> Iterator[Event]:
        """Keep half of what was learned, the mean of old and new weights, unless the corrections want all of it.

        Of images that the model knows it loses less of the rest so, and gains as much (Wortsman et al., "Robust
        fine-tuning of zero-shot models", CVPR 2022). Where the user means something else than it finds, half of that
        is neither: the corrections tell.
        """
        pupil, decode = self._pupils.first, self._start.header.decode
        average, evaluator = pupil.learner.average, pupil.evaluator
        all_of_it = copy.deepcopy(average.state_dict())
        wanted = yield from evaluator.evaluate(pupil.own, decode)
        follow(average, old, _HALF_WAY)
        found = yield from evaluator.evaluate(pupil.own, decode)
        if wanted is not None and found is not None and found.fine < wanted.fine - _AS_WELL:
            average.load_state_dict(all_of_it)

    def _finish(self, before: Judged | None, after: Judged | None) -> Iterator[Event]:
        pupils, joined = self._pupils, None
        decode = pupils.first.decode
        if pupils.began_as_two:
            joined = yield from pupils.first.evaluator.judge(pupils.judging, decode)
        yield from self._parent.compare(decode)
        yield self._beat("Writing the model")
        scores = {} if self._start.parent is None else {BEFORE: round(self._parent.known.score, 4)}
        result = TeachResult(
            job=self._job.id,
            model=self._job.out,
            why_no_score=self._why_not_judged,
            steps=pupils.steps,
            patches=pupils.steps * self._patches.count,
            seconds=self._clock.elapsed,
        )
        if before is not None and after is not None and not self._why_not_judged:
            verdict = judged(before, after, self._parent.guard, self._parent.right_elsewhere, joined and joined[1])
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
        parent, further = self._start.parent, self._start.further
        before_it = [one for one in (parent, None if further is None else further.header) if one is not None]
        from_all = pupils.began_as_two or any(one.learned_from_all for one in before_it)
        changes = {"decode": decode, "scores": scores, "learned_from_all": from_all}
        checkpoint.save(self._job.out, self._start.header.model_copy(update=changes), pupils.first.learner.average)
        yield Finished(result=result)

    def _decoding(
        self, evaluator: Evaluator, cases: Sequence[EvaluationCase]
    ) -> Generator[Event, None, DecodeSettings]:
        """How to separate objects; as the model does that knows the images, for corrections are of its mistakes."""
        if self._start.knows_the_images:
            return self._start.header.decode
        score = None if self._start.parent is None else self._parent.known.score
        return (yield from evaluator.choose_decoding(cases, score))

    def _validated(self, score: Score, training_loss: float | None) -> Validated:
        return Validated(
            step=self._pupils.steps,
            seconds=self._clock.elapsed,
            training_loss=training_loss,
            validation_loss=score.loss,
            score=None if self._why_not_judged else score.score,
        )
