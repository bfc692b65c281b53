"""What the parts of a session tell those who listen."""

from __future__ import annotations

from psygnal import Signal


class Signals:
    """One object for all signals of a session; parts emit, faces connect."""

    image_changed = Signal()  # another image is current, or its volume was read differently
    labels_changed = Signal(object)  # ProjectImage: its labels changed by something other than the layer
    confirmed_changed = Signal(object)  # ProjectImage
    edited = Signal(object, object)  # ProjectImage, Delta: an edit of its labels, done or taken back, whoever shows it
    stroke_ended = Signal()
    model_changed = Signal()
    clicker_changed = Signal()  # the network that is asked by clicks, or one that waits, is another
    settings_changed = Signal()  # settings, kind, classes or where jobs run
    job_started = Signal(str)
    job_event = Signal(str, object)
    job_ended = Signal(str, object)
    click_proposed = Signal(object, object)  # mask, box
    click_cleared = Signal()
    live_proposed = Signal(object)  # LiveProposal; None: nothing is proposed any more
    looked_inside = Signal(object)  # InsideMap
    compared = Signal()  # a comparison of versions was made, or is over
    tried = Signal()  # another model was tried on what is seen, or what was tried is over
    evaluated = Signal()  # what is known of how well models do on the current image is something else
    object_classes_changed = Signal()  # an object was given a class, or other classes are proposed
    mapped = Signal()  # there is another map of objects, or none
    doubts_changed = Signal(object)  # ProjectImage: there is another proposal, with other doubtful places
    reviewing = Signal(object)  # DoubtfulPlace that is looked at now, or None
    suggested = Signal(object)  # Suggestion for what is looked at, or None
    paging = Signal(object)  # ReviewPage that is shown now, or None
    page_changed = Signal(object)  # the ReviewPage that is shown: what is marked on it, suggested or said of it
    message = Signal(str)
    leaving_region = Signal()  # another part of the large image will be opened
    region_changed = Signal(object, tuple)  # LargeProjectImage, voxel (t, z, y, x): the part around it is open now
    overview_changed = Signal(object)  # LargeProjectImage: labels outside the open part are others
    saved = Signal()
    project_began = Signal()  # for the first image
    project_moved = Signal(object, object)  # the folder where the project was, and the one where it is
    trouble_changed = Signal()  # `Choices.trouble` began or ended
