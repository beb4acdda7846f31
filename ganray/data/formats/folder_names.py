"""What names that stand side by side say: splits, or classes, or what lies beside pictures.

No name says so alone: `train` is a split beside `test` and a vehicle beside `bus`. So all names of
one level are looked at together. A name is cut into words at case changes, digits and punctuation
(`imagesTr` is "images", "tr"), and is

- a **split** where, without its word for one, nothing of its own is left: only words that say
  nothing (set, data, images, numbers: `train_set`, `imagesTr`, `test1`), or what another name with
  another split has as well (`mnist_train` beside `mnist_test`). Abbreviations (`tr`, `te`) count
  where all names of the level are splits, of two kinds at least: Turkish beside English is a class;
- **kin** of splits (`unlabeled`, `query`): no class beside a split, and no split either;
- a **companion** of pictures (`masks`, `labelsTr`, `ground_truth`), **pictures** (`images`), a
  **copy** of another folder (`train.old`, `dog - Copy`), or a **part** (`fold1`, `images_001`),
  where nothing else is left of it;
- its **own** otherwise, as every class should be: `test_tube`, `training_shoes`, `validator`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from ganray.data.rows import HELD_OUT, TEST, TRAIN, split_code
from ganray.text.names import composed

_ABBREVIATIONS = {"tr": TRAIN, "te": TEST, "ts": TEST, "va": HELD_OUT, "vl": HELD_OUT}
_FOREIGN = {
    **dict.fromkeys(("entrenamiento", "treino", "treinamento", "entrainement"), TRAIN),
    **dict.fromkeys(("entraînement", "apprentissage", "addestramento"), TRAIN),
    **dict.fromkeys(("训练", "训练集", "訓練", "学習", "обучение"), TRAIN),
    **dict.fromkeys(("validación", "validacion", "validação", "validacao"), HELD_OUT),
    **dict.fromkeys(("validierung", "验证", "验证集", "検証", "валидация"), HELD_OUT),
    **dict.fromkeys(
        ("prueba", "pruebas", "teste", "测试", "测试集", "測試", "テスト", "тест"), TEST
    ),
}
_SPLITS = {"trainval": TRAIN, **_FOREIGN}
_KIN = {
    *("query", "gallery", "probe", "extra", "unlabeled", "unlabelled", "unseen", "predict"),
    *("pred", "prediction", "predictions", "inference"),
    *("tests", "validations", "submission", "public", "private", "ood"),
}
_COMPANIONS = {
    *("mask", "masks", "label", "labels", "annotation", "annotations", "annot", "annots"),
    *("groundtruth", "groundtruths", "gt", "gts", "segmentation", "segmentations", "seg", "segs"),
    *("bbox", "bboxes", "trimap", "trimaps", "matte", "mattes"),
}
OF_PICTURES = (*sorted(_COMPANIONS - {"groundtruth", "groundtruths"}), "truth")
"""Parts of which each name has one that may be called as masks and the like."""
_PICTURES = {
    *("image", "images", "img", "imgs", "picture", "pictures", "pic", "pics"),
    *("jpg", "jpgs", "jpeg", "jpegs", "png", "pngs", "bmp", "tif", "tiff"),
}
_COPIES = {"old", "orig", "copy", "bak", "backup", "backups", "kopie", "copia", "copie"}
_COPIES_ALONE = {"bak", "backup", "backups"}
_PARTS = {"part", "fold", "subset", "batch", "shard", "chunk", "set", "split", "partition"}
_SAY_NOTHING = {
    *("set", "sets", "split", "splits", "data", "dataset", "datasets", "dir", "folder", "folders"),
    *("file", "files", "class", "classes", "classification", "sample", "samples", "example"),
    *("examples", "raw", "full", "final", "new", "all", "resized", "cropped", "version", "v", "x"),
    *("part", "fold", "subset", "batch", "shard", "chunk", "partition", "stage", "of"),
}
_OF_NO_CLASS = _KIN | _COMPANIONS | _PICTURES | _COPIES | _SAY_NOTHING
_NO_STEM = _COMPANIONS | _PICTURES | _SAY_NOTHING

_CASES = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W\d_]+|\d+")
_NUMBERED_COPY = re.compile(r"\(\d+\)\s*$")  # as browsers and Windows write it: "dog (1)"
_TOGETHER = {("held", "out"): "heldout", ("hold", "out"): "holdout",
             ("ground", "truth"): "groundtruth"}  # fmt: skip


class Kind(Enum):
    """What a folder is called as; of its own means a class's name."""

    SPLIT = auto()
    CROSSED = auto()  # a split and a class in one name: cats_train beside dogs_train
    ABBREVIATED = auto()
    KIN = auto()
    COMPANION = auto()
    PICTURES = auto()
    COPY = auto()
    PART = auto()
    OWN = auto()


