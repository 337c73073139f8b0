"""What holds for every page and for the whole library; one line per problem, and exit status 1 if there are any.

    python .ci/pages.py              all of it, the built site included (a minute)
    python .ci/pages.py --no-site    without preprocessing the site

- every notebook stands in the sidebar, and nothing else does;
- the first cell holds the title and one `>` line alone (nbdev makes front matter of it and drops the rest);
- a cell with an import holds nothing else (nbdev runs those when it builds the site);
- a picture that a page shows is there, and reaches the site;
- a page, its exported code and its examples, imports only from pages before it on its shelf and from shelves below;
- a public name is defined once in the whole library;
- what only one page may know (`ONLY`) stands in no other's exported code.
"""
import argparse, ast, io, json, re, subprocess, sys, tokenize
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
NBS, LIB = ROOT/"nbs", "distill_sd"
SHELVES = {"machinery": 0, ".": 1, "lab": 2}    # folder below nbs/ -> how high; a page may look down, and back on its own
FRONT = "index.ipynb"                           # may import everything
ONLY = {                                        # word -> the modules whose exported code may use it
    "encoder_hidden_states": {"teacher", "machinery.single_file", "machinery.runtimes"}, # files and shells are one family's by nature
    "UNet2DConditionModel": {"teacher", "machinery.single_file", "machinery.pipelines", "machinery.ldm_names"},
}

def read(path): return json.loads(path.read_text(encoding="utf-8"))["cells"]
def source(cell): return "".join(cell["source"])
def name_of(path): return path.relative_to(ROOT).as_posix()

def pages():
    "All notebooks, in reading order: shelf by shelf, then by file name"
    found = [p for p in NBS.rglob("*.ipynb") if not any(part.startswith((".", "_")) for part in p.relative_to(NBS).parts)]
    return sorted(found, key=place)

def place(path):
    folder = path.parent.relative_to(NBS).as_posix()
    return SHELVES.get(folder, len(SHELVES)), path.name

# The sidebar

def sidebar(entry):
    "The notebooks that a part of the sidebar names, with `auto` globs followed"
    if isinstance(entry, str): return [entry]
    if isinstance(entry, list): return [name for each in entry for name in sidebar(each)]
    if "auto" in entry: return [p.relative_to(NBS).as_posix() for g in as_list(entry["auto"]) for p in NBS.glob(g.removeprefix("/"))]
    return sidebar(entry.get("contents", [])) + [entry[k] for k in ("href", "file") if k in entry]

def as_list(value): return value if isinstance(value, list) else [value]

def check_sidebar(notebooks):
    there = {p.relative_to(NBS).as_posix() for p in notebooks}
    listed = sidebar(yaml.safe_load((NBS/"sidebar.yml").read_text())["website"]["sidebar"]["contents"])
    for name in sorted(there - set(listed)): yield f"nbs/{name}: does not stand in nbs/sidebar.yml"
    for name in sorted(set(listed) - there): yield f"nbs/sidebar.yml: {name} is not there"
    for name in sorted({n for n in listed if listed.count(n) > 1}): yield f"nbs/sidebar.yml: {name} stands there twice"

# Cells

def check_first_cell(path, cells):
    lines = [line for line in source(cells[0]).splitlines() if line.strip()] if cells else []
    titled = len(lines) == 2 and lines[0].startswith("# ") and lines[1].startswith("> ")
    if not cells or cells[0]["cell_type"] != "markdown" or not titled:
        yield f"{name_of(path)}: the first cell must hold '# Title' and one '> line' alone"

def parsed(cell):
    "Statements of a code cell; shell lines and magics left out"
    lines = ["" if re.match(r"\s*[%!]", line) else line for line in source(cell).splitlines()]
    return ast.parse("\n".join(lines)).body

def is_import(statement): return isinstance(statement, (ast.Import, ast.ImportFrom))

def of_nbdev(statement): # `import nbdev; nbdev.nbdev_export()` ends a page
    return isinstance(statement, ast.Import) and all(a.name.split(".")[0] == "nbdev" for a in statement.names)

def check_import_cells(path, cells):
    for i, cell in enumerate(cells):
        if cell["cell_type"] != "code": continue
        try: statements = parsed(cell)
        except SyntaxError as e:
            yield f"{name_of(path)}: cell {cell.get('id', i)} is not Python ({e.msg}, line {e.lineno})"
            continue
        if any(is_import(s) and not of_nbdev(s) for s in statements) and not all(map(is_import, statements)):
            yield f"{name_of(path)}: cell {cell.get('id', i)} holds an import and something else"

# Pictures

PICTURE = re.compile(r"!\[[^\]]*\]\(\s*<?([^)\s>]+)|<img\b[^>]*?\bsrc=[\"']([^\"']+)")

def shown(cell):
    "Pictures that a cell, or what it put out, shows by path"
    texts = [source(cell)] if cell["cell_type"] == "markdown" else []
    for output in cell.get("outputs", []):
        texts += ["".join(output.get("data", {}).get(kind, "")) for kind in ("text/markdown", "text/html")]
    found = [a or b for text in texts for a, b in PICTURE.findall(text)]
    return [f for f in found if not re.match(r"[a-z]+:|//|#", f)]

