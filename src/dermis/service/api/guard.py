"""What holds for every request: names of this machine, no other site's pages, headers, figures."""

from __future__ import annotations

from time import perf_counter
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dermis.service.api.problems import Forbidden, problem
from dermis.service.api.service import LOOPBACK, Service

__all__ = ["CONTENT_POLICY", "Guard"]

CONTENT_POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; connect-src 'self'; worker-src 'self'; frame-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Guard:
    """Refuses what another site's page sends, sets headers that an answer lacks, and counts."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self.app = app
        self.service = service
        self._names = {*LOOPBACK, "testserver", urlsplit(service.options.site).hostname}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start, status = perf_counter(), 500

        async def answered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal(scope)
        try:
            if refusal is not None:
                await problem(refusal)(scope, receive, answered)
            else:
                await self.app(scope, receive, answered)
        finally:
            path = getattr(scope.get("route"), "path", "other")
            metrics = self.service.metrics
            metrics.requests.labels(scope["method"], path, str(status)).inc()
            metrics.seconds.labels(path).observe(perf_counter() - start)

    def _refusal(self, scope: Scope) -> Forbidden | None:
        headers = Headers(scope=scope)
        if self.service.options.on_loopback and _host_name(headers.get("host", "")) not in self._names:
            # A page of another site may have its own name lead here; the browser would take it for the same site.
            return Forbidden(
                "The service answers to the names of this machine alone.",
                advice="Use 127.0.0.1, or start it with --site URL.",
            )
        site = headers.get("sec-fetch-site", "same-origin")
        if site not in ("same-origin", "none") and not _is_navigation(headers, scope["path"]):
            return Forbidden("Pages of other sites may not ask.", advice="Open the page of the service itself.")
        return None


def _host_name(host: str) -> str:
    name = host.rpartition(":")[0] if host.count(":") == 1 else host
    return name.rpartition("]")[0].lstrip("[") if name.startswith("[") else name


def _is_navigation(headers: Headers, path: str) -> bool:
    return headers.get("sec-fetch-mode") == "navigate" and not path.startswith("/v1/")
