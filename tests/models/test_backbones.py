"""The extractor table: preprocessing by hand, sizes by Keras' own account, weights by hash."""

import hashlib
import re
import shutil
from importlib.metadata import version

import h5py
import numpy as np
import pytest
import skimage.color
import skimage.feature

from podium.core.errors import EnvironmentFault, PodiumError, SettingsError
from podium.core.files import file_sha256
from podium.models import backbones, efficientnet_lite, encoders
from podium.models.backbones import build, preprocessing
from podium.models.extractor_table import TABLE, find, is_baseline
from podium.training.runtime import keras, tf

KERAS = [name for name, row in TABLE.items() if row.family == "keras"]

# ---- preprocessing

# one pixel, R = 255, G = 128, B = 0, as each network was trained to see it:
LITE = (1.0, 0.0078125, -0.9921875)  # (255 - 127) / 128, (128 - 127) / 128, (0 - 127) / 128
CAFFE = (-103.939, 11.221, 131.32)  # B - 103.939, G - 116.779, R - 123.68: the order turns
TF = (1.0, 0.0039215686, -1.0)  # x / 127.5 - 1
TORCH = (2.2489083, 0.2051821, -1.8044444)  # (1 - .485)/.229, (.5019608 - .456)/.224, -.406/.225
CLIP = (1.9303363, 0.1688972, -1.4802198)  # (1 - .48145466)/.26862954, ..., -.40821073/.27577711
INSIDE = (255.0, 128.0, 0.0)  # the network does it: twice would be wrong

SEEN = {
    "efficientnet-lite0": LITE,
    "efficientnet-lite1": LITE,
    "efficientnet-lite2": LITE,
    "resnet50": CAFFE,
    "vgg16": CAFFE,
    "inceptionv3": TF,
    "xception": TF,
    "densenet121": TORCH,
    "efficientnetv2s": INSIDE,
    "convnexttiny": INSIDE,
    "mobilenetv3large": INSIDE,
    "efficientnetv2b0": INSIDE,
    "convnextbase": INSIDE,
    "dinov2-small": TORCH,
    "dinov2-base": TORCH,
    "dinov2r-small": TORCH,
    "dinov2r-base": TORCH,
    "dinov3-small": TORCH,
    "dinov3-base": TORCH,
    "siglip2-base": TF,
    "clip-base": CLIP,
}


def test_the_golden_pixels_cover_the_table():
    assert {*SEEN, "hog"} == set(TABLE)


