"""The extractor table: name -> network, preprocessing, picture size, feature size.

A new extractor is one more row. Nothing here imports TensorFlow or NumPy.
"""

from __future__ import annotations

from dataclasses import dataclass

from podium.core.errors import SettingsError


@dataclass(frozen=True)
class ExtractorSpec:
    """What is fixed about one extractor.

    Attributes:
        family: who builds it: lite (EfficientNet-Lite), keras (keras.applications), hub (KerasHub,
            an extra: requirements/hub.txt) or hog.
        image_size: width and height of its input in pixels.
        n_features: D, the length of a feature vector.
        preprocessing: what is done to RGB values of 0 to 255, in words.
        builder: keras: the class in keras.applications; lite: the number of the variant; hub: the
            preset.
        module: keras: the module in keras.applications that holds `preprocess_input`; hub: the
            class.
    """

    family: str
    image_size: int
    n_features: int
    preprocessing: str
    builder: str = ""
    module: str = ""


_LITE = "(x - 127) / 128"
_CAFFE = "BGR minus ImageNet means (103.939, 116.779, 123.68)"
_TF = "x / 127.5 - 1"
_TORCH = "(x / 255 - mean) / std of ImageNet"
_INSIDE = "inside the network"
_CLIP = "(x / 255 - mean) / std of CLIP"


def _hub(preset: str, module: str, n_features: int, preprocessing: str) -> ExtractorSpec:
    return ExtractorSpec("hub", 224, n_features, preprocessing, preset, module)


TABLE: dict[str, ExtractorSpec] = {
    "efficientnet-lite0": ExtractorSpec("lite", 224, 1280, _LITE, "0"),
    "efficientnet-lite1": ExtractorSpec("lite", 240, 1280, _LITE, "1"),
    "efficientnet-lite2": ExtractorSpec("lite", 260, 1280, _LITE, "2"),
    "resnet50": ExtractorSpec("keras", 224, 2048, _CAFFE, "ResNet50", "resnet50"),
    "inceptionv3": ExtractorSpec("keras", 299, 2048, _TF, "InceptionV3", "inception_v3"),
    "xception": ExtractorSpec("keras", 299, 2048, _TF, "Xception", "xception"),
    "vgg16": ExtractorSpec("keras", 224, 512, _CAFFE, "VGG16", "vgg16"),
    "efficientnetv2s": ExtractorSpec(
        "keras", 384, 1280, _INSIDE, "EfficientNetV2S", "efficientnet_v2"
    ),
    "efficientnetv2b0": ExtractorSpec(
        "keras", 224, 1280, _INSIDE, "EfficientNetV2B0", "efficientnet_v2"
    ),
    "convnextbase": ExtractorSpec("keras", 224, 1024, _INSIDE, "ConvNeXtBase", "convnext"),
    "convnexttiny": ExtractorSpec("keras", 224, 768, _INSIDE, "ConvNeXtTiny", "convnext"),
    "densenet121": ExtractorSpec("keras", 224, 1024, _TORCH, "DenseNet121", "densenet"),
    "mobilenetv3large": ExtractorSpec(
        "keras", 224, 960, _INSIDE, "MobileNetV3Large", "mobilenet_v3"
    ),
    "dinov2-small": _hub("dinov2_small", "DINOV2Backbone", 768, _TORCH),
    "dinov2-base": _hub("dinov2_base", "DINOV2Backbone", 1536, _TORCH),
    "dinov2r-small": _hub("dinov2_with_registers_small", "DINOV2Backbone", 768, _TORCH),
    "dinov2r-base": _hub("dinov2_with_registers_base", "DINOV2Backbone", 1536, _TORCH),
    "dinov3-small": _hub("dinov3_vit_small_lvd1689m", "DINOV3Backbone", 768, _TORCH),
    "dinov3-base": _hub("dinov3_vit_base_lvd1689m", "DINOV3Backbone", 1536, _TORCH),
    "siglip2-base": _hub("siglip2_base_patch16_224", "SigLIPVisionEncoder", 768, _TF),
    "clip-base": _hub("clip_vit_base_patch16", "CLIPVisionEncoder", 768, _CLIP),
    "hog": ExtractorSpec("hog", 128, 1764, "grey [0, 1]"),
}


def find(name: str) -> ExtractorSpec:
    """The row of the table for the extractor `name`.

    Raises:
        SettingsError: the table has no such name.
    """
    if name not in TABLE:
        raise SettingsError(f"extractors.{name}: unknown extractor; known are {', '.join(TABLE)}")
    return TABLE[name]


def is_baseline(name: str) -> bool:
    """Whether `name` is a hand-made descriptor: scored beside the networks, never fused."""
    return find(name).family == "hog"
