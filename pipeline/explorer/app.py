"""The pages of the explorer: read-only, no scripts, for the loopback address alone."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from pipeline.explorer.search import PAGE_SIZE, BadSearch, Documents, Search
from pipeline.explorer.shown import marked, shown
from pipeline.explorer.story import Stories

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

    from formats.run_folder import RunFolder

HOST = "127.0.0.1"
HOSTS = ["127.0.0.1", "localhost", "[::1]"]
POLICY = (
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def serve(folder: RunFolder, port: int) -> None:
    """Serve a run until Ctrl-C.

    Raises:
        NotARunFolder: there is no finished run.
    """
    import uvicorn

    uvicorn.run(make_app(folder), host=HOST, port=port, log_level="warning", access_log=False)


def make_app(folder: RunFolder) -> Starlette:
    """The pages of a run as an ASGI application.

    Requests under another name than the loopback address's are refused: a page of the web could
    otherwise have its own name point here and read along (DNS rebinding).
    """
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware
    from starlette.routing import Route

    pages = Pages(folder)
    routes = [
        Route("/", pages.search),
        Route("/document/{name:path}", pages.document),
        Route("/row/{phase}/{row:int}", pages.row),
        Route("/explorer.css", pages.style),
    ]
    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS, www_redirect=False)
    return Starlette(routes=routes, middleware=[hosts])


class Pages:
    """What each address shows. Starlette runs these in threads, as they are no coroutines."""

    def __init__(self, folder: RunFolder) -> None:
        """Open the run.

        Raises:
            NotARunFolder: there is no finished run.
        """
        from jinja2 import Environment, PackageLoader

        self._folder = folder
        self._documents = Documents(folder)
        self._stories = Stories(self._documents)
        self._templates = Environment(loader=PackageLoader("pipeline.explorer"), autoescape=True)
        self._templates.filters["shown"] = shown
        self._templates.filters["count"] = lambda number: f"{number:,}"

    def search(self, request: Request) -> Response:
        """A form, and a page of documents."""
        query = dict(request.query_params)
        try:
            search = Search.of(query)
            found = self._documents.find(search)
        except BadSearch as error:
            return self._page("error.html", 400, message=str(error))
        rows = [row | {"pieces": marked(row["start"], search.text)} for row in found.rows]
        first = search.page * PAGE_SIZE
        return self._page(
            "search.html",
            search=search,
            query=query,
            choices=self._documents.choices,
            rows=rows,
            total=found.total,
            first=first + 1 if rows else 0,
            last=first + len(rows),
            earlier=self._link(query, search.page - 1) if search.page else None,
            later=self._link(query, search.page + 1) if first + len(rows) < found.total else None,
        )

    def document(self, request: Request) -> Response:
        """One document, with all that is known of it."""
        name = request.path_params["name"]
        story = self._stories.tell(name, whole="whole" in request.query_params)
        if story is None:
            message = f"no document of this run is called {name!r}: ids, numbers and origins are"
            return self._page("error.html", 404, message=message)
        return self._page("document.html", story=story)

    def row(self, request: Request) -> Response:
        """A training row: its pieces and the documents they come from."""
        from pipeline.trace import trace_row

        phase, row = request.path_params["phase"], request.path_params["row"]
        try:
            traced = trace_row(self._folder, row, phase)
        except (OSError, ValueError) as error:
            return self._page("error.html", 404, message=str(error))
        return self._page("row.html", traced=traced)

    def style(self, request: Request) -> Response:
        """The one style sheet."""
        from starlette.responses import Response

        sheets = ("report.css", "explorer/explorer.css")
        text = "".join(files("pipeline").joinpath(name).read_text("utf-8") for name in sheets)
        return Response(text, media_type="text/css", headers=HEADERS)

    def _page(self, template: str, status: int = 200, **values: Any) -> Response:
        from starlette.responses import HTMLResponse

        text = self._templates.get_template(template).render(
            name=self._documents.summary["name"], **values
        )
        # A lone surrogate of a broken text has no bytes in UTF-8.
        content = text.encode("utf-8", "replace")
        return HTMLResponse(content, status, headers=HEADERS)

    def _link(self, query: dict[str, str], page: int) -> str:
        return "/?" + urlencode(query | {"page": str(page)})
