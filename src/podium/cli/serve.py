"""`podium serve`: a trained model behind a page and a JSON endpoint on this machine."""

from __future__ import annotations

import ipaddress
import sys
from pathlib import Path
from pkgutil import resolve_name
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from podium.cli.numbers import number, whole_number
from podium.cli.predict import competition_of
from podium.core.errors import EnvironmentFault, guarded
from podium.evaluation.competition import PredictOptions

if TYPE_CHECKING:
    from podium.page.serving.server import PictureServer, Service

WARM_UP_SECONDS = 600.0
CROPS = "podium.slides.crops:answers"  # slides are too large to be sent
EXPLAINER = "podium.takeaway.explain_model:explainer"


@guarded
def serve(
    model: Annotated[Path, typer.Option(help="A trained model.")] = Path("models/photos.keras"),
    port: Annotated[int, whole_number("Where to listen; 0: any that is free.", 0, 65535)] = 8000,
    host: Annotated[
        str,
        typer.Option(help="Address to listen at. Any but 127.0.0.1 lets other machines in."),
    ] = "127.0.0.1",
    max_mb: Annotated[float, number("Larger picture files are refused.", 0.001, 1000)] = 20.0,
    weights_dir: Annotated[
        Path, typer.Option(help="Where ImageNet weights of your own lie.")
    ] = Path("data/weights"),
) -> None:
    """Answer pictures on a page in the browser, and as JSON.

    Answers as `podium predict` does, and shows where the model looked. Of slides it takes crops.
    POST /predict takes the bytes of a picture and gives JSON, POST /explain a PNG. Ctrl-C stops it.

    Examples:
        podium serve
        podium serve --model models/text-crnn.keras --port 8001
        podium serve --model models/slides.keras
    """
    from podium.page.serving.answerer import Answerer
    from podium.page.serving.explanations import Explanations
    from podium.page.serving.server import Service
    from podium.page.serving.web_page import web_page

    competition = competition_of(model)
    name = CROPS if competition.room == "slides" else competition.predictor
    predictor, options = resolve_name(name), PredictOptions(weights_dir)
    max_bytes = round(max_mb * 1e6)
    page = web_page(str(model), competition.name, max_bytes)
    with TemporaryDirectory(prefix="podium-serve-") as folder:
        answerer = Answerer(lambda paths: predictor(model, paths, options))
        explanations = Explanations(lambda: resolve_name(EXPLAINER)(model, weights_dir))
        service = Service(answerer, explanations, page, Path(folder), max_bytes)
        try:
            _serve(host, port, service)
        except KeyboardInterrupt:
            print("stopped", file=sys.stderr)
        finally:
            answerer.close()


def _serve(host: str, port: int, service: Service) -> None:
    with _listening(host, port, service) as server:
        if not _is_loopback(host):
            print("note: other machines can send pictures here: there is no password, and what is "
                  "sent is not encrypted", file=sys.stderr)  # fmt: skip
        _warm_up(service)
        print(f"{server.address} (Ctrl-C stops)", flush=True)
        server.serve_forever()


def _warm_up(service: Service) -> None:
    """Answer a grey picture, since the first answer takes many times longer."""
    from PIL import Image

    path = service.folder / "grey.png"
    Image.new("RGB", (64, 64), "grey").save(path)
    service.answerer.answer(path, WARM_UP_SECONDS)
    path.unlink()


def _listening(host: str, port: int, service: Service) -> PictureServer:
    from podium.page.serving.server import PictureServer

    try:
        return PictureServer(host, port, service)
    except OSError as error:
        raise EnvironmentFault(
            f"--host {host} --port {port}: {error.strerror}\nremedy: choose another port or address"
        ) from None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
