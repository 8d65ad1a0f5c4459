"""Names and colours of the identity folder, as the field's scripts write and read them."""

from __future__ import annotations

FPS = 25.0
"""Frames a second of every clip in this layout."""

AUDIO = "aud.wav"
BACKGROUND = "bc.jpg"
ACTION_UNITS = "au.csv"
TRANSFORMS_TRAIN = "transforms_train.json"
TRANSFORMS_VAL = "transforms_val.json"
TRANSFORMS_LEFT_OUT = "transforms_left_out.json"
"""Of tgbench alone: frames of a clip that neither train nor test."""

DENSE_LANDMARKS = "landmarks478.npy"
PROVENANCE = "identity.json"
TRACK_PARAMS = "track_params.pt"

ORIGINAL = "ori_imgs/{}.jpg"
LANDMARKS = "ori_imgs/{}.lms"
GROUND_TRUTH = "gt_imgs/{}.jpg"
COMPOSITE = "com_imgs/{}.jpg"
PARSING = "parsing/{}.png"
TEETH = "teeth_mask/{}.npy"
TORSO_IMAGE = "torso_imgs/{}.png"

TRUTHS = (GROUND_TRUTH, COMPOSITE, ORIGINAL)
"""Where the true image of a frame may lie, the first that exists. AD-NeRF calls it `com_imgs`."""

FEATURE_ALIASES = {
    "aud_ds.npy": ("aud.npy", "aud_deepspeech.npy"),
    "aud_eo.npy": ("aud_esperanto.npy",),
}
"""What AD-NeRF's and GeneFace's scripts call files of audio features, by their usual name."""

Colour = tuple[int, int, int]
HEAD: Colour = (0, 0, 255)
NECK: Colour = (0, 255, 0)
TORSO: Colour = (255, 0, 0)
INNER_MOUTH: Colour = (100, 100, 100)
HAIR: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)
"""RGB colours of `parsing/`. Inner mouth and hair have their own colours, as in TalkingGaussian."""

MOUTH_ACTION_UNITS = ("AU10", "AU12", "AU14", "AU15", "AU17", "AU20", "AU23", "AU25", "AU26")
UPPER_ACTION_UNITS = ("AU01", "AU02", "AU04", "AU05", "AU06", "AU07", "AU09", "AU45")
"""The two lists of the TalkingGaussian supplement (B.1, Metrics), over which AUE sums."""

ALL_ACTION_UNITS = tuple(sorted(MOUTH_ACTION_UNITS + UPPER_ACTION_UNITS))
