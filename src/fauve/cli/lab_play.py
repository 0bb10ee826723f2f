"""``fauve lab play``."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import click

from fauve.errors import ConfigError
from fauve.report.play_alone import build_play_alone

__all__ = ["play", "server"]

_LOOPBACK = "127.0.0.1"
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.option("--out", type=_FOLDER, default=Path("fauve-play"), show_default=True, help="Where the page goes.")
@click.option(
    "--family",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of weights that you trained. Default: the family that comes with Fauve.",
)
@click.option(
    "--serve/--no-serve",
    default=True,
    show_default=True,
    help="Show it on this machine's own address until Ctrl-C. The page also opens from the disk.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0 takes one that is free.")
def play(out: Path, family: Path | None, serve: bool, port: int) -> None:
    """Build a page with dials: turn up the taste, hold the painter to the words, see scorers disagree."""
    page = build_play_alone(out, family)
    click.echo(f"Page: {page}")
    if not serve:
        return
    with server(out, port) as running:
        click.echo(f"Serving on http://{_LOOPBACK}:{running.server_address[1]}/ until Ctrl-C")
        try:
            running.serve_forever()
        except KeyboardInterrupt:
            click.echo("Stopped; the page stays where it is")


def server(folder: Path, port: int = 0) -> ThreadingHTTPServer:
    """A server of the files of a page, on the loopback address only; other files of the folder stay unseen.

    Raises:
        ConfigError: the port is taken.
    """
    listed = frozenset((folder / "files.txt").read_text(encoding="utf-8").splitlines())
    try:
        return ThreadingHTTPServer((_LOOPBACK, port), partial(_Files, directory=str(folder), listed=listed))
    except OSError as error:
        raise ConfigError(
            f"port {port} cannot be used ({error.strerror}); leave --port out to take a free one"
        ) from None


class _Files(SimpleHTTPRequestHandler):
    def __init__(self, *args: Any, listed: frozenset[str], **options: Any) -> None:
        self._listed = listed  # the base class answers the request before its constructor returns
        super().__init__(*args, **options)

    def send_head(self) -> Any:
        name = unquote(urlsplit(self.path).path).removeprefix("/") or "index.html"
        if name not in self._listed:
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        return super().send_head()

    def log_message(self, format: str, *args: Any) -> None:
        """A line a picture would hide the address."""