@pytest.mark.parametrize("name", SEEN)
def test_preprocessing_of_a_known_pixel(name):
    pixel = tf.reshape(tf.constant([255.0, 128.0, 0.0]), (1, 1, 1, 3))
    found = np.asarray(preprocessing(TABLE[name])(pixel))
    np.testing.assert_allclose(found.reshape(3), SEEN[name], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", SEEN)
def test_the_row_says_what_its_preprocessing_is(name):
    words = {LITE: "(x - 127) / 128", TF: "x / 127.5 - 1", INSIDE: "inside the network"}
    words |= {CAFFE: "BGR minus ImageNet means (103.939, 116.779, 123.68)"}
    words |= {CLIP: "(x / 255 - mean) / std of CLIP"}
    words |= {TORCH: "(x / 255 - mean) / std of ImageNet"}
    assert TABLE[name].preprocessing == words[SEEN[name]]


# ---- sizes


@pytest.fixture(scope="module")
def untrained():
    """Each Keras row's network: (output shape, layers that preprocess)."""
    found = {}
    for name in KERAS:
        row = TABLE[name]
        size = (row.image_size, row.image_size, 3)
        constructor = getattr(keras.applications, row.builder)
        with keras.StatelessScope(initialize_variables=False):  # shapes alone: four times faster
            network = constructor(weights=None, include_top=False, pooling="avg", input_shape=size)
        kinds = (keras.layers.Rescaling, keras.layers.Normalization)
        inside = [layer for layer in network.layers if isinstance(layer, kinds)]
        found[name] = network.output_shape, inside
    keras.utils.clear_session()  # or the next scope would fill in all those variables
    return found


@pytest.mark.parametrize("name", KERAS)
def test_n_features_is_the_networks_own(untrained, name):
    assert untrained[name][0] == (None, TABLE[name].n_features)


@pytest.mark.parametrize("name", KERAS)
def test_a_network_preprocesses_inside_or_we_do(untrained, name):
    assert bool(untrained[name][1]) == (SEEN[name] == INSIDE)


@pytest.mark.parametrize("name", [name for name in KERAS if name != "mobilenetv3large"])
def test_image_size_is_what_the_network_was_trained_on(name):
    # asked for another size with its ImageNet top, Keras refuses and names the right one
    row = TABLE[name]
    size = f"({row.image_size}, {row.image_size}, 3)"
    with pytest.raises(ValueError, match=f"`input_shape` should be {re.escape(size)}"):
        getattr(keras.applications, row.builder)(weights="imagenet", input_shape=(77, 77, 3))


def test_image_sizes_that_keras_does_not_check():
    assert TABLE["mobilenetv3large"].image_size == 224  # Howard et al. 2019, section 6.1
    # the Lites: Liu 2020, "Higher accuracy on vision models with EfficientNet-Lite", table
    assert [TABLE[f"efficientnet-lite{number}"].image_size for number in range(3)] == [
        224,
        240,
        260,
    ]


# ---- weights from a file

NAME = "mobilenetv3large"  # the smallest of Keras' rows
SIZE = (224, 224, 3)


@pytest.fixture(scope="module")
def trained():
    """A network as if trained: (network, pixels (2, 224, 224, 3), its features of them)."""
    rng = np.random.default_rng(3)
    network = keras.applications.MobileNetV3Large(
        weights=None, include_top=False, pooling="avg", input_shape=SIZE
    )
    for layer in network.layers:
        values = [value * rng.uniform(0.9, 1.1, value.shape) for value in layer.get_weights()]
        if isinstance(layer, keras.layers.BatchNormalization):
            values[1] = rng.normal(0, 0.5, values[1].shape)  # or the signal dies on its way
        layer.set_weights(values)
    pixels = rng.integers(0, 256, (2, *SIZE), dtype=np.uint8)
    return network, pixels, np.asarray(network(pixels.astype(np.float32), training=False))


def in_keras_layout(network, path):
    network.save_weights(path)


def in_legacy_layout(network, path):
    """As Keras 1 and 2 wrote them: layer_names in order, each a group with its weight_names."""
    with h5py.File(path, "w") as file:
        file.attrs["backend"], file.attrs["keras_version"] = b"tensorflow", b"2.4.0"
        file.attrs["layer_names"] = [layer.name.encode() for layer in network.layers]
        for layer in network.layers:
            group = file.create_group(layer.name)
            names = [f"{layer.name}/w{number}:0" for number in range(len(layer.weights))]
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name, value in zip(names, layer.get_weights(), strict=True):
                group.create_dataset(name, data=value)


LAYOUTS = {"keras": in_keras_layout, "legacy": in_legacy_layout}


def put(folder, data):
    path = folder / f"{NAME}.weights.h5"
    if isinstance(data, bytes):
        path.write_bytes(data)
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_weights_from_a_file_give_that_networks_features(trained, monkeypatch, tmp_path, layout):
    def eagerly(model, prepare):  # a graph is traced and tested with efficientnet-lite0 below
        return lambda pixels: np.asarray(
            model(prepare(tf.cast(pixels, tf.float32)), training=False)
        )

    monkeypatch.setattr(backbones, "compile_extractor", eagerly)
    network, pixels, wanted = trained
    LAYOUTS[layout](network, tmp_path / f"{NAME}.weights.h5")
    _, digest = put(tmp_path, None)
    extractor = build(NAME, digest, tmp_path)
    found = extractor.compute(pixels)
    assert found.dtype == np.float32
    assert wanted.std() > 0.1  # features of some size, or the next line would say nothing
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-5)
    assert extractor.provenance == {
        "extractor": NAME,
        "weights_sha256": digest,
        "image_size": 224,
        "preprocessing": "inside the network",
        **{name: version(name) for name in ("tensorflow", "keras", "numpy", "pillow")},
    }
    assert (extractor.name, extractor.image_size, extractor.n_features) == (NAME, 224, 960)


