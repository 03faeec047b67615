"""Files of other versions, and headers that say what is none of ours, are told apart."""

import numpy as np
import pytest

import sklearn_skd
from sklearn_skd import SKDStudentClassifier, load, save
from sklearn_skd.deployment._archive import read_archive, write_archive

X = {
    "words": np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32),
    "culture": np.arange(24).reshape(12, 2) % 3,
}
Y = np.array(["calm", "sad"])[np.arange(12) % 2]


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    student = SKDStudentClassifier(strategy="student-only", calibration=None, max_epochs=1)
    path = save(student.fit(X, Y), tmp_path_factory.mktemp("saved") / "student.safetensors")
    return path.read_bytes()


@pytest.fixture
def path(content, tmp_path):
    path = tmp_path / "student.safetensors"
    path.write_bytes(content)
    return path


def reseal(path, change):
    """Change header and arrays in place, under a right checksum."""
    header, arrays = read_archive(path, check=lambda header: None)
    change(header, arrays)
    write_archive(path, header, arrays)


def test_resealing_alone_changes_nothing(path, content):
    reseal(path, lambda header, arrays: None)
    assert path.read_bytes() == content
    assert load(path).predict(X).shape == (12,)


def test_the_file_says_who_wrote_it(path):
    header, _ = read_archive(path, check=lambda header: None)
    assert header["format"] == "sklearn-skd model"
    assert header["versions"].keys() == {"sklearn-skd", "numpy", "scikit-learn", "torch"}
    assert header["versions"]["sklearn-skd"] == sklearn_skd.__version__


@pytest.mark.parametrize("version", ["99.0.0", "0.99.1", "1.0", "2.5.dev0"])
def test_a_file_of_a_newer_version_says_what_to_install(path, version):
    reseal(path, lambda header, arrays: header["versions"].update({"sklearn-skd": version}))
    with pytest.raises(ValueError, match=r"student\.safetensors cannot") as caught:
        load(path)
    message = str(caught.value)
    assert f"written by sklearn-skd {version}" in message
    assert f"this is sklearn-skd {sklearn_skd.__version__}" in message
    assert f'pip install "sklearn-skd>={".".join(version.split(".")[:2])}"' in message


def test_a_newer_format_says_so_whatever_is_in_it(path):
    def change(header, arrays):
        header["format_version"] = 2
        header["estimator"] = "in a way that nobody knows yet"

    reseal(path, change)
    with pytest.raises(ValueError, match=r"\(format 2\); this .* reads formats up to 1"):
        load(path)


@pytest.mark.parametrize("version", ["0.0.9", "0.1.99", "0.1.0rc1"])
def test_files_of_older_versions_and_other_patches_are_read(path, version):
    reseal(path, lambda header, arrays: header["versions"].update({"sklearn-skd": version}))
    load(path)


def test_files_written_with_other_libraries_are_read(path):
    others = {"torch": "99.0", "scikit-learn": "0.1", "numpy": "7"}
    reseal(path, lambda header, arrays: header["versions"].update(others))
    load(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "other"}, r"not written by sklearn_skd\.save"),
        ({"format_version": None}, "which version wrote it"),
        ({"format_version": True}, "which version wrote it"),
        ({"format_version": 0}, "format 0 is not known"),
        ({"versions": None}, "which version wrote it"),
        ({"versions": {}}, "which version wrote it"),
        ({"versions": {"sklearn-skd": "new"}}, "which version wrote it"),
        ({"versions": {"sklearn-skd": "9" * 5000 + ".1"}}, "which version wrote it"),
    ],
)
def test_a_header_without_a_version_is_an_error(path, changes, message):
    reseal(path, lambda header, arrays: header.update(changes))
    with pytest.raises(ValueError, match=rf"student\.safetensors cannot be loaded: .*{message}"):
        load(path)


def parameters(**changed):
    return lambda content, arrays: content["parameters"].update(changed)


def fitted(**changed):
    return lambda content, arrays: content["fitted"].update(changed)


def source(position, **changed):
    return lambda content, arrays: content["fitted"]["sources_"][position]["dict"].update(changed)


def array(name, value):
    return lambda content, arrays: arrays.update({f"SKDStudentClassifier.{name}": value})


def without(name):
    return lambda content, arrays: arrays.pop(f"SKDStudentClassifier.{name}")


