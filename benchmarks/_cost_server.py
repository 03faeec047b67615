"""A process that loads a model, answers songs one after the other, and tells its peak memory.

    python benchmarks/_cost_server.py {teacher,student,onnx} FOLDER

The folder is written by `cost.py`. The last line printed is JSON: the peak of the process in MB
(10^6 bytes, all imports included), the probabilities, and which heavy libraries were imported.
"""

import json
import sys
from pathlib import Path

HEAVY = ("torch", "sentence_transformers", "librosa", "sklearn", "pandas", "onnxruntime")


def answer_with_pipeline(folder, kind, songs):
    """A Pipeline from one safetensors file."""
    import pandas as pd

    from sklearn_skd.deployment import load

    model = load(folder / f"{kind}.safetensors")
    table = pd.DataFrame(songs)
    return [model.predict_proba(table.iloc[[row]])[0].tolist() for row in range(len(table))]


def answer_with_onnx(folder, songs):
    """The graph, front end included, and the static table: ONNX Runtime, soundfile, tokenizers."""
    import numpy as np
    import onnxruntime
    import soundfile
    from tokenizers import Tokenizer

    from sklearn_skd.features._clean import clean_lyrics

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(folder / "student.onnx", options)
    facts = json.loads(session.get_modelmeta().custom_metadata_map["sklearn_skd"])
    table = np.load(folder / "table.npy")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))

    def light(text):
        text = clean_lyrics(text)
        ids = tokenizer.encode(text or "[no lyrics]", add_special_tokens=False).ids
        vector = table[ids].sum(axis=0)
        vector = np.append(vector / max(np.linalg.norm(vector), 1e-12), float(bool(text)))
        return vector.astype(np.float32)

    def codes(source, row):
        fields = zip(source["columns"], source["transformer"]["categories"], strict=True)
        return [{name: k for k, name in enumerate(n, 1)}.get(songs[f][row], 0) for f, n in fields]

    answers = []
    for row, path in enumerate(songs["audio"]):
        inputs = {}
        for source in facts["sources"]:
            kind, name = source["transformer"]["class"], source["name"]
            if kind == "LogMelSpectrogram":
                inputs[name] = soundfile.read(path, dtype="float32")[0][None]
            elif kind == "StaticLyricsEncoder":
                inputs[name] = light(songs["lyrics"][row])[None]
            else:
                inputs[name] = np.array([codes(source, row)], dtype=np.int64)
        answers.append(session.run(["probabilities"], inputs)[0][0].tolist())
    return answers


def main():
    kind, folder = sys.argv[1], Path(sys.argv[2])
    songs = json.loads((folder / "songs.json").read_text())
    if kind == "onnx":
        answers = answer_with_onnx(folder, songs)
    else:
        answers = answer_with_pipeline(folder, kind, songs)
    status = Path("/proc/self/status").read_text()
    peak = int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6
    imported = [name for name in HEAVY if name in sys.modules]
    print(json.dumps({"peak": peak, "probabilities": answers, "imported": imported}))


if __name__ == "__main__":
    main()
