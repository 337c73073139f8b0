"""Write README.md from nbs/index.ipynb: its markdown cells, and the markdown that its code cells put out.

nbdev does this with Quarto; this needs nothing but the notebook, so that CI can check that the two agree.
"""
import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

def text(cell):
    if cell["cell_type"] == "markdown": return "".join(cell["source"])
    outputs = [o.get("data", {}).get("text/markdown") for o in cell.get("outputs", [])]
    return "\n\n".join("".join(o) for o in outputs if o)

def main():
    cells = json.loads((ROOT/"nbs"/"index.ipynb").read_text(encoding="utf-8"))["cells"]
    parts = ["<!-- Written from nbs/index.ipynb by .ci/readme.py; edit the notebook -->", *filter(None, map(text, cells))]
    (ROOT/"README.md").write_text("\n\n".join(parts).replace("](images/", "](nbs/images/")+"\n", encoding="utf-8")

if __name__ == "__main__": main()