NET = "net_.members.0."
BAD = [
    (lambda c, a: c.update({"class": "system"}), "'system', which is not on the list"),
    (lambda c, a: c.update({"class": "os.system"}), "not on the list"),
    (lambda c, a: c.update({"class": "Path"}), "not on the list"),
    (lambda c, a: c.update({"class": ["SKDStudentClassifier"]}), "where a str"),
    (lambda c, a: c.update({"class": "TeacherClassifier"}), "TeacherClassifier has no parameter"),
    (lambda c, a: c.update({"class": "Pipeline"}), "Pipeline has no parameter"),
    (lambda c, a: c.update({"more": 1}), "other parts"),
    (lambda c, a: (c.update({"fitted": None}), a.clear()), "not fitted yet"),
    (lambda c, a: c["fitted"].clear(), "has no attribute"),
    (lambda c, a: c["fitted"].pop("net_"), "has no attribute 'net_'"),
    (parameters(__class__="x"), "no parameter '__class__'"),
    (parameters(memory="/tmp"), "no parameter 'memory' that is stored"),
    (parameters(max_epochs=-1), "max_epochs"),
    (parameters(dropout="x"), "dropout"),
    (parameters(teacher={"dict": {}}), "teacher"),
    (fitted(__class__="x"), "unknown attribute '__class__'"),
    (fitted(temperature_=0), "temperature_ cannot be 0"),
    (fitted(temperature_="warm"), "temperature_ cannot be 'warm'"),
    (fitted(temperature_={"float": "nan"}), "temperature_ cannot be nan"),
    (fitted(classes_=["calm", "sad"]), "classes_ cannot be such a"),
    (fitted(n_iter_=1.5), "n_iter_ cannot be"),
    (fitted(history_=None), "history_ cannot be"),
    (fitted(net_=None), "where a dict"),
    (fitted(net_={"arrays": "nowhere"}), "not numbered from 0"),
    (fitted(sources_=[]), "has 0 sources"),
    (fitted(sources_=[1]), "where a dict"),
    (source(0, name=""), "no name of a source"),
    (source(0, name="culture"), "one name"),
    (source(0, kind="video"), "of the kind 'video'"),
    (source(0, size=2), "do not fit its size 2"),
    (source(0, size=0), "has the size 0"),
    (source(0, size="3"), "has the size 3"),
    (source(0, size=2**40), "no arrays that are large enough"),
    (source(0, flagged=1), "where a bool"),
    (source(1, n_codes=[3]), "no numbers of codes"),
    (source(1, n_codes=[3, 2**40]), "no numbers of codes"),
    (source(1, n_codes=[3, 30]), "of a net has shape"),
    (array("fitted.extra", np.zeros(2)), "belongs to nothing"),
    (array(NET + "output.1.bias", np.zeros(3)), "of a net has shape"),
    (array(NET + "output.1.bias", np.zeros(2, np.float32)), "and type torch.float32, not"),
    (array("net_.members.1.output.1.bias", np.zeros(2)), "missing or not known"),
    (array("net_.members.7.output.1.bias", np.zeros(2)), "not numbered from 0"),
    (array("net_.members.0.surplus", np.zeros(2)), "'members.0.surplus' of a net"),
    (array(NET + "encoders.1.offsets", np.array([0, 9])), "do not fit their embedding"),
    (array(NET + "encoders.1.n_codes", np.array([-3, 9])), "do not fit their embedding"),
    (array("sources_.0.mean", np.zeros(5)), "do not fit its size"),
    (array("sources_.0.mean", np.full(3, np.nan)), "do not fit its size"),
    (array("sources_.0.scale", np.zeros(3)), "not above 0"),
    (array("classes_", np.full((2, 4), 2**31, np.uint32)), "no character"),
    (array("classes_", np.full((2, 4, 1), 65, np.uint32)), "classes_ cannot be such a"),
    (array("classes_", np.full((5, 4), 65, np.uint32)), "of a net has shape"),
    (without(NET + "output.1.bias"), "missing or not known"),
    (without("classes_"), "missing, or used twice"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_what_save_would_not_write_is_an_error_that_names_the_file(path, change, message):
    reseal(path, lambda header, arrays: change(header["estimator"]["estimator"], arrays))
    with pytest.raises(ValueError, match=rf"student\.safetensors cannot be loaded: .*{message}"):
        load(path)


@pytest.mark.parametrize(
    "node",
    [None, 5, "text", [], {}, {"dict": {}}, {"eval": "1"}, {"estimator": []}, {"frozen": 0}],
)
def test_a_file_of_something_else_than_an_estimator_is_an_error(path, node):
    def change(header, arrays):
        header["estimator"] = node
        arrays.clear()

    reseal(path, change)
    with pytest.raises(ValueError, match=r"student\.safetensors cannot be loaded"):
        load(path)


def test_nesting_without_end_is_an_error(path):
    node = None
    for _ in range(400):
        node = {"tuple": [node]}

    def change(header, arrays):
        header["estimator"] = node
        arrays.clear()

    reseal(path, change)
    with pytest.raises(ValueError, match="nested too deeply"):
        load(path)
