"""Made-up data for benchmarks: words of random letters in several scripts, equal for equal seeds on any machine."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Sequence
from itertools import accumulate, chain, islice
from pathlib import Path

import polars as pl

from corpus.dataset import finish
from corpus.describe import tally
from corpus.hashing import digest, row_ids
from corpus.manifest import Manifest, Score, content_hash, read_manifest, write_manifest
from corpus.shards import Shard, conform, shard_name, write_parquet

ROWS = 50_000
"""Rows in a shard, as `read` cuts them."""

LETTERS = {
    "en": "etaoinsrhldcumfpgwybvk",
    "de": "enisratdhulcgmobwfkzüäöß",
    "cs": "oeantvislrkdpímuázjyěcbéhřýžčšů",
    "ru": "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфё",
    "el": "αοιετσνηυρπκμλςωδγχθφβέίόάήύώ",
    "ar": "اليمونرتبةعدسفهكقأحجشطصخضذثئءغظ",
    "hi": "कतनरसमपहलयदबगचजवशटडखभािीुेोंै",
    "zh": "的一是不了在人有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后",
    "ja": "のにはをたとがでしるていなれあさっこもすかりらくまよけうきせどつおめわえそみやち日一国人年大十二本中",
}
"""Letters by language, roughly those used more often first."""
WORDS = {
    "en": "the of and to in a is that for it as was with be by on not he his but at are this have from or "
    "had an they which one you were all her she there would their we",
    "de": "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an "
    "werden aus er hat dass sie nach wird bei einer um am sind noch wie einem über",
    "cs": "a se na v je že z do s o to i za pro by ale jako jsou byl které k po který tak od jeho při není "
    "už jen nebo aby ve být co však podle také jsem bylo",
    "ru": "и в не на я что он с как это по но они мы она так из у же за все от бы вы для его было то "
    "только был о когда уже чтобы или еще нет меня если ее",
    "el": "και το να του η της με που την από για τα είναι στο των σε ο οι τον στην θα δεν τη τους ένα μια "
    "αυτό κι ότι αλλά στη στα μας πως όπως μου έχει αν δε πιο",
    "ar": "في من على أن إلى عن مع هذا كان التي الذي ما لا هذه قد بعد كل بين ذلك أو حتى كما لم قبل هو هي ثم "
    "عند أي إذا وقد كانت غير منذ حيث وهو دون إن عليه بعض",
    "hi": "के में की है और से को का एक पर यह ने भी कि हैं इस नहीं जो कर लिए गया तो करने अपने हो किया साथ "
    "तक ही वह बाद था होने या जा उन कहा रहा दो उनके",
    "zh": "的 是 在 了 不 有 和 人 这 我们 他 中国 可以 一个 没有 他们 自己 问题 这个 因为 但是 如果 时候 "
    "现在 知道 已经 什么 就是 工作 还是 发展 社会 世界 经济 国家 以及 进行 通过 可能 需要",
    "ja": "の は に を が で と た し です ます する した こと ある いる から も この その それ して ない "
    "という これ など まで より ため なった られた について ように だった でも しかし また 日本 人 "
    "私",
}
"""The commonest words of each language, so that recognizers have something to go by."""
UNSPACED = ("zh", "ja")
PAIRS = {
    ("en", "de"): 35,
    ("de", "cs"): 20,
    ("en", "ru"): 20,
    ("en", "el"): 8,
    ("en", "ar"): 8,
    ("en", "hi"): 4,
    ("zh", "ja"): 5,
}
"""Language pairs, by how many of 100 rows are of each."""
TEXTS = {"en": 40, "de": 15, "cs": 5, "ru": 10, "el": 5, "ar": 5, "hi": 5, "zh": 10, "ja": 5}
"""Languages of texts, by how many of 100 are in each."""
RUNNING = 3_000_000
"""Characters of running text made of each language."""
FAULTS = ("empty", "copied", "long", "script", "number", "html")
FAULTY, WITH_NUMBER = 0.02, 0.16
"""Share of pairs with a fault planted in them, and share of pairs with a number in both texts."""
REPEATED = 0.2
"""Share of texts that are one of `COMMON` ones, with other capitals and more white space."""
COMMON = 100_000


class MadeUp:
    """Rows of made-up text, by the numbers of their shards: equal for equal seeds, other rows for every number."""

    def __init__(self, seed: int, characters: int) -> None:
        """Texts of this many characters, cut from running text at random places."""
        self.seed = seed
        self.characters = characters
        self.running = {language: running_text(language, RUNNING, seed) for language in LETTERS}

    def pairs(self, rows: int, number: int) -> pl.DataFrame:
        """Sentence pairs with every column of the contract and a score; a few have a fault."""
        rng = random.Random(f"{self.seed}/pairs/{number}")
        languages = rng.choices(list(PAIRS), cum_weights=list(accumulate(PAIRS.values())), k=rows)
        texts = [(self._cut(a, rng.random()), self._cut(b, rng.random())) for a, b in languages]
        for row in range(rows):
            chance = rng.random()
            if chance < FAULTY:
                texts[row] = self._faulty(rng.choice(FAULTS), *texts[row])
            elif chance < FAULTY + WITH_NUMBER:
                value = f" {rng.randrange(10_000)}"
                texts[row] = tuple(text[: -len(value)] + value for text in texts[row])
        return _typed(
            "pair",
            {
                "source": [source for source, _ in texts],
                "target": [target for _, target in texts],
                "doc_id": [f"doc-{number}-{row // 20}" for row in range(rows)],
                "segment": [str(row % 20) for row in range(rows)],
                "origin": rng.choices(("news", "web"), k=rows),
                "license": ["CC-BY-4.0"] * rows,
                "task": ["translate"] * rows,
                "src_lang": [source for source, _ in languages],
                "tgt_lang": [target for _, target in languages],
                "meta": [f'{{"line":{number * rows + row}}}' for row in range(rows)],
                "score_quality": [rng.random() for _ in range(rows)],
            },
        )

    def texts(self, rows: int, number: int) -> pl.DataFrame:
        """Texts with every column of the contract; some say the same as others, in this shard or elsewhere."""
        rng = random.Random(f"{self.seed}/texts/{number}")
        known = [language for language, share in TEXTS.items() for _ in range(share)]
        languages, texts = [], []
        for _ in range(rows):
            if rng.random() < REPEATED:
                common = rng.randrange(COMMON)
                language, place = known[common % len(known)], (common + 0.5) / COMMON
                text = self._cut(language, place)
                text = rng.choice((text, text.upper(), text.replace(" ", "  "), f" {text}\t"))
            else:
                language = rng.choice(known)
                text = self._cut(language, rng.random())
            languages.append(language)
            texts.append(text)
        return _typed(
            "text",
            {
                "text": texts,
                "doc_id": [f"doc-{number * rows + row}" for row in range(rows)],
                "origin": rng.choices(("news", "web"), k=rows),
                "license": ["CC-BY-4.0"] * rows,
                "tgt_lang": languages,
                "meta": [f'{{"line":{number * rows + row}}}' for row in range(rows)],
            },
        )

    def _cut(self, language: str, place: float) -> str:
        """The text at a place between 0 and 1; it begins with a word."""
        running = self.running[language]
        start = int(place * (RUNNING - self.characters - 100))
        if language not in UNSPACED:
            start = running.index(" ", start) + 1
        return running[start : start + self.characters]

    def _faulty(self, fault: str, source: str, target: str) -> tuple[str, str]:
        match fault:
            case "empty":
                return source, " \u200b"
            case "copied":
                return source, source.upper()
            case "long":
                return source, target * 10
            case "script":
                return source, self._cut("el", 0.5)
            case "number":
                return source[:-4] + " 347", target[:-4] + " 350"
            case _:
                return source, f"<p>{target[7:]}</p>"


def running_text(language: str, characters: int, seed: int) -> str:
    """Made-up words among common ones, in sentences of a dozen words; frequencies fall as in real text (Zipf)."""
    rng = random.Random(f"{seed}/{language}")
    letters, gap = LETTERS[language], "" if language in UNSPACED else " "
    mean = 6.0 if gap else 2.0
    lengths = [1 + min(14, int(rng.expovariate(1 / mean))) for _ in range(20_000)]
    by_letter = list(accumulate(1 / (rank + 2) for rank in range(len(letters))))
    spelled = iter(rng.choices(letters, cum_weights=by_letter, k=sum(lengths)))
    made_up = ["".join(islice(spelled, length)) for length in lengths]
    common = WORDS[language].split()
    words = [*chain.from_iterable(zip(common, made_up, strict=False)), *made_up[len(common) :]]
    by_word = list(accumulate(1 / (rank + 3) for rank in range(len(words))))
    parts: list[str] = []
    held = 0
    while held < characters:
        sentence = gap.join(rng.choices(words, cum_weights=by_word, k=rng.randrange(4, 22)))
        parts.append(f"{sentence[0].upper()}{sentence[1:]}. " if gap else f"{sentence}。")
        held += len(parts[-1])
    return "".join(parts)


def write_dataset(kind: str, frames: Iterable[pl.DataFrame], folder: Path) -> Path:
    """A dataset folder of frames, a shard for each and one in memory at a time."""
    shards, tallies, scores = [], [], {}
    for number, frame in enumerate(frames):
        shards.append(write_parquet(folder / "data" / shard_name(number), frame))
        scores = {name: Score(higher_is_better=True) for name in frame.columns if name.startswith("score_")}
        tallies.append(tally(frame, scores))
    finish(folder, _manifest(kind, shards, scores), tallies)
    return folder


def write_texts(folder: Path, *, seed: int, characters: int, rows: int, shards: int) -> Path:
    """A dataset folder of made-up texts; can be sent to another process."""
    made_up = MadeUp(seed, characters)
    return write_dataset("text", (made_up.texts(rows, number) for number in range(shards)), folder)


def relink(dataset: Path, numbers: Sequence[int], folder: Path) -> Path:
    """A dataset folder whose shards are those of another, by their numbers, as often as one likes; takes no space."""
    told = read_manifest(dataset)
    shards = [told.shards[number].model_copy(update={"name": shard_name(n)}) for n, number in enumerate(numbers)]
    (folder / "data").mkdir(parents=True)
    for number, shard in zip(numbers, shards, strict=True):
        os.link(dataset / "data" / told.shards[number].name, folder / "data" / shard.name)
    write_manifest(folder, _manifest(told.kind, shards, told.scores))
    return folder


def _manifest(kind: str, shards: list[Shard], scores: dict[str, Score]) -> Manifest:
    return Manifest(
        kind=kind,
        stage="write",
        name="made_up",
        plan=digest([shard.sha256 for shard in shards]),
        content=content_hash(shards),
        shards=shards,
        splits={"train": [shard.name for shard in shards]},
        counts={"rows": sum(shard.rows for shard in shards)},
        scores=scores,
    )


def _typed(kind: str, columns: dict[str, list[object]]) -> pl.DataFrame:
    frame = conform(pl.DataFrame(columns), kind)
    return frame.with_columns(row_ids(kind, frame))