def test_a_missing_file_says_what_to_put_there(tmp_path):
    wanted = (
        rf"^{re.escape(str(tmp_path))}/resnet50\.weights\.h5: no such weights file\n"
        r"remedy: put Keras' ImageNet weights without top there and their sha256 at "
        r"extractors\.resnet50\.weights, or say extractors\.resnet50\.weights: download$"
    )
    with pytest.raises(PodiumError, match=wanted):
        build("resnet50", "0" * 64, tmp_path)


def test_an_altered_file_is_refused_before_it_is_read(tmp_path):
    path, digest = put(tmp_path, b"anything")
    wanted = (
        rf"^{re.escape(str(path))}: its sha256 is {digest}\n"
        rf"but extractors\.{NAME}\.weights says {'0' * 64}\n"
        r"remedy: if you trust the file, copy the first into params\.yaml$"
    )
    with pytest.raises(PodiumError, match=wanted):
        build(NAME, "0" * 64, tmp_path)


@pytest.fixture(scope="module")
def foreign():
    return keras.applications.MobileNetV3Small(
        weights=None, include_top=False, pooling="avg", input_shape=(32, 32, 3), alpha=0.75
    )


@pytest.fixture(scope="module")
def spare():
    return keras.applications.MobileNetV3Large(
        weights=None, include_top=False, pooling="avg", input_shape=SIZE
    )


@pytest.mark.parametrize("layout", [*LAYOUTS, "garbage", "empty HDF5"])
def test_the_weights_of_another_network_are_refused(foreign, spare, monkeypatch, tmp_path, layout):
    monkeypatch.setattr(keras.applications, "MobileNetV3Large", lambda **_: spare)  # built once
    path = tmp_path / f"{NAME}.weights.h5"
    if layout in LAYOUTS:
        LAYOUTS[layout](foreign, path)
    elif layout == "garbage":
        path.write_bytes(b"<html>not found</html>")
    else:
        h5py.File(path, "w").close()
    wanted = (
        rf"^{re.escape(str(path))}: cannot be loaded into MobileNetV3Large: [^\n]+\n"
        r"remedy: use this network's weights without top \(Keras calls such files notop\)$"
    )
    with pytest.raises(PodiumError, match=wanted):
        build(NAME, put(tmp_path, None)[1], tmp_path)


# ---- words for weights


def test_an_unknown_extractor_is_named_with_the_known_ones(tmp_path):
    wanted = r"^extractors\.resnet51: unknown extractor; known are efficientnet-lite0, .*, hog$"
    for ask in (find, is_baseline, lambda name: build(name, "none", tmp_path)):
        with pytest.raises(SettingsError, match=wanted):
            ask("resnet51")


@pytest.mark.parametrize(
    ("name", "weights", "fitting"),
    [
        ("efficientnet-lite0", "download", "package"),
        ("efficientnet-lite0", "none", "package"),
        ("efficientnet-lite2", "0" * 64, "package"),
        ("hog", "package", "none"),
        ("hog", "download", "none"),
        ("resnet50", "package", "download"),
        ("resnet50", "none", "download"),
    ],
)
def test_a_word_that_does_not_fit_names_the_one_that_does(tmp_path, name, weights, fitting):
    wanted = rf"^extractors\.{name}\.weights: '{weights}' does not fit; say {fitting}"
    with pytest.raises(SettingsError, match=wanted):
        build(name, weights, tmp_path)


@pytest.mark.weights
def test_a_lite_takes_its_weights_from_a_file(tmp_path):
    path = tmp_path / "efficientnet-lite0.pth"
    shutil.copyfile(efficientnet_lite.weights_path(0), path)
    digest = file_sha256(path)
    from_file, usual = (build("efficientnet-lite0", word, tmp_path) for word in (digest, "package"))
    assert from_file.provenance == usual.provenance
    with pytest.raises(PodiumError, match=rf"lite0\.pth: its sha256 is {digest}\nbut extractors"):
        build("efficientnet-lite0", "0" * 64, tmp_path)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            Exception("URL fetch failure on https://x: None -- unreachable\ndetail"),
            "URL fetch.*able",
        ),
        (TimeoutError(), "TimeoutError"),
    ],
)
def test_a_download_without_a_network(monkeypatch, tmp_path, error, reason):
    def constructor(**_):
        raise error

    monkeypatch.setattr(keras.applications, "ResNet50", constructor)
    wanted = (
        rf"^weights of resnet50: the download failed \({reason}\)\n"
        r"remedy: put the file at data/weights/resnet50\.weights\.h5 and its sha256 at "
        r"extractors\.resnet50\.weights in params\.yaml$"
    )
    with pytest.raises(EnvironmentFault, match=wanted):
        build("resnet50", "download", tmp_path)


