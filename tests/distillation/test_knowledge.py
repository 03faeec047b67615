"""What a teacher knows, as arrays."""

import numpy as np
from numpy.testing import assert_array_equal

from sklearn_skd.distillation import TeacherKnowledge


def test_soft_labels_alone_are_knowledge():
    told = TeacherKnowledge(np.eye(3))
    assert told.hidden is told.branch_proba is told.present is None


def test_take_cuts_every_part_and_leaves_absent_ones_absent():
    logits, hidden = np.arange(12).reshape(4, 3), np.arange(8).reshape(4, 2)
    told = TeacherKnowledge(logits, hidden=hidden).take([2, 0])
    assert_array_equal(told.logits, logits[[2, 0]])
    assert_array_equal(told.hidden, hidden[[2, 0]])
    assert told.branch_proba is told.present is None


def test_take_cuts_what_the_branches_say():
    branches, present = np.arange(24).reshape(4, 2, 3), np.eye(4, 2, dtype=bool)
    told = TeacherKnowledge(np.eye(4, 3), None, branches, present).take(slice(1, 3))
    assert_array_equal(told.branch_proba, branches[1:3])
    assert_array_equal(told.present, present[1:3])