@dataclass(frozen=True)
class Called:
    """What a name says.

    Attributes:
        split: where it says one, also beside words of its own, as an index into `SPLITS`.
        other: the name that it is a copy or a companion of.
    """

    kind: Kind
    split: int | None = None
    other: str = ""


def words(name: str) -> tuple[str, ...]:
    """The words and numbers of a name in small letters: "JPEGImages_v2" is jpeg, images, v, 2."""
    found: list[str] = []
    for word in _WORD.findall(_CASES.sub("-", name)):
        word = word.casefold()
        if found and (joined := _TOGETHER.get((found[-1], word))):
            found[-1] = joined
        else:
            found.append(word)
    return tuple(found)


def called(names: Collection[str], asked: Collection[str] = ()) -> dict[str, Called]:
    """What each of some names says, that stand side by side.

    Args:
        asked: names that somebody has called classes.
    """
    known = {name: words(name) for name in names}
    found = {name: Called(Kind.OWN) if composed(name) in asked else _alone(said)
             for name, said in known.items()}  # fmt: skip
    own = {name: said for name, said in known.items()
           if found[name].kind is Kind.OWN and composed(name) not in asked}  # fmt: skip
    found |= _crossed(_may_be_crossed(found, known, asked))
    found |= _of_others(own, known)
    return _without_abbreviations(found | _classes_words(found, known))


def is_pictures(name: str) -> bool:
    """Whether a folder's name says no more than that pictures are in it."""
    return _alone(words(name)).kind is Kind.PICTURES


def all_splits(names: Collection[str]) -> dict[str, int]:
    """The split of each name, where all are called so; else nothing."""
    found = {name: one.split for name, one in called(names).items()
             if one.kind is Kind.SPLIT and one.split is not None}  # fmt: skip
    return found if len(found) == len(names) else {}


def stem_of(said: Sequence[str]) -> tuple[str, ...]:
    """The words of a name that a picture and its mask have in common."""
    return tuple(word for word in said if word not in _NO_STEM)


def is_of_pictures(said: Sequence[str]) -> bool:
    """Whether a name with these words may be that of masks, labels and the like."""
    return not _COMPANIONS.isdisjoint(said)


def _split_of(word: str) -> int | None:
    code = split_code(word)
    return _SPLITS.get(word) if code is None else code


def _alone(said: Sequence[str]) -> Called:
    """What a name says without a look at the others."""
    codes = {code for word in said if (code := _split_of(word)) is not None}
    split = min(codes) if len(codes) == 1 or codes == {TRAIN, HELD_OUT} else None
    there = {word for word in said if not word.isdecimal() and _split_of(word) is None}
    short = {word for word in there if word in _ABBREVIATIONS}
    if there - short - _OF_NO_CLASS or not (there or codes):
        return Called(Kind.OWN, split)
    if there & _COPIES:
        is_copy = codes or there - _COPIES or there & _COPIES_ALONE
        return Called(Kind.COPY if is_copy else Kind.OWN, split)
    if there & _COMPANIONS and not there & _KIN:
        return Called(Kind.COMPANION, split)
    if there & _KIN or len(codes) > (1 if split is None else 2):
        return Called(Kind.KIN)
    if codes:
        return Called(Kind.KIN if split is None else Kind.SPLIT, split)
    if short:
        code = _ABBREVIATIONS[min(short)]
        return Called(Kind.SPLIT if there - short else Kind.ABBREVIATED, code)
    if there & _PICTURES:
        return Called(Kind.PICTURES)
    numbered = any(word.isdecimal() for word in said)
    return Called(Kind.PART if numbered and there & _PARTS else Kind.OWN)