def test_downloaded_weights_are_known_by_their_bytes(monkeypatch, tmp_path):
    asked = {}

    def constructor(**settings):
        asked.update(settings)
        inputs = keras.Input((224, 224, 3))
        pooled = keras.layers.GlobalAveragePooling2D()(inputs)
        network = keras.Model(inputs, keras.layers.Dense(1, name="only")(pooled))
        network.set_weights([np.full((3, 1), 2.0), np.array([0.5])])
        return network

    monkeypatch.setattr(keras.applications, "ResNet50", constructor)
    extractor = build("resnet50", "download", tmp_path)
    assert asked == {
        "weights": "imagenet",
        "include_top": False,
        "pooling": "avg",
        "input_shape": (224, 224, 3),
    }
    raw = np.array([2, 2, 2, 0.5], dtype=np.float32).tobytes()
    assert extractor.provenance["weights_sha256"] == hashlib.sha256(raw).hexdigest()
    # and compute is preprocessing, then the network: 2 (B + G + R of CAFFE) + 0.5
    pixels = np.tile(np.array([255, 128, 0], dtype=np.uint8), (1, 224, 224, 1))
    assert extractor.compute(pixels)[0, 0] == pytest.approx(2 * sum(CAFFE) + 0.5, rel=1e-4)


# ---- HOG


@pytest.fixture
def hog(tmp_path):
    return build("hog", "none", tmp_path)


def test_hog_is_scikit_images(hog, rng):
    pixels = rng.integers(0, 256, (3, 128, 128, 3), dtype=np.uint8)
    wanted = [
        skimage.feature.hog(
            skimage.color.rgb2gray(picture),
            orientations=9,
            pixels_per_cell=(16, 16),
            cells_per_block=(2, 2),
            block_norm="L2-Hys",
        )
        for picture in pixels
    ]
    found = hog.compute(pixels)
    assert (found.dtype, found.shape) == (np.float32, (3, hog.n_features))
    np.testing.assert_allclose(found, wanted, atol=1e-7)


def test_hog_of_a_ramp_by_hand(hog):
    # Grey rises from left to right: every gradient points along the row, into the first of nine
    # bins. Inside, the four cells of a block are equal, so L2 gives each 1 / sqrt(4) = 0.5; clipped
    # to 0.2 and normalised again, 0.5. 128 px / 16 = 8 cells, 7 x 7 blocks of 2 x 2 cells.
    grey = np.broadcast_to(np.arange(128, dtype=np.uint8)[None, :, None], (128, 128, 3))
    blocks = hog.compute(grey[None]).reshape(7, 7, 2, 2, 9)
    np.testing.assert_allclose(blocks[1:-1, 1:-1, ..., 0], 0.5, atol=1e-3)
    np.testing.assert_array_equal(blocks[..., 1:], 0)
    turned = hog.compute(grey.transpose(1, 0, 2)[None]).reshape(7, 7, 2, 2, 9)
    np.testing.assert_allclose(turned[1:-1, 1:-1, ..., 4], 0.5, atol=1e-3)  # 90 of 180 degrees


def test_hog_of_one_colour_is_nothing(hog):
    pixels = np.full((1, 128, 128, 3), (9, 99, 199), dtype=np.uint8)
    np.testing.assert_array_equal(hog.compute(pixels), np.zeros((1, 1764)))


def test_hog_does_not_see_brightness_or_contrast(hog, rng):
    pixels = rng.integers(0, 100, (1, 128, 128, 3), dtype=np.uint8)
    wanted = hog.compute(pixels)
    np.testing.assert_allclose(hog.compute(pixels * 2 + 50), wanted, atol=1e-3)


def test_hogs_provenance(hog):
    assert hog.provenance == {
        "extractor": "hog",
        "weights_sha256": "",
        "image_size": 128,
        "preprocessing": "grey [0, 1]",
        **{name: version(name) for name in ("scikit-image", "numpy", "pillow")},
    }


def test_hog_alone_is_a_baseline():
    assert [name for name in TABLE if is_baseline(name)] == ["hog"]


# ---- EfficientNet-Lite, with its real weights


