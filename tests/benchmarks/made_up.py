"""Made-up data for benchmarks: words of random letters in several scripts, the same for the same seed on any machine."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import accumulate, islice
from operator import add
from pathlib import Path

import polars as pl

from corpus.dataset import finish
from corpus.hashing import digest, row_ids
from corpus.manifest import Manifest, Score
from corpus.shards import conform, shard_name, write_parquet

LETTERS = {
    "en": "etaoinsrhldcumfpgwybvk",
    "de": "enisratdhulcgmobwfkzüäöß",
    "cs": "oeantvislrkdpímuázjyěcbéhřýžčšů",
    "ru": "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфё",
    "el": "αοιετσνηυρπκμλςωδγχθφβέίόάήύώ",
    "ar": "اليمونرتبةعدسفهكقأحجشطصخضذثئءغظ",
    "hi": "कतनरसमपहलयदबगचजवशटडखभािीुेोंै",
    "th": "นรอกเงมยลวดทสตะปบคหแจพชขใไโผถ",
    "zh": "的一是不了在人有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天而能好都然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些与高意进把法此实回二理美点月明其种声全工己话儿者向情部正名定女问力机给等几很业最间新什打便位因重被走电四第门相次东政海口使教西再平真听世气信北少关并内加化由却代军产入先山五太水万市眼体别处总才场师书比住员九笑性通目华报立马命张活难神数件安表原车白应路期叫死常提感金何更反合放做系计或司利受光王果亲界及今京务制解各任至清物台象记边共风战干接它许八特觉望直服毛林题建南度统色字请交爱让认算论百吃义科怎元社术结六功指思非流每青管夫连远资队跟带花快条院变联言权往展该领传近留红治决周保达办运武半候七必城父强步完革深区即求品士转量空甚众技轻程告江语英基派满式李息写呢识极令黄德收脸钱党倒未持取设始版双历越史商千片容研像找友孩站广改议形委早房音火际则首单据导影失拿网香似斯专石若兵弟谁校读志飞观争究包组造落视济喜离虽坏兴",
    "ja": "のにはをたとがでしるていなれあさっこもすかりらくまよけうきせどつおめわえそみやちじだろばアイウエオカキクケコサシスセソタチツテトナニヌネノ日一国人年大十二本中長出三時行見月後前生五間上東四今金九入学高円子外八六下来気小七山話女北午百書先名川千水半男西電校語土木聞食車何南万毎白天母火右読友左休父雨",
}
"""Letters by language, often used ones first."""
_SPACED = 6.0
"""Mean letters of a word; zh, ja and th have no spaces between words."""
PAIRS = {("en", "de"): 30, ("de", "cs"): 20, ("en", "ru"): 20, ("en", "el"): 8, ("en", "ar"): 8, ("en", "hi"): 4, ("zh", "ja"): 10}
"""Language pairs by their share in 100 rows."""
FAULTS = ("empty", "copied", "long", "script", "number", "html")
_FAULTY = 0.04
"""Share of pairs with a planted fault."""
POOL = 3_000_000
"""Characters of made-up running text by language; texts are cut from it at random places."""


def running_text(language: str, characters: int, seed: int) -> str:
    """Words of random letters whose frequencies fall as in real text (Zipf), with commas, full stops and few numbers."""
    rng = random.Random(f"{seed}/{language}")
    letters = LETTERS[language]
    by_letter = list(accumulate(1 / (rank + 2) for rank in range(len(letters))))
    gap = "" if language in ("zh", "ja", "th") else " "
    mean = _SPACED if gap else 2.0
    lengths = [1 + min(14, int(rng.expovariate(1 / mean))) for _ in range(20_000)]
    spelled = iter(rng.choices(letters, cum_weights=by_letter, k=sum(lengths)))
    words = ["".join(islice(spelled, length)) for length in lengths]
    by_word = list(accumulate(1 / (rank + 3) for rank in range(len(words))))
    count = int(characters / mean) + 1_000
    marks = rng.choices(("", ",", "."), cum_weights=(84, 92, 100), k=count)
    text = gap.join(map(add, rng.choices(words, cum_weights=by_word, k=count), marks))
    assert len(text) >= characters
    return text[:characters]


class Pairs:
    """Frames of made-up sentence pairs with all columns of the contract and a score; a few have a planted fault."""

    def __init__(self, seed: int, characters: int = 80) -> None:
        """Texts of this many characters on each side."""
        self.seed = seed
        self.characters = characters
        self.pools = {language: running_text(language, POOL, seed) for pair in PAIRS for language in pair}

    def frame(self, rows: int, number: int) -> pl.DataFrame:
        """The frame of this number; every number gives other rows."""
        rng = random.Random(f"{self.seed}/{number}")
        languages = rng.choices(list(PAIRS), cum_weights=list(accumulate(PAIRS.values())), k=rows)
        size, last = self.characters, POOL - self.characters
        pools, at = self.pools, rng.random
        source = [pools[code][(start := int(at() * last)) : start + size] for code, _ in languages]
        target = [pools[code][(start := int(at() * last)) : start + size] for _, code in languages]
        for row in range(rows):
            if at() < _FAULTY:
                source[row], target[row] = self._faulty(rng.choice(FAULTS), source[row], target[row])
            elif at() < 0.2:
                # The same number in both, as in good translations.
                value = f" {int(at() * 10_000)} "
                source[row], target[row] = value + source[row][len(value) :], value + target[row][len(value) :]
        frame = pl.DataFrame(
            {
                "source": source,
                "target": target,
                "doc_id": [f"doc-{number}-{row // 20}" for row in range(rows)],
                "segment": [str(row % 20) for row in range(rows)],
                "origin": ["news" if at() < 0.5 else "web" for _ in range(rows)],
                "license": ["CC-BY-4.0"] * rows,
                "task": ["translate"] * rows,
                "src_lang": [code for code, _ in languages],
                "tgt_lang": [code for _, code in languages],
                "meta": [f'{{"line":{number * rows + row}}}' for row in range(rows)],
                "score_quality": [at() for _ in range(rows)],
            }
        )
        frame = conform(frame, "pair")
        return frame.with_columns(row_ids("pair", frame))

    def _faulty(self, fault: str, source: str, target: str) -> tuple[str, str]:
        match fault:
            case "empty":
                return source, " \u200b"
            case "copied":
                return source, source.upper()
            case "long":
                return source, target * 20
            case "script":
                return source, self.pools["ru" if target.isascii() else "en"][: self.characters]
            case "number":
                return source[:-4] + " 347", target[:-4] + " 350"
            case _:
                return source, "<p>" + target[7:] + "</p>"


def write_dataset(frames: Iterator[pl.DataFrame], folder: Path) -> None:
    """A dataset folder of pairs, a shard for each frame: what a read stage would leave, at constant memory."""
    shards = [write_parquet(folder / "data" / shard_name(n), frame) for n, frame in enumerate(frames)]
    manifest = Manifest(
        kind="pair",
        stage="write",
        name=folder.name,
        plan=digest([shard.sha256 for shard in shards]),
        content="",
        shards=shards,
        splits={"train": [shard.name for shard in shards]},
        counts={"rows": sum(shard.rows for shard in shards)},
        scores={"score_quality": Score(higher_is_better=True, signature="made up")},
    )
    finish(folder, manifest)
