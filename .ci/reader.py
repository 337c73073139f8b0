"""What a page costs its reader, and what the code looks like: a Markdown table.

    python .ci/reader.py                             this project
    python .ci/reader.py FOLDER --library PACKAGE    any folder of notebooks, and the package exported from it
    python .ci/reader.py FOLDER --only 09_learner    pages whose name begins so

Minutes are words of text at 200 a minute and visible lines of code at 12 a minute. Cells that are hidden or folded do not count,
blank lines and nbdev's `#|` lines neither. Exported cells are the ones that make the library.
"""
import argparse, ast, json, re, statistics
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HIDDEN = "hide", "hide_input", "echo: false", "include: false"
LONG_CELL, LONG_LINE = 25, 120

@dataclass
class Count:
    "Of one page, or of several together"
    words:int = 0
    visible:int = 0
    folded:int = 0
    exported:tuple = () # Lines of each exported cell

    def __add__(self, other):
        return Count(self.words+other.words, self.visible+other.visible, self.folded+other.folded, self.exported+other.exported)

    @property
    def minutes(self): return self.words/200 + self.visible/12

    def row(self, name):
        cells = self.exported or (0,)
        share = sum(n > LONG_CELL for n in cells)/len(cells)
        numbers = (f"{self.words:,}", f"{self.visible:,}", f"{self.folded:,}", f"{self.minutes:.0f}", len(self.exported),
                   f"{statistics.median(cells):g}", f"{share:.0%}", max(cells))
        return f"| {name} | {' | '.join(map(str, numbers))} |"

HEADS = ("page", "words", "visible lines", "folded lines", "minutes", "exported cells", "median lines", f"over {LONG_CELL}", "longest")

def directives(text):
    "What nbdev is told about a cell: `export`, `code-fold: true`, …"
    return [re.sub(r"\s*:\s*", ": ", m.strip()) for m in re.findall(r"^#\s*\|(.*)$", text, re.M)]

def count_cell(cell):
    text = "".join(cell["source"])
    if cell["cell_type"] == "markdown": return Count(words=len(text.split()))
    if cell["cell_type"] != "code": return Count()
    told = directives(text)
    lines = sum(bool(line.strip()) and not re.match(r"#\s*\|", line) for line in text.splitlines())
    exported = (lines,) if any(re.match(r"export[si]?\b", d) for d in told) else ()
    if any(d in HIDDEN for d in told): return Count(exported=exported)
    if "code-fold: true" in told: return Count(folded=lines, exported=exported)
    return Count(visible=lines, exported=exported)

def count_page(path):
    return sum(map(count_cell, json.loads(path.read_text(encoding="utf-8"))["cells"]), Count())

def pages(folder, only):
    "Notebooks by folder, each in the order of their names"
    found = {}
    for path in sorted(folder.rglob("*.ipynb")):
        if any(part.startswith((".", "_")) for part in path.relative_to(folder).parts): continue
        if not only or path.name.startswith(tuple(only)): found.setdefault(path.parent.relative_to(folder).as_posix(), []).append(path)
    return found

def table(folder, only=(), names={}):
    lines, everything = [f"| {' | '.join(HEADS)} |", f"|---|{'---:|'*(len(HEADS)-1)}"], Count()
    for shelf, paths in pages(folder, only).items():
        counts = [count_page(path) for path in paths]
        lines += [count.row(path.relative_to(folder).with_suffix("")) for path, count in zip(paths, counts)]
        total = sum(counts, Count())
        everything += total
        lines.append(total.row(f"**{names.get(shelf, shelf)}**"))
    return "\n".join([*lines, everything.row("**together**")])

def local_imports(tree):
    "Import statements inside functions"
    functions = (n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef)))
    return len({id(n) for f in functions for n in ast.walk(f) if isinstance(n, (ast.Import, ast.ImportFrom))})

def library(folder):
    "The package in a sentence"
    files = [p for p in sorted(folder.rglob("*.py")) if p.name != "_modidx.py"]
    texts = [p.read_text(encoding="utf-8") for p in files]
    lines = [line for text in texts for line in text.splitlines()]
    long, inside = sum(len(line) > LONG_LINE for line in lines), sum(local_imports(ast.parse(text)) for text in texts)
    return (f"`{folder.name}`: {len(lines):,} lines, {long/max(1, len(lines)):.1%} of them over {LONG_LINE} characters; "
            f"{inside} imports inside functions.")

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT/"nbs", help="of notebooks (default: this project's)")
    parser.add_argument("--library", dest="package", type=Path, help="the package exported from them (default, for this project: distill_sd)")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="beginnings of page names")
    args = parser.parse_args()
    ours = args.folder.resolve() == ROOT/"nbs"
    print(table(args.folder, args.only, {".": "the book"} if ours else {}))
    package = args.package or (ROOT/"distill_sd" if ours else None)
    if package: print("", library(package), sep="\n")

if __name__ == "__main__": main()
