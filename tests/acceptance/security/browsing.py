"""A page that notices what scripts of others do, and what leaves it."""

from playwright.sync_api import Page, Route

URL = "http://page.test/"
WATCH = """
window.hacked = [];
for (const name of ["alert", "confirm", "prompt", "open", "print"])
  window[name] = (text) => void window.hacked.push(`${name}: ${text}`);
"""
# What a reader does by pointing: open each fold, and pass over each element.
STIR = """async () => {
  for (const fold of document.querySelectorAll("details")) fold.open = true;
  const names = ["mouseover", "pointerover", "focus", "blur", "toggle", "error", "load", "click"];
  for (const element of document.querySelectorAll("body *:not(a, button, input, select)"))
    for (const name of names) element.dispatchEvent(new Event(name));
  for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
}"""
# Elements that load, embed or send something, handlers, and links to other than web pages.
ACTIVE = """(root) => {
  const tags = "iframe, object, embed, base, meta, link, audio, video, template, portal"
    + ", form[action], [formaction], [srcdoc], [srcset], [ping], [background]";
  const safe = /^(https?:|mailto:|#|data:image[/](png|jpeg|gif|webp);)/;
  return [...document.querySelectorAll(`${root} *`)].filter((element) =>
    element.matches(tags)
    || element.getAttributeNames().some((name) => name.startsWith("on"))
    || [...element.attributes].some(({ name, value }) =>
      ["href", "src", "xlink:href", "data"].includes(name) && !safe.test(value)),
  ).map((element) => element.outerHTML.slice(0, 300));
}"""


class SafePage:
    """A page with HTML loaded, and nothing to be loaded besides.

    Attributes:
        left: URLs of all requests that the HTML made.
        errors: Errors of scripts.
    """

    def __init__(self, page: Page, html: str) -> None:
        self.page = page
        self.left: list[str] = []
        self.errors: list[str] = []
        self._html: str | None = html
        page.add_init_script(WATCH)
        page.route("**/*", self._route)
        page.on("websocket", lambda socket: self.left.append(socket.url))
        page.on("popup", lambda popup: self.left.append(f"popup: {popup.url}"))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.goto(URL)

    def check(self, root: str = "body") -> None:
        """Fail if anything of others has run, or could, or has left the page."""
        self.page.evaluate(STIR)
        assert self.page.evaluate("() => window.hacked") == []
        assert self.page.evaluate(ACTIVE, root) == []
        assert self.left == []

    def _route(self, route: Route) -> None:
        if route.request.url == URL and self._html is not None:
            route.fulfill(body=self._html, content_type="text/html; charset=utf-8")
            self._html = None
        else:
            self.left.append(route.request.url)
            route.abort()
