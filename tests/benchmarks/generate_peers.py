"""Who else asks a server, as a program of its own: `python generate_peers.py PEER URL PROMPTS FOLDER IN_FLIGHT`.

PROMPTS is a file of JSON lines with a `text`; FOLDER is where the peer keeps what it wants to. `bare` is what is left
when a client does nothing but ask and append to a log; the others need environments of their own
(requirements/peer-*.txt). Settings that are not named are the peer's defaults.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

MAX_TOKENS = 256


def bare(url: str, prompts: str, folder: str, in_flight: int) -> None:
    """An aiohttp loop: so many tasks ask, read, and append the answer to one file."""
    import asyncio

    import aiohttp
    import orjson

    async def work(lines, session, log) -> None:
        for line in lines:
            text = orjson.loads(line)["text"]
            asked = {"model": "m", "messages": [{"role": "user", "content": text}], "max_tokens": MAX_TOKENS}
            headers = {"content-type": "application/json"}
            async with session.post(f"{url}/chat/completions", data=orjson.dumps(asked), headers=headers) as response:
                answer = await response.read()
                assert response.status == 200, answer
            orjson.loads(answer)["choices"][0]["message"]["content"]
            log.write(answer + b"\n")

    async def everything() -> None:
        connector = aiohttp.TCPConnector(limit=in_flight)
        # Unbuffered: each answer is with the system before the next one is asked for.
        with open(prompts, "rb") as lines, open(f"{folder}/log", "ab", buffering=0) as log:
            async with aiohttp.ClientSession(connector=connector) as session:
                await asyncio.gather(*(work(lines, session, log) for _ in range(in_flight)))

    asyncio.run(everything())


def curator(url: str, prompts: str, folder: str, in_flight: int) -> None:
    """Bespoke Curator's online requests, with its limits a minute out of the way."""
    os.environ |= {
        "CURATOR_CACHE_DIR": folder,
        "CURATOR_DISABLE_RICH_DISPLAY": "1",
        "TELEMETRY_ENABLED": "false",
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": f"{folder}/hf",
        "HOME": folder,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        # It loads the encoding cl100k_base from the internet. litellm, which it depends on, carries that file, by the
        # name that tiktoken's cache has for it.
        "TIKTOKEN_CACHE_DIR": f"{_package('litellm')}/litellm_core_utils/tokenizers",
    }
    from bespokelabs import curator
    from datasets import Dataset

    class Ask(curator.LLM):
        def prompt(self, row):
            return row["text"]

        def parse(self, row, answer):
            return {"text": row["text"], "answer": answer}

    model = Ask(
        model_name="m",
        backend="openai",
        generation_params={"max_tokens": MAX_TOKENS},
        backend_params={
            "base_url": url,
            "api_key": "none",
            "max_concurrent_requests": in_flight,
            "max_requests_per_minute": 10**9,
            "max_tokens_per_minute": 10**12,
        },
    )
    answers = model(Dataset.from_json(prompts)).dataset
    print(f"rows {len(answers)}")


def distilabel(url: str, prompts: str, folder: str, in_flight: int) -> None:
    """A distilabel pipeline of one step, which has a batch in flight at a time."""
    os.environ |= {"HOME": folder, "HF_HOME": f"{folder}/hf", "HF_HUB_OFFLINE": "1"}
    from datasets import Dataset
    from distilabel.models import OpenAILLM
    from distilabel.pipeline import Pipeline
    from distilabel.steps.tasks import TextGeneration

    with Pipeline(name="bench", cache_dir=f"{folder}/cache") as pipeline:
        TextGeneration(
            llm=OpenAILLM(model="m", base_url=url, api_key="none", generation_kwargs={"max_new_tokens": MAX_TOKENS}),
            input_batch_size=in_flight,
            input_mappings={"instruction": "text"},
        )
    answers = pipeline.run(dataset=Dataset.from_json(prompts), use_cache=False)
    print(f"rows {len(answers['default']['train'])}")


def _package(name: str) -> str:
    found = find_spec(name)
    assert found is not None
    return str(Path(str(found.origin)).parent)


if __name__ == "__main__":
    peer = {"bare": bare, "curator": curator, "distilabel": distilabel}[sys.argv[1]]
    peer(*sys.argv[2:5], int(sys.argv[5]))
