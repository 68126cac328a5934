"""Names of classes that say that they are no tumour."""

import pytest

from podium.slides.annotations.class_names import class_note, denies_tumour


@pytest.mark.parametrize("name", [
    "Normal", "normal epithelium", "Benign", "STROMA", "Exclude", "exclusion", "Background",
    "Necrosis", "Immune cells", "non-tumour", "No tumor", "Nontumor", "Ignore*", "Other",
    "Artifact_1", "Stroma: Positive",
])  # fmt: skip
def test_no_tumour(name):
    assert denies_tumour(name)


@pytest.mark.parametrize("name", [
    "Tumor", "tumour", "Tumor: Negative", "Tumor stroma", "Normal-like tumour", "Carcinoma in situ",
    "Non-small cell carcinoma", "_0", "Metastasis", "nucleus", "Gleason 4", "Abnormal", "class 1",
    "",
])  # fmt: skip
def test_tumour_for_all_that_its_name_says(name):
    assert not denies_tumour(name)


def test_the_note():
    areas = {f"c{k}": 10.0 for k in range(12)} | {"x\x1b" + "y" * 60: 500.0}
    note = class_note(areas, {"tumour": ["c1"]}, 1000)
    assert note.startswith("classes: c0 1.0%, c1 1.0%, ")
    assert note.endswith("c9 1.0%, and 3 more of the slide; taken as tumour: c1")
    assert class_note({"a\x1bb": 5.0}, {"tumour": []}, 10) == (
        r"classes: a\x1bb 50.0% of the slide; taken as tumour: none of them"
    )
