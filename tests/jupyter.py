"""Real JupyterLab and Notebook 7 in a real Chromium, each in directories of its own.

Fixtures named ``lab`` and ``notebook7`` open notebooks::

    def test_an_answer_is_on_the_page(lab):
        book = lab.open_notebook(["%load_ext dari_nb", "%dari_send Hello"])
        book.run_all()
        book.page.locator(".dari-answer").wait_for()
        assert book.save().cells[1].outputs
        lab.shutdown_kernels()
        book.reload()
        book.shot("answer")
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Error,
    Frame,
    Page,
    Request,
    expect,
    sync_playwright,
)

ROOT = Path(__file__).parents[1]
SHOTS = Path(__file__).parent / "browser" / "shots"
BUNDLE = ROOT / "dari_nb" / "widgets" / "static" / "live.js"
AXE = ROOT / "js" / "node_modules" / "axe-core" / "axe.min.js"
# Serious and critical ones only; `target` is the path of selectors to the element.
FINDINGS = """async (root) => {
  const { violations } = await axe.run(root, { resultTypes: ["violations"] });
  return violations
    .filter(({ impact }) => ["serious", "critical"].includes(impact))
    .flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) =>
      `${id}: ${target.join(" ")}: ${failureSummary}`));
}"""
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# The first would cover the page with news, which need the network.
SETTINGS = {"@jupyterlab/apputils-extension/notification": {"fetchNews": "false"}}
# Else each kernel imports anew what the last one did, and each page that is loaded has the server
# start node, to see whether it is to be built anew.
CONFIG = """
from tests import kernels
kernels.fork_all()
no_builds = {"buildCheck": False, "buildAvailable": False}
c.ServerApp.tornado_settings = {"page_config_data": no_builds}
"""
# What the notebooks themselves complain of, with nothing of ours on the page: Notebook 7 while it
# starts, JupyterLab's debugger and its subshells when their kernel goes before it has answered, its
# reader of messages when the last words of a kernel that is shut down come in pieces, and
# anywidget after two seconds on a busy machine: a view that never comes is missed by its test.
OWN_NOISE = {
    "Kernel message validation error: Unexpected token 's', \"stream.stderr\" is not valid JSON",
    "Canceled future for create_subshell_request message before replies were done",
    "[anywidget] Failed to initialize model.",
    "Cannot read properties of undefined (reading 'schema')",
    (
        "Could not restore the debugger state: Canceled future for debug_request message before"
        " replies were done"
    ),
}
# Jupyter's server fails to list its kernels while one of them begins.
LISTS_KERNELS = re.compile(r"/api/kernels\?\d+$")
PATIENCE = 200_000
"""Milliseconds for what is waited for; what never comes fails, and how fast it is is not tested."""
expect.set_options(timeout=PATIENCE)
SHOWN = """() => {
  const { outerHTML } = document.activeElement;
  return `${document.body.innerText.slice(-5000)}\nhas the focus: ${outerHTML.slice(0, 300)}`;
}"""
"""What is on a page, its end at least, and what has the focus."""
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
KERNEL = "window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel"
# Right after an interrupt a kernel takes back what it is to run.
EXECUTE = f"""async (code) => {{
  for (;;) {{
    const future = {KERNEL}.requestExecute({{ code, store_history: false }});
    let out = "";
    future.onIOPub = (message) => {{
      if (message.header.msg_type === "stream") out += message.content.text;
      if (message.header.msg_type === "error") out += message.content.traceback.join("\\n");
    }};
    const reply = await future.done;
    if (reply.content.status !== "aborted") return out;
  }}
}}"""
# JupyterLab as it is before a notebook is opened in it; not where a test has left something else.
EMPTIED = """async () => {
  const { name, shell, commands } = window.jupyterapp ?? {};
  if (name !== "JupyterLab" || document.querySelector(".jp-Dialog")) return false;
  for (const widget of [...shell.widgets("main")]) {
    if (widget.context) widget.context.model.dirty = false;
    widget.dispose();
  }
  if (shell.leftCollapsed) shell.expandLeft();
  if (document.body.dataset.jpThemeLight !== "true")
    await commands.execute("apputils:change-theme", { theme: "JupyterLab Light" });
  return true;
}"""
# What a kernel says before the server listens to it is lost, now and then to its last word: of
# which nothing is known, that is asked, as by whoever runs a cell.
IS_IDLE = f"""
  const kernel = {KERNEL};
  if (kernel?.connectionStatus === "connected" && kernel.status === "unknown")
    kernel.requestKernelInfo().catch(() => undefined);
  return kernel?.status === "idle";"""
IDLE = f"() => {{{IS_IDLE}\n}}"
# The launcher comes when nothing else is left; it may come only when a notebook is there again. A
# folder that was listed while its files went was not found, and a dialog says so.
AT_FRONT = f"""(path) => {{
  const {{ shell }} = window.jupyterapp;
  const dialog = document.querySelector(".jp-Dialog");
  if (dialog?.innerText.includes("Directory not found")) dialog.querySelector("button").click();
  const notebook = [...shell.widgets("main")].find((widget) => widget.context?.path === path);
  if (shell.currentWidget !== notebook) shell.activateById(notebook.id);{IS_IDLE}
}}"""


def wait_until_stored(page: Page) -> None:
    """Leave the browser the time to take what a page has put into its storage.

    Chromium loses it now and then where the page is left within the same second; and nobody writes
    and goes as fast as a test does.
    """
    page.wait_for_timeout(1500)


def reload(page: Page) -> None:
    """Load a page anew as a reader does, who has looked at it meanwhile."""
    wait_until_stored(page)
    page.reload()


@dataclass
class Notebook:
    """One notebook, open in a page of its own."""

    server: "Jupyter"
    page: Page
    path: Path
    #: Errors on the console, uncaught exceptions and failed requests of this page.
    problems: list[str] = field(default_factory=list)

    def open(self) -> None:
        """Go to the notebook and wait for its kernel."""
        self._go()
        self._wait()

    def _go(self) -> None:
        self.page.goto(f"{self.server.url}/{self.server.route}/{self.path.name}{self.server.query}")

    def open_in_place(self) -> None:
        """Open the notebook in a JupyterLab that is on the page already."""
        self.page.bring_to_front()
        self.page.set_viewport_size({"width": 1280, "height": 900})
        self.page.emulate_media(media="null")
        self.command("docmanager:open", path=self.path.name)
        self.page.wait_for_function(AT_FRONT, arg=self.path.name, polling=100)
        self._wait()

    def _wait(self) -> None:
        self.page.locator(".jp-Notebook .jp-Cell").first.wait_for()
        self.page.wait_for_function(IDLE, polling=100)

    def run_all(self) -> None:
        """Run all cells; returns when all have ended."""
        self.command("notebook:run-all-cells")

    def start_all(self) -> None:
        """Run all cells without waiting for them."""
        self.page.evaluate(
            "() => void window.jupyterapp.commands.execute('notebook:run-all-cells')"
        )

    def save(self) -> nbformat.NotebookNode:
        """Save, and read back what is on the disk."""
        self.command("docmanager:save")
        return nbformat.read(self.path, as_version=4)

    def reload(self, *, is_busy: bool = False) -> None:
        """Load the page anew; the notebook opens from the disk.

        Args:
            is_busy: Whether its kernel is at work, and is not waited for.
        """
        self.server.reloaded.add(self.page)
        wait_until_stored(self.page)
        self._go()
        if not is_busy:
            self._wait()

    def close(self) -> None:
        """Close the page; the kernel lives on. A page behind another one is drawn seldom."""
        self.server.pages.remove(self.page)
        self.page.close()

    def execute(self, code: str) -> str:
        """Run code in the kernel without a cell; returns what it prints."""
        return str(self.page.evaluate(EXECUTE, code))

    def interrupt(self) -> None:
        """Interrupt the kernel, as the button of the toolbar does."""
        self.page.evaluate(f"() => {KERNEL}.interrupt()")

    def theme(self, name: str) -> None:
        """Switch to the ``light`` or the ``dark`` theme."""
        self.command("apputils:change-theme", theme=THEMES[name])
        is_light = str(name == "light").lower()
        self.page.locator(f"body[data-jp-theme-light={is_light}]").wait_for(state="attached")
        # JupyterLab stumbles when it is told to switch again before its curtain has gone.
        self.page.locator("#jupyterlab-splash").wait_for(state="detached")

    def command(self, name: str, **arguments: Any) -> None:
        """Execute a command of the application; returns when it is done."""
        self.page.evaluate(
            "([name, args]) => window.jupyterapp.commands.execute(name, args).then(() => null)",
            [name, arguments],
        )

    def shot(self, name: str, *, width: int | None = None, selector: str | None = None) -> Path:
        """Take a screenshot into ``tests/browser/shots``, of the page or of one element."""
        SHOTS.mkdir(exist_ok=True)
        if width is not None:
            height = (self.page.viewport_size or {"height": 900})["height"]
            self.page.set_viewport_size({"width": width, "height": height})
        file = SHOTS / f"{self.server.kind}-{name}.png"
        if selector is None:
            self.page.screenshot(path=file)
            return file
        while True:
            try:
                self.page.locator(selector).first.screenshot(path=file)
                return file
            except Error as error:
                # What is put in anew meanwhile is taken anew.
                if "not attached to the DOM" not in str(error):
                    raise


class Jupyter:
    """A running JupyterLab (``lab``) or Notebook 7 (``notebook``) and a browser to look at it."""

    def __init__(self, kind: str, home: Path) -> None:
        self.kind = kind
        self.route = {"lab": "lab/tree", "notebook": "notebooks"}[kind]
        self.query = "?reset" if kind == "lab" else ""
        self.home = home
        self.notebooks = home / "notebooks"
        self.url = f"http://127.0.0.1:{_free_port()}"
        self._browser: BrowserContext | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._opener: Page | None = None
        self.pages: list[Page] = []
        self.reloaded: set[Page] = set()
        self._problems: dict[Page, list[str]] = {}
        self._emptied: Page | None = None

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self.notebooks.mkdir(parents=True)
        _write_settings(self.home / "settings")
        config = self.home / "config"
        config.mkdir()
        (config / "jupyter_server_config.py").write_text(CONFIG)
        log = self.home / "server.log"
        with log.open("wb") as stream:
            self._process = subprocess.Popen(
                self._command(),
                env=self._environment(),
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + 180
        while not _answers(f"{self.url}/api"):
            if self._process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"{self.kind} did not start:\n{log.read_text()[-3000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop the server, and with it its kernels."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def open_notebook(self, cells: Sequence[str], name: str = "test.ipynb") -> Notebook:
        """Write a notebook of code cells and open it in a page of its own, 1280 x 900."""
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
        book = new_notebook(cells=[new_code_cell(cell) for cell in cells], metadata=metadata)
        nbformat.write(book, self.notebooks / name)
        return self.open_file(name)

    def copy_notebook(self, name: str) -> str:
        """Copy a saved notebook, so that it opens with a kernel of its own; return its name."""
        copy = f"copy-of-{name}"
        shutil.copy(self.notebooks / name, self.notebooks / copy)
        return copy

    def open_file(self, name: str) -> Notebook:
        """Open a notebook that is in the folder, in a page of its own, 1280 x 900."""
        page = self._emptied or self._new_page()
        self.pages.append(page)
        notebook = Notebook(self, page, self.notebooks / name, self._problems[page])
        if page == self._emptied:
            self._emptied = None
            notebook.open_in_place()
        else:
            notebook.open()
        return notebook

    def shutdown_kernels(self) -> None:
        """Shut all kernels down, as someone does who closes the day's work."""
        self.pages[-1].evaluate("() => window.jupyterapp.serviceManager.sessions.shutdownAll()")

    def clear(self) -> None:
        """Leave no kernel and no notebook to the next test, and at most an empty JupyterLab."""
        if self.pages:
            self.shutdown_kernels()
        for page in self.pages:
            # To load JupyterLab takes three times as long as to open a notebook in it. (Notebook 7
            # is loaded with each notebook.)
            # Where widgets were looked for whose kernel is gone, that may be complained of late.
            is_fresh = page in self._problems and page not in self.reloaded
            if self._emptied is None and is_fresh and page.evaluate(EMPTIED):
                self._emptied = page
            else:
                self._problems.pop(page, None)
                page.close()
        self.pages.clear()
        self.reloaded.clear()
        for file in self.notebooks.iterdir():
            shutil.rmtree(file) if file.is_dir() else file.unlink()
        if self._emptied is not None:
            self._problems[self._emptied].clear()

    def standing(self) -> set[Page]:
        """Pages that the next test uses again."""
        return {page for page in (self._opener, self._emptied) if page is not None}

    def look_with(self, browser: BrowserContext) -> None:
        """Look at the server with a browser; what was left in another one has gone with it."""
        if browser != self._browser:
            self._browser, self._opener, self._emptied = browser, None, None

    def _new_page(self) -> Page:
        # Pages that one page opened share its process, which has compiled the scripts already.
        assert self._browser is not None
        if self._opener is None:
            self._opener = self._browser.new_page()
            self._opener.goto(f"{self.url}/api")
        with self._opener.expect_popup() as opened:
            self._opener.evaluate("() => void window.open('about:blank')")
        problems = self._problems[opened.value] = []
        _note_problems(opened.value, problems)
        return opened.value

    def _command(self) -> list[str]:
        module = {"lab": "jupyterlab", "notebook": "notebook"}[self.kind]
        app = {"lab": "LabApp", "notebook": "JupyterNotebookApp"}[self.kind]
        return [
            *(sys.executable, "-m", module, "--no-browser", "--allow-root", "--ip=127.0.0.1"),
            f"--port={self.url.rsplit(':', 1)[1]}",
            "--ServerApp.port_retries=0",
            "--IdentityProvider.token=",
            f"--ServerApp.root_dir={self.notebooks}",
            f"--LabApp.user_settings_dir={self.home / 'settings'}",
            f"--{app}.expose_app_in_browser=True",
        ]

    def _environment(self) -> dict[str, str]:
        own = {
            "HOME": self.home,
            "IPYTHONDIR": self.home / "ipython",
            "JUPYTER_CONFIG_DIR": self.home / "config",
            "JUPYTER_DATA_DIR": self.home / "data",
            "JUPYTER_RUNTIME_DIR": self.home / "runtime",
            "JUPYTERLAB_SETTINGS_DIR": self.home / "settings",
            "JUPYTERLAB_WORKSPACES_DIR": self.home / "workspaces",
            "PYTHONPATH": ROOT,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        kept = {name: v for name, v in os.environ.items() if name == "DARI_NB_CACHE"}
        others = {name: v for name, v in os.environ.items() if not name.startswith("DARI_")}
        inherited = others | kept
        return {**inherited, **{name: str(value) for name, value in own.items()}}


class Chromium:
    """One Chromium after another: the next one is started when the last one has ended."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._context: BrowserContext | None = None

    def context(self) -> BrowserContext:
        """Return the one that runs, whose pages share a cache, or start one."""
        if self._context is None or not self._answers(self._context):
            self.end()
            self._context = self._started()
        return self._context

    @property
    def pages(self) -> list[Page]:
        """All that is open, those too that a test has opened itself."""
        return [] if self._context is None else self._context.pages

    def end(self) -> None:
        """End the one that runs."""
        self._context = None
        with suppress(Error):  # It has ended by itself.
            self._stack.close()

    def _started(self) -> BrowserContext:
        playwright = self._stack.enter_context(sync_playwright())
        chromium = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_FLAGS)
        self._stack.callback(chromium.close)
        context = chromium.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(PATIENCE)
        return context

    @staticmethod
    def _answers(context: BrowserContext) -> bool:
        return context.browser is not None and context.browser.is_connected()


def shown(frame: Frame) -> str:
    try:  # A page that is stuck never answers what is evaluated in it.
        return str(frame.wait_for_function(SHOWN, polling=100, timeout=10_000).json_value())
    except Error as error:
        return f"it does not say: {error}"


def chromium_path() -> str:
    """Return the Chromium to use; fails with what to do when there is none."""
    candidates = (os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    found = next((path for name in candidates if name and (path := shutil.which(name))), None)
    if found is None:
        pytest.fail(
            "browser tests need Chromium: `apt-get install chromium fonts-dejavu-core`,"
            " or name one with CHROMIUM=/path/to/chromium"
        )
    return found


def _note_problems(page: Page, problems: list[str]) -> None:
    def note(text: str, where: str | None = None) -> None:
        if text not in OWN_NOISE:
            problems.append(where or text)

    def answer(dialog: Dialog) -> None:
        # A page stands still for as long as a dialog is open that somebody listens for.
        if dialog.type == "beforeunload":
            dialog.accept()
        else:
            problems.append(f"dialog: {dialog.message}")
            dialog.dismiss()

    def heard(message: ConsoleMessage) -> None:
        failed_to_list = " 500 " in message.text and LISTS_KERNELS.search(message.location["url"])
        if message.type == "error" and not failed_to_list:
            note(message.text)

    page.on("console", heard)
    page.on("pageerror", lambda e: note(str(e), e.stack))
    page.on("requestfailed", lambda request: problems.extend(_failure(request)))
    page.on("dialog", answer)


def _failure(request: Request) -> list[str]:
    # Leaving a page ends what it was asking for; that is no fault.
    return [] if request.failure == "net::ERR_ABORTED" else [f"failed: {request.url}"]


def _write_settings(folder: Path) -> None:
    for plugin, values in SETTINGS.items():
        file = folder / f"{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1):
            return True
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def running(kind: str, home: Path) -> Iterator[Jupyter]:
    """Run a server while this generator is suspended."""
    if not BUNDLE.exists():
        pytest.fail("the front end is not built: run `npm ci && npm run build` in js/")
    server = Jupyter(kind, home)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def serious_findings(page: Page | Frame, selector: str) -> list[str]:
    """Return what axe-core finds in an element that is serious or critical."""
    page.evaluate(AXE.read_text())  # no tag: some hosts' policy forbids scripts of the page
    return list(page.evaluate(FINDINGS, selector))


CHROMIUM = Chromium()
"""The browser of this process."""