def _may_be_crossed(
    found: dict[str, Called], known: dict[str, tuple[str, ...]], asked: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """Names with a word for a split; masks among them where they are of no pictures beside them."""
    kinds = {Kind.OWN}
    if not {one.kind for one in found.values()} & {Kind.SPLIT, Kind.PICTURES}:
        kinds.add(Kind.COMPANION)
    return {name: said for name, said in known.items()
            if found[name].split is not None and found[name].kind in kinds
            and composed(name) not in asked}  # fmt: skip


def _crossed(weak: dict[str, tuple[str, ...]]) -> dict[str, Called]:
    """Names with a word for a split whose other words stand beside another split as well."""
    groups: dict[tuple[str, ...], dict[str, int]] = defaultdict(dict)
    for name, said in weak.items():
        rest = tuple(word for word in said if _split_of(word) is None and word not in _SAY_NOTHING)
        groups[rest][name] = min(c for word in said if (c := _split_of(word)) is not None)
    paired = [group for group in groups.values() if len(set(group.values())) > 1]
    kind = Kind.SPLIT if len(paired) == 1 else Kind.CROSSED
    return {name: Called(kind, code) for group in paired for name, code in group.items()}


def _of_others(
    own: dict[str, tuple[str, ...]], known: dict[str, tuple[str, ...]]
) -> dict[str, Called]:
    """Names that are another one's, and a word more: `dog_old`, `dog (1)`, `cats_masks`."""
    by_words = {said: name for name, said in known.items()}
    by_stem = {stem_of(said): name for name, said in known.items() if not is_of_pictures(said)}
    found = {}
    for name, said in own.items():
        kept = words(_NUMBERED_COPY.sub("copy", name))
        original = by_words.get(tuple(word for word in kept if word not in {*_COPIES, "of"}))
        if _COPIES & {*kept} and original not in (None, name):
            found[name] = Called(Kind.COPY, other=original or "")
        elif is_of_pictures(said) and (of := by_stem.get(stem_of(said))):
            found[name] = Called(Kind.COMPANION, other=of)
    return found


def _classes_words(
    found: dict[str, Called], known: dict[str, tuple[str, ...]]
) -> dict[str, Called]:
    """`mask` beside `no_mask` is a class, unless there is something that it may be a mask of."""
    if {one.kind for one in found.values()} & {Kind.SPLIT, Kind.PICTURES}:
        return {}
    own = {word for name, said in known.items() if found[name].kind is Kind.OWN for word in said}
    return {name: Called(Kind.OWN) for name, one in found.items()
            if one == Called(Kind.COMPANION) and own & _COMPANIONS & {*known[name]}}  # fmt: skip


def _without_abbreviations(found: dict[str, Called]) -> dict[str, Called]:
    """Abbreviations as splits where all others are such, or no class; else as classes' own."""
    told = [one for one in found.values() if one.kind in (Kind.SPLIT, Kind.ABBREVIATED)]
    others = {one.kind for one in found.values()} - {Kind.SPLIT, Kind.ABBREVIATED}
    is_told = len({one.split for one in told}) > 1
    is_split = is_told and not others & {Kind.OWN, Kind.PART}
    kind = Kind.SPLIT if is_split else Kind.OWN
    return {name: Called(kind, one.split if is_told else None)
            if one.kind is Kind.ABBREVIATED else one
            for name, one in found.items()}  # fmt: skip
