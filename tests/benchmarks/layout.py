"""``python -m tests.benchmarks.layout [PACKAGE...]``: how a package is cut into folders, files and functions.

A PACKAGE is a folder of Python source; without one, this project's. Tests and generated files inside it are left out.
"""

import argparse
import ast
import io
import statistics
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Module:
    name: str
    folder: str
    lines: int
    comments: int
    functions: tuple[int, ...]
    documented: int
    defined: int
    imports: frozenset[str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("packages", type=Path, nargs="*", default=[ROOT / "llmops"])
    for package in parser.parse_args().packages:
        _report(package.resolve())


def _report(package: Path) -> None:
    modules = [
        _module(path, package) for path in sorted(package.rglob("*.py")) if not {"tests", "_vendor"} & set(path.parts)
    ]
    names = {module.name for module in modules}
    importers: defaultdict[str, set[str]] = defaultdict(set)
    for module in modules:
        for name in module.imports & names - {module.name}:
            importers[name].add(module.name)
    own = [module for module in modules if not module.name.endswith("__init__")]
    folders = Counter(module.folder for module in modules)
    functions = sorted(length for module in modules for length in module.functions)
    lines = sum(module.lines for module in modules)
    once = [module for module in own if len(importers[module.name]) == 1]
    short = [module for module in once if module.lines < 30]
    documented = sum(module.documented for module in modules) / max(1, sum(module.defined for module in modules))
    sizes = [module.lines for module in own]
    largest, most = folders.most_common(1)[0]
    print(f"{package.name}: {len(modules)} files, {lines} lines")
    print(f"  files in a folder     median {statistics.median(folders.values()):.0f}, most {most} ({largest})")
    print(f"  lines in a file       median {statistics.median(sizes):.0f}, most {max(sizes)}")
    print(f"  one importer          {len(once) / len(own):.0%} of modules, {len(short)} of them under 30 lines")
    print(f"  lines in a function   median {statistics.median(functions):.0f}, 95th percentile {_at(functions, 0.95)}")
    print(f"  comment lines         {sum(module.comments for module in modules) / lines:.1%}")
    print(f"  documented            {documented:.0%} of public functions and classes")


def _at(values: list[int], share: float) -> int:
    return values[min(len(values) - 1, int(share * len(values)))]


def _module(path: Path, package: Path) -> Module:
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    name = ".".join((package.name, *path.relative_to(package).with_suffix("").parts))
    defined = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_")
    ]
    return Module(
        name=name,
        folder=str(path.parent.relative_to(package.parent)),
        lines=sum(1 for line in source.splitlines() if line.strip()),
        comments=_comments(source),
        functions=tuple(_lengths(tree)),
        documented=sum(ast.get_docstring(node) is not None for node in defined),
        defined=len(defined),
        imports=frozenset(_imports(tree, name)),
    )


def _lengths(tree: ast.AST) -> Iterator[int]:
    """Lines of each function without its docstring and decorators."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            yield (body[-1].end_lineno or 0) - body[0].lineno + 2 if body else 1


def _comments(source: str) -> int:
    """Lines that are a comment and nothing else."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return sum(token.type == tokenize.COMMENT and not token.line[: token.start[1]].strip() for token in tokens)


def _imports(tree: ast.AST, name: str) -> Iterator[str]:
    """Modules that are imported, absolutely or relatively; of a package, also its ``__init__``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = name.split(".")[: -node.level] if node.level else []
            origin = ".".join((*base, node.module)) if node.module else ".".join(base)
            yield origin
            yield f"{origin}.__init__"
            yield from (f"{origin}.{alias.name}" for alias in node.names)


if __name__ == "__main__":
    main()
