#!/bin/sh
# All of the recipe in miniature, from nothing: every line below is a command that you could type.
#
#     recipes/mini/run.sh                 SIZE=full: two cores, half an hour to three quarters (tried.md tells of its sizes)
#     SIZE=tiny recipes/mini/run.sh       minutes: the mechanics alone, its models know next to nothing
#     SIZE=gpu recipes/mini/run.sh        100 million weights on the public sets in $TOWERKIT_DATA (real.py), for one GPU
#     COMET=1 recipes/mini/run.sh         with a small COMET checkpoint beside the other scores
#     SEED=4 MINI=runs/mini4 recipes/mini/run.sh
#
# Run it again after whatever stopped it: what is done is not done again.
set -eu
SIZE=${SIZE:-full}
SEED=${SEED:-3}
BIN=${BIN:-.venv-train/bin}
MINI=${MINI:-runs/mini-$SIZE-$SEED}
mkdir -p "$MINI"
MINI=$(cd "$MINI" && pwd)
export MINI

# Text, sizes of the model and of batches, rates, steps of each trainer (the control sees the translations as often as sft
# does, which are 22 % of its rows), prompts that are answered, samples of each, and what is doubted
# (best.yaml) or too hard or too easy (problems.yaml).
wide='' long='' pairs='' groups=''
case $SIZE in
    tiny) text="phrasebook.py --size tiny" base="--vocabulary 1500 --hidden 64 --layers 2"
        wide="--set trainer.save_steps=10" pairs="$wide" groups="--set trainer.save_steps=2"
        rate=1e-2 taught=3e-3 tuned=3e-3 cpt=200 teacher_a=200 teacher_b=200 reward=30 sft=100 wpo=20 grpo=6
        asked=80 tasks=240 n=2 LIKELY=100 HARDEST=0 EASIEST=1 ;;
    full) text="phrasebook.py --size full" base="--vocabulary 2048 --hidden 128 --layers 4"
        rate=5e-3 taught=2e-3 tuned=5e-4 cpt=8000 teacher_a=600 teacher_b=1500 reward=300 sft=4500 wpo=450 grpo=150
        asked=6000 tasks=10000 n=2 LIKELY=2 HARDEST=0.05 EASIEST=0.95 ;;
    gpu) text="real.py --data ${TOWERKIT_DATA:?names no folder of public sets}"
        base="--vocabulary 32000 --hidden 768 --layers 12" attention="--set trainer.model_init_kwargs.attn_implementation=sdpa"
        wide="$attention --set trainer.per_device_train_batch_size=64"
        long="--set trainer.packing=true --set trainer.packing_strategy=bfd_split --set trainer.max_length=512"
        pairs="$wide --set trainer.learning_rate=5e-6"
        groups="$attention --set trainer.per_device_train_batch_size=128 --set trainer.learning_rate=2e-6"
        rate=6e-4 taught=1e-4 tuned=1e-4 cpt=6000 teacher_a=1500 teacher_b=1500 reward=500 sft=2000 wpo=300 grpo=200
        asked=6000 tasks=18000 n=4 LIKELY=2 HARDEST=0.05 EASIEST=0.95 ;;
    *) echo "SIZE=$SIZE: expected tiny, full or gpu" >&2; exit 2 ;;
esac
control=$((sft * 22 / 100))
export LIKELY HARDEST EASIEST

cd "$(dirname "$0")/../.."
PATH=$(cd "$BIN" && pwd):$PATH

# Text of several languages, and tasks whose answers can be checked.
python recipes/mini/$text --out "$MINI/phrasebook" --seed "$SEED"
datagen run recipes/mini/tests.yaml --runs "$MINI/data"

# A tokenizer and a model of random weights, then continued pretraining: 66 % text, 33 % translations, 1 % conversations.
datagen run recipes/mini/corpus.yaml --runs "$MINI/data"
python recipes/mini/base.py --texts "$MINI/data/corpus/texts" --out "$MINI/models/base" --seed "$SEED" $base
datagen run recipes/mini/pretraining.yaml --runs "$MINI/data"
python -m train.cpt recipes/mini/cpt.yaml --set seed="$SEED" --set trainer.max_steps=$cpt --set trainer.learning_rate=$rate $wide $long

# Two teachers with different gifts.
datagen run recipes/mini/teachers.yaml --runs "$MINI/data"
python -m train.sft recipes/mini/teacher_a.yaml --set seed="$SEED" --set trainer.max_steps=$teacher_a --set trainer.learning_rate=$taught $wide
python -m train.sft recipes/mini/teacher_b.yaml --set seed="$SEED" --set trainer.max_steps=$teacher_b --set trainer.learning_rate=$taught $wide

# Both answer the same prompts; a reward model learns to tell good answers from bad ones; the best answers are kept.
datagen run recipes/mini/answers.yaml --runs "$MINI/data" --set asked.mix.total=$asked --set tasks.mix.total=$tasks \
    --set translated.generate.n=$n --set solved.generate.n=$n
datagen run recipes/mini/ranking.yaml --runs "$MINI/data"
python -m train.reward recipes/mini/reward.yaml --set seed="$SEED" --set trainer.max_steps=$reward $wide
datagen run recipes/mini/best.yaml --runs "$MINI/data"
if [ "${COMET:-0}" = 1 ]; then
    python recipes/mini/small_comet.py --rows "$MINI/phrasebook/scored.train.jsonl" --out "$MINI/models/comet"
    datagen run recipes/mini/comet.yaml --runs "$MINI/data"
    datagen report "$MINI/data/comet" --out "$MINI/comet"
fi

# Supervised fine-tuning, and the control that learns translations alone.
python -m train.sft recipes/mini/sft.yaml --set seed="$SEED" --set trainer.max_steps=$sft --set trainer.learning_rate=$tuned $wide
python -m train.sft recipes/mini/control.yaml --set seed="$SEED" --set trainer.max_steps=$control --set trainer.learning_rate=$tuned $wide

# Preferences among its own answers and the teachers', then weighted preference optimization.
datagen run recipes/mini/preferences.yaml --runs "$MINI/data" --set translated.generate.n=$n --set solved.generate.n=$n
python -m train.wpo recipes/mini/wpo.yaml --set seed="$SEED" --set trainer.max_steps=$wpo $pairs

# Reinforcement learning with verifiable rewards.
datagen run recipes/mini/problems.yaml --runs "$MINI/data"
python -m train.grpo recipes/mini/grpo.yaml --set seed="$SEED" --set trainer.max_steps=$grpo $groups

# Models between the tuned ones, and every stage measured.
python -m train.merge recipes/mini/merge.yaml
python -m evals run recipes/mini/eval.yaml --runs "$MINI/evals"
python recipes/mini/report.py --mini "$MINI"