def check_pictures(path, cells, site):
    for cell in cells:
        for picture in shown(cell):
            where = (NBS/picture.lstrip("/") if picture.startswith("/") else path.parent/picture).resolve()
            if not where.is_relative_to(NBS) or not where.is_file(): yield f"{name_of(path)}: the picture {picture} is not there"
            elif site and not (site/where.relative_to(NBS)).is_file(): yield f"{name_of(path)}: the picture {picture} does not reach the site"

def build_site():
    "Preprocess the site as `nbdev_docs` does; its folder, or None and what went wrong"
    code = "from nbdev.serve import proc_nbs; print(proc_nbs(n_workers=0, force=True))"
    try: found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=600)
    except subprocess.TimeoutExpired: return None, "it took longer than 600 s"
    if found.returncode: return None, (found.stderr.strip().splitlines() or ["no message"])[-1]
    return Path(found.stdout.strip().splitlines()[-1]), ""

# Shelves

def modules(notebooks):
    "Module name below the library -> the page that it is exported from"
    found = {}
    for path in notebooks:
        for cell in read(path):
            named = re.search(r"^#\|\s*default_exp\s+(\S+)", source(cell), re.M) if cell["cell_type"] == "code" else None
            if named: found[named[1]] = path
    return found

def imported(statements, known, inside=""):
    "Modules of the library that code imports, with the line; '' is the library itself"
    for node in (n for s in statements for n in ast.walk(s)):
        if isinstance(node, ast.Import): names = [(a.name, None) for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            package = [LIB, *inside.split(".")][:-node.level] if node.level else []
            base = ".".join(filter(None, [*package, node.module]))
            names = [(base, a.name) for a in node.names]
        else: continue
        for base, name in names:
            if base.split(".")[0] != LIB or (name or "").startswith("__"): continue # `from distill_sd import __version__`
            module = base[len(LIB)+1:]
            deeper = f"{module}.{name}".lstrip(".")
            yield (deeper if name and deeper in known else module), node.lineno

def check_shelves(notebooks, known):
    for path in notebooks:
        if path.name == FRONT: continue
        mine = [m for m, page in known.items() if page == path]
        parts = [(f"{LIB}/{m.replace('.', '/')}.py", m, ast.parse(file.read_text(encoding="utf-8")).body)
                 for m in mine if (file := ROOT/LIB/f"{m.replace('.', '/')}.py").is_file()]
        for cell in read(path):
            if cell["cell_type"] != "code" or re.search(r"^#\|\s*exports?\b", source(cell), re.M): continue
            try: parts.append((f"{name_of(path)} cell {cell.get('id')}", "", parsed(cell)))
            except SyntaxError: continue # told already
        for where, inside, statements in parts:
            for module, line in imported(statements, known, inside):
                problem = too_high(path, module, known)
                if problem: yield f"{where}, line {line}: {problem}"

def too_high(path, module, known):
    "What is wrong with importing a module on a page; None if nothing is"
    if module in known:
        page = known[module]
        if page != path and place(page) > place(path):
            higher = place(page)[0] > place(path)[0]
            return f"imports {module}, which {'is on a higher shelf' if higher else 'comes later'} ({name_of(page)})"
    elif module == "" and place(path)[0] < SHELVES["lab"]: return f"imports from {LIB} itself, which offers the whole book"

def check_names(known):
    "`__all__` of every module, against all others"
    first = {}
    for module in sorted(known, key=lambda m: place(known[m])):
        file = ROOT/LIB/f"{module.replace('.', '/')}.py"
        if not file.is_file():
            yield f"{name_of(known[module])}: {LIB}.{module} has not been exported"
            continue
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.Assign) or getattr(node.targets[0], "id", "") != "__all__": continue
            for name in ast.literal_eval(node.value):
                if name in first: yield f"{LIB}.{module}: {name} is a public name of {LIB}.{first[name]} already"
                else: first[name] = module

def check_words(known):
    for module in sorted(known):
        file = ROOT/LIB/f"{module.replace('.', '/')}.py"
        if not file.is_file(): continue
        for token in tokenize.generate_tokens(io.StringIO(file.read_text(encoding="utf-8")).readline):
            if token.type == tokenize.COMMENT: continue
            for word, allowed in ONLY.items():
                if module not in allowed and token.type != tokenize.NL and re.search(rf"\b{word}\b", token.string):
                    yield f"{LIB}/{module.replace('.', '/')}.py, line {token.start[0]}: only {', '.join(sorted(allowed))} may know {word}"

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-site", action="store_true", help="do not preprocess the site")
    args = parser.parse_args()
    notebooks, site, problems = pages(), None, []
    known = modules(notebooks)
    if not args.no_site:
        site, wrong = build_site()
        reached = [p for p in notebooks if site and (site/p.relative_to(NBS)).is_file()]
        if wrong: problems.append(f"the site does not preprocess: {wrong}")
        else: problems += [f"{name_of(p)}: does not become a page of the site" for p in notebooks if p not in reached]
        print(f"{len(reached)} pages preprocessed")
    problems += check_sidebar(notebooks)
    for path in notebooks:
        cells = read(path)
        for found in (check_first_cell(path, cells), check_import_cells(path, cells), check_pictures(path, cells, site)): problems += found
    for found in (check_shelves(notebooks, known), check_names(known), check_words(known)): problems += found
    problems = list(dict.fromkeys(problems))
    for problem in problems: print(problem)
    print(f"{len(notebooks)} pages, {len(problems)} problems")
    return 1 if problems else 0

if __name__ == "__main__": sys.exit(main())
