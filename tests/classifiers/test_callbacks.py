"""Progress through scikit-learn's callbacks, silence, and interruption."""

from collections import Counter

import pytest
from sklearn.callback import ProgressBar
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_skd import SKDStudentClassifier, TeacherClassifier

no_callbacks_in_transformer = pytest.mark.filterwarnings(
    "ignore:The estimator FunctionTransformer does not support callbacks"
)


class Recorder:
    """Counts finished tasks by estimator and name, at any depth."""

    max_propagation_depth = None

    def __init__(self):
        self.ended = Counter()
        self.depth = Counter()

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context, **kwargs):
        self.depth[self._key(estimator, context)] += 1

    def on_fit_task_end(self, estimator, context, **kwargs):
        self.depth[self._key(estimator, context)] -= 1
        self.ended[self._key(estimator, context)] += 1

    @staticmethod
    def _key(estimator, context):
        return type(estimator).__name__, context.task_name


class Interrupting(Recorder):
    """Ctrl-C after some epochs of one estimator."""

    def __init__(self, name, epochs=1):
        super().__init__()
        self.name, self.epochs = name, epochs

    def on_fit_task_end(self, estimator, context, **kwargs):
        super().on_fit_task_end(estimator, context, **kwargs)
        if self.ended[self.name, "epoch"] >= self.epochs:
            raise KeyboardInterrupt


class Stopping(Recorder):
    """Asks every run of one estimator to end after its first epoch."""

    def __init__(self, name):
        super().__init__()
        self.name = name

    def on_fit_task_end(self, estimator, context, **kwargs):
        super().on_fit_task_end(estimator, context, **kwargs)
        return self._key(estimator, context) == (self.name, "epoch")


@pytest.fixture
def search(tiny_student):
    student = tiny_student(teacher=TeacherClassifier(max_epochs=3), max_epochs=2)
    pipeline = Pipeline([("same", FunctionTransformer()), ("student", student)])
    return GridSearchCV(pipeline, {"student__temperature": [1.0, 2.0]}, cv=2)


@no_callbacks_in_transformer
def test_a_search_over_a_pipeline_shows_the_epochs_of_teachers_and_students(search, collection):
    recorder = Recorder()
    search.set_callbacks(recorder).fit(collection.X, collection.y)
    n_fits = 2 * 2 + 1  # candidates times folds, and the best one on all songs
    assert recorder.ended["SKDStudentClassifier", "teachers"] == n_fits
    assert recorder.ended["SKDStudentClassifier", "validation"] == n_fits
    assert recorder.ended["SKDStudentClassifier", "epoch"] == n_fits * 2 * 2
    assert recorder.ended["TeacherClassifier", "epoch"] == n_fits * (2 + 1) * 3
    assert not any(recorder.depth.values())  # whatever began has ended


@no_callbacks_in_transformer
def test_a_progress_bar_names_the_teacher_and_the_student(search, collection, capsys):
    search.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(collection.X, collection.y)
    shown = capsys.readouterr().out
    assert "TeacherClassifier" in shown
    assert "SKDStudentClassifier" in shown


def test_a_callback_may_end_the_training(tiny_student, collection):
    student = tiny_student(max_epochs=5).set_callbacks(Stopping("SKDStudentClassifier"))
    student.fit(collection.X, collection.y)
    assert student.n_iter_ == 1
    assert len(student.history_) == 1


@pytest.mark.parametrize("strategy", ["student-only", "skd"])
def test_silent_unless_asked(tiny_student, collection, capfd, strategy):
    student = tiny_student(strategy=strategy).fit(collection.X, collection.y)
    student.predict_proba(collection.X)
    assert capfd.readouterr() == ("", "")


def test_verbose_says_what_was_decided(tiny_student, collection, capsys):
    y = collection.y.astype(object)
    y[:4] = None
    tiny_student(verbose=1).fit(collection.X, y)
    shown = capsys.readouterr().out
    assert "4 of 48 songs are unlabelled" in shown
    assert "3 teacher fits took" in shown
    assert "have mean 0.30" in shown
    TeacherClassifier(max_epochs=1, verbose=1).fit(collection.X, y)
    assert "4 unlabelled songs passed over" in capsys.readouterr().out


def test_verbose_does_not_speak_of_weights_that_are_not_there(tiny_student, collection, capsys):
    tiny_student(strategy="dkd", verbose=1).fit(collection.X, collection.y)
    shown = capsys.readouterr().out
    assert "teacher fits took" in shown
    assert "nan" not in shown


@pytest.mark.parametrize("name", ["TeacherClassifier", "SKDStudentClassifier"])
def test_an_interruption_is_passed_on_and_leaves_nothing_fitted(tiny_student, collection, name):
    student = tiny_student().set_callbacks(Interrupting(name))
    with pytest.raises(KeyboardInterrupt):
        student.fit(collection.X, collection.y)
    assert not hasattr(student, "net_")


def test_an_interruption_of_the_teacher_alone_is_passed_on(collection):
    teacher = TeacherClassifier(max_epochs=3).set_callbacks(Interrupting("TeacherClassifier", 2))
    with pytest.raises(KeyboardInterrupt):
        teacher.fit(collection.X, collection.y)


def test_both_classifiers_support_callbacks():
    for classifier in (TeacherClassifier(), SKDStudentClassifier()):
        assert classifier.set_callbacks(Recorder()) is classifier


class EndingLater(Recorder):
    """Asks each run to end later than the one before."""

    def on_fit_task_begin(self, estimator, context, **kwargs):
        super().on_fit_task_begin(estimator, context, **kwargs)
        if context.task_name == "epochs":
            self.epochs, self.runs = 0, getattr(self, "runs", 0) + 1

    def on_fit_task_end(self, estimator, context, **kwargs):
        super().on_fit_task_end(estimator, context, **kwargs)
        if context.task_name == "epoch":
            self.epochs += 1
            return self.epochs > self.runs
        return False


def test_members_may_end_at_different_epochs(collection):
    teacher = TeacherClassifier(max_epochs=6, n_members=3, random_state=0)
    teacher.set_callbacks(EndingLater()).fit(collection.X, collection.y)
    assert teacher.history_["epoch"].tolist() == [1, 2]