@pytest.fixture(scope="module")
def lite0(tmp_path_factory):
    return build("efficientnet-lite0", "package", tmp_path_factory.mktemp("no-weights"))


@pytest.mark.weights
def test_a_row_is_the_same_bytes_wherever_it_stands(lite0, rng):
    rest = rng.integers(0, 256, (3, 224, 224, 3), dtype=np.uint8)
    picture = rng.integers(0, 256, (1, 224, 224, 3), dtype=np.uint8)
    found = {lite0.compute(np.concatenate([picture, 0 * rest]))[0].tobytes()}
    for place in range(4):
        batch = np.insert(rest, place, picture, axis=0)
        found.add(lite0.compute(batch)[place].tobytes())
    assert len(found) == 1


@pytest.mark.weights
def test_the_lite_extractor_is_its_network_behind_its_preprocessing(lite0, rng):
    from podium.models import efficientnet_lite

    path = efficientnet_lite.weights_path(0)
    network = efficientnet_lite.build(0, 224)
    efficientnet_lite.load_weights(network, path)
    pixels = rng.integers(0, 256, (4, 224, 224, 3), dtype=np.uint8)
    wanted = network((pixels.astype(np.float32) - 127) / 128, training=False)
    found = lite0.compute(pixels)
    assert (found.dtype, found.shape) == (np.float32, (4, 1280))
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-4)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert lite0.provenance["weights_sha256"] == digest
    assert lite0.provenance["preprocessing"] == TABLE["efficientnet-lite0"].preprocessing


# ---- encoders: networks for pictures of any size


def with_random_statistics(network):
    """Batch normalisation that does something."""
    rng = np.random.default_rng(4)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 1.5, one.shape) for one in layer.get_weights()])


