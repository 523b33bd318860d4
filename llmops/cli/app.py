"""The command tree, and the single place that turns errors into messages and exit codes."""

import contextlib
import logging
import os
import signal
import sys
import traceback
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from llmops.cli import audit, deid, release, search, suite, vault
from llmops.cli.output import out_json, problem, set_loudness
from llmops.cli.running import check, run
from llmops.cli.trace import trace
from llmops.errors import LlmopsError
from llmops.process import forbid_dumps

_LOUDNESS: Final = ("--quiet", "-q", "--verbose", "-v")
EXIT_USAGE: Final = 2
EXIT_BUG: Final = 70
EXIT_INTERRUPTED: Final = 130


class _Commands(TyperGroup):
    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Parse as Typer does, but accept --quiet and --verbose anywhere, also after the command."""
        options = args[: args.index("--")] if "--" in args else args
        loud = [name for name in _LOUDNESS if name in options]
        return super().parse_args(ctx, [*loud, *(name for name in options if name not in loud), *args[len(options) :]])

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]
        """Invoke as Typer does, but report a command interrupted by Ctrl-C instead of exiting silently."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as interrupt:
            problem(str(interrupt) or "interrupted; a run goes on where it was when the same command is given again")
            raise typer.Exit(EXIT_INTERRUPTED) from None


app = typer.Typer(
    name="llmops",
    cls=_Commands,
    help="Clinical records in, signed de-identified releases out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its tracebacks show local variables, which hold PHI
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(run)
app.command()(check)
app.command()(trace)
app.command("search")(search.search)
app.command("eval")(suite.evaluate)
app.add_typer(deid.app, name="deid")
app.add_typer(release.app, name="release")
app.add_typer(vault.app, name="vault")
app.add_typer(audit.app, name="audit")


class _Described(StrEnum):
    RECIPE = "recipe"
    SUMMARY = "summary"


@app.command()
def schema(
    of: Annotated[_Described, typer.Argument(help="A recipe, or the summary.json of a run.")] = _Described.RECIPE,
) -> None:
    """Print the JSON Schema of a recipe or of the summary of a run."""
    from llmops.recipe import recipe_schema
    from llmops.run_summary import summary_schema

    out_json(recipe_schema() if of is _Described.RECIPE else summary_schema())


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(version("clinical-llmops"))
        raise typer.Exit


@app.callback()
def _options(
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say nothing but problems; also behind any command.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Say more: steps, costs, outcomes; also behind any command.")
    ] = False,
) -> None:
    """Clinical records in, signed de-identified releases out."""
    set_loudness(quiet=quiet, verbose=verbose)


def main() -> None:
    """Run the command line and exit with the documented exit code: never with a traceback that could hold PHI."""
    # Libraries may log what they read; we print the relevant messages ourselves.
    logging.disable(logging.CRITICAL)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # how containers and systemd stop: as Ctrl-C
    code = _guarded()
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.flush()
        sys.stderr.flush()
    # All files are durable here. Exiting without teardown protects against native libraries (Arrow, ONNX) that
    # abort the process if one of their threads is still starting.
    os._exit(code)


def _guarded() -> int:
    try:
        forbid_dumps()
        code = app(standalone_mode=False)
    except LlmopsError as error:
        problem(str(error))
        return error.exit_code
    except typer.Abort:
        return EXIT_INTERRUPTED
    except TyperException as error:
        error.show()  # type: ignore[attr-defined]
        return EXIT_USAGE
    except BrokenPipeError:
        # The reader of our output closed the pipe (| head): not an error, but nothing may be flushed at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - a bug: print its place, never its message
        problem(f"internal error: {_place(error)}; please report it")
        return EXIT_BUG
    return code if isinstance(code, int) else 0


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    steps = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames if "llmops" in frame.filename]
    return f"{type(error).__name__} at {' > '.join(steps[-3:])}"
