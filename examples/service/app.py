"""The service: ``python app.py BUNDLE`` and open http://127.0.0.1:8000."""

import argparse
import logging
import os
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path

from bundle import Bundle
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse
from forms import read_song
from uploads import Limits, Refused
from workers import Workers

log = logging.getLogger(__name__)

ANSWERS = "bundle:answers"  # what the workers run
CONNECTIONS = 64  # at once: each may hold an upload in memory
PAGE = Path(__file__).parent / "page.html"

# The page needs nothing from elsewhere, and nobody may frame it.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
        "connect-src 'self'; media-src blob:; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def create_app(folder, *, limits=None, n_workers=None):
    """The application.

    Parameters
    ----------
    folder : str or path-like
        A bundle, as `make_bundle.py` writes it.
    limits : Limits, default=Limits()
    n_workers : int, default=None
        Processes that answer; None means one a processor.

    Returns
    -------
    app : FastAPI
    """
    limits = limits or Limits()
    model = Bundle(folder, limits)  # a bad folder is an error here, not at the first request

    @asynccontextmanager
    async def lifespan(app):
        app.state.workers = Workers(
            ANSWERS,
            (str(folder), limits),
            n_workers=n_workers or os.cpu_count() or 1,
            seconds=limits.answer_seconds,
            waiting=limits.waiting,
        )
        try:
            app.state.workers.start()
            yield
        finally:
            app.state.workers.stop()

    # the pages of documentation would load scripts from elsewhere
    app = FastAPI(title="Emotion of a song", lifespan=lifespan, docs_url=None, redoc_url=None)
    _add_errors(app)
    _add_pages(app, model, limits)

    @app.post("/predict", openapi_extra=_describe_form(model.culture))
    async def predict(request: Request):
        """Emotion, probabilities, credibility and timeline of a clip."""
        song = await read_song(request, fields=model.culture, limits=limits)
        return JSONResponse(await app.state.workers.run(song))

    return app


def _add_pages(app, model, limits):
    page = PAGE.read_text("utf8")
    about = {"classes": model.facts["classes"], "culture": model.culture, "limits": asdict(limits)}

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def show_page():
        return HTMLResponse(page, headers=HEADERS)

    @app.get("/about")
    async def tell_about():
        """Classes, culture labels that the student knows, and limits."""
        return about

    @app.get("/health")
    async def tell_health():
        """Whether the service is up."""
        return {"status": "ok"}


def _add_errors(app):
    """Every error is JSON with one plain message, and tells nothing of the inside."""

    @app.exception_handler(Refused)
    async def refuse(request, refused):
        headers = {"Retry-After": "5"} if refused.status == 503 else None
        return JSONResponse({"detail": refused.message}, refused.status, headers)

    @app.exception_handler(Exception)
    async def fail(request, error):
        return JSONResponse({"detail": "Something went wrong here; it has been logged."}, 500)


def _describe_form(culture):
    """The form of /predict for /openapi.json; it is parsed by hand, to count while it arrives."""
    text = {"type": "string"}
    properties = {
        "clip": {"type": "string", "format": "binary"},
        "lyrics": text,
        **dict.fromkeys(culture, text),
    }
    schema = {"type": "object", "required": ["clip"], "properties": properties}
    return {
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    }


def main(arguments=None):
    """Serve a bundle on this machine alone."""
    import uvicorn

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", help="folder written by make_bundle.py")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--workers", type=int, default=None, help="default: one a processor")
    options = parser.parse_args(arguments)
    app = create_app(options.bundle, n_workers=options.workers)
    uvicorn.run(app, host="127.0.0.1", port=options.port, limit_concurrency=CONNECTIONS)


if __name__ == "__main__":
    main()