@pytest.mark.parametrize(("name", "channels"), [
    ("efficientnet-lite0", [16, 24, 40, 112, 320]),
    ("efficientnet-lite2", [16, 24, 48, 120, 352]),
    ("vgg16", [64, 128, 256, 512, 512]),
])  # fmt: skip
def test_an_encoder_has_five_strides(tmp_path, name, channels):
    with keras.StatelessScope(initialize_variables=False):
        network = encoders.encoder(name, "none", tmp_path)
        found = network.compute_output_spec(keras.KerasTensor((2, 96, 64, 3)))
    keras.utils.clear_session()
    wanted = [(2, 96 // s, 64 // s, c) for s, c in zip((2, 4, 8, 16, 32), channels, strict=True)]
    assert [one.shape for one in found] == wanted


@pytest.mark.weights
def test_a_lite_encoder_knows_what_the_extractor_knows(tmp_path, rng):
    from podium.models import efficientnet_lite

    network = efficientnet_lite.build(0, 64)
    efficientnet_lite.load_weights(network, efficientnet_lite.weights_path(0))
    pixels = rng.integers(0, 256, (2, 64, 64, 3)).astype(np.float32)
    wanted = np.asarray(network((pixels - 127) / 128, training=False))
    found = encoders.encoder("efficientnet-lite0", "package", tmp_path)(pixels)
    # from the coarsest tap on, the head and the mean by hand
    conv, norm = network.get_layer("head_conv"), network.get_layer("head_bn")
    x = np.asarray(found[-1]) @ np.asarray(conv.kernel)[0, 0]
    gamma, beta, mean, variance = (np.asarray(one) for one in norm.weights)
    x = np.clip((x - mean) / np.sqrt(variance + 1e-3) * gamma + beta, 0, 6)
    assert wanted.std() > 0.1
    np.testing.assert_allclose(x.mean(axis=(1, 2)), wanted, rtol=1e-3, atol=1e-4)


def test_an_encoders_batch_normalisation_is_still(tmp_path, monkeypatch):
    from podium.models import efficientnet_lite

    def shallow(variant, image_size):
        network = build_whole(variant, image_size)
        with_random_statistics(network)
        return network

    build_whole = efficientnet_lite.build
    monkeypatch.setattr(efficientnet_lite, "build", shallow)
    network = encoders.encoder("efficientnet-lite0", "none", tmp_path)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.float32)
    still, learning = (network(pixels, training=flag)[0] for flag in (False, True))
    np.testing.assert_array_equal(np.asarray(still), np.asarray(learning))
    names = {one.path.split("/")[-1] for one in network.trainable_variables}
    assert names == {"kernel"}  # neither statistics nor gamma and beta


@pytest.fixture(scope="module")
def vgg16(tmp_path_factory):
    """VGG16 with weights of no training in a local file: (network, folder, sha256)."""
    keras.utils.set_random_seed(8)
    network = keras.applications.VGG16(weights=None, include_top=False, input_shape=(None, None, 3))
    folder = tmp_path_factory.mktemp("vgg16")
    path = folder / "vgg16.weights.h5"
    network.save_weights(path)
    return network, folder, hashlib.sha256(path.read_bytes()).hexdigest()


def test_vgg16_from_a_local_file(vgg16, rng):
    network, folder, digest = vgg16
    found = encoders.encoder("vgg16", digest, folder)
    inner = next(layer for layer in found.layers if isinstance(layer, keras.Model))
    for name in ("block1_conv1", "block5_conv3"):
        kernel = np.asarray(network.get_layer(name).kernel)
        np.testing.assert_array_equal(np.asarray(inner.get_layer(name).kernel), kernel)
    # and it sees BGR minus the means: the first two convolutions and the pool, of one picture
    pixels = rng.integers(0, 256, (1, 32, 32, 3)).astype(np.float32)
    x = pixels[..., ::-1] - np.array([103.939, 116.779, 123.68], dtype=np.float32)
    for name in ("block1_conv1", "block1_conv2", "block1_pool"):
        x = network.get_layer(name)(x)
    np.testing.assert_allclose(np.asarray(found(pixels)[0]), np.asarray(x), rtol=1e-3, atol=1e-2)


def test_an_altered_or_missing_vgg16_names_its_setting(vgg16, tmp_path, monkeypatch):
    network, folder, digest = vgg16
    monkeypatch.setattr(keras.applications, "VGG16", lambda **_: network)
    says = rf"its sha256 is {digest}\nbut train_segmenter\.weights says {'0' * 64}\nremedy"
    with pytest.raises(PodiumError, match=says):
        encoders.encoder("vgg16", "0" * 64, folder)
    missing = r"vgg16\.weights\.h5: no such weights file\n.* at train_segmenter\.weights, or say"
    with pytest.raises(PodiumError, match=missing):
        encoders.encoder("vgg16", digest, tmp_path)


@pytest.mark.parametrize(("name", "weights", "fitting"), [
    ("efficientnet-lite0", "download", "package, or none"),
    ("efficientnet-lite1", "0" * 64, "package, or none"),
    ("vgg16", "package", "download, none, or a file's sha256"),
    ("resnet50", "none", "download"),
    ("hog", "none", "download"),
])  # fmt: skip
def test_a_word_that_does_not_fit_an_encoder(tmp_path, name, weights, fitting):
    wanted = rf"^train_segmenter\.weights: '{weights}' does not fit {name}; say {fitting}"
    with pytest.raises(SettingsError, match=wanted):
        encoders.encoder(name, weights, tmp_path)


# ---- ONNX Runtime


@pytest.fixture
def engine(monkeypatch):
    """Stands for ONNX Runtime: keeps what networks are told from others by, and makes none."""
    keys = []
    says = {"engine": "onnxruntime", "onnxruntime": "1.32.0"}
    monkeypatch.setattr(backbones.onnx_engine, "provenance", lambda: says)
    monkeypatch.setattr(backbones.onnx_engine, "compiled", lambda key, make: keys.append(key))
    return keys


@pytest.mark.parametrize("name", ["efficientnet-lite0", "resnet50"])
def test_the_engine_is_in_the_provenance_and_needs_no_network(tmp_path, engine, name):
    weights = {"efficientnet-lite0": "package", "resnet50": "0" * 64}[name]
    extractor = build(name, weights, tmp_path, engine="onnxruntime")
    digest = file_sha256(efficientnet_lite.weights_path(0)) if weights == "package" else weights
    assert extractor.provenance["weights_sha256"] == digest
    assert extractor.provenance["engine"] == "onnxruntime"
    (key,) = engine
    assert extractor.provenance.items() <= key.items()


def test_a_hand_made_descriptor_has_no_engine(tmp_path, engine):
    assert "engine" not in build("hog", "none", tmp_path, engine="onnxruntime").provenance
    assert engine == []
