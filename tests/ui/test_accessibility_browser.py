"""axe on every page in both themes, with something open on each: nothing that keeps people from reading or pressing.

axe-core is the copy that axe-playwright-python ships; nothing is loaded from elsewhere.
"""

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from running_app import ROOT, start_server
from test_predict_browser import SEVEN, answer, as_file, choose, draw, follow, one_run, open_predict

from core.data import mnist
from core.data.labels import NO_DIGIT
from core.my_digits.store import Corrections

pytestmark = pytest.mark.browser

SECTIONS = ("Confusion", "Per digit", "Errors", "Verdicts", "Confidence", "Robustness", "Compare", "Download")
LONG = 180_000  # milliseconds: the first figures of a model on a busy machine
VIEWS = ("Through the network", "Why, and why not", "What would change it", "Break it")  # a map takes a minute to make
SCHEMES = ("light", "dark")
# What stands inside widgets of others and can't be reached from here: rule, the element itself, and why.
ALLOWED = {
    ("svg-img-alt", 'g.mark-symbol[role="graphics-symbol"]:empty'): "Vega gives a group without a single point a role; "
    "the chart as a whole has its alternative text",
}
FOUND = """
async allowed => {
  const { violations } = await axe.run({ resultTypes: ["violations"] });
  const fails = one => ["serious", "critical"].includes(one.impact) || one.id === "heading-order";
  const isAllowed = (rule, target) => {
    const path = [target].flat(Infinity);
    let root = document, element = null;
    for (const part of path) { element = root.querySelector(part); root = element?.shadowRoot ?? root; }
    return allowed.some(([id, selector]) => id === rule && element?.matches(selector));
  };
  return violations.filter(fails).flatMap(({ id, nodes }) =>
    nodes.filter(node => !isAllowed(id, node.target)).map(node => `${id}: ${node.html}\\n  ${node.failureSummary}`));
}
"""
# No run is under way, nothing is stale, nothing moves or fades but what never ends.
RESTS = """
() => document.querySelector('[data-testid="stApp"]').dataset.testScriptState === "notRunning"
  && !document.querySelector('[data-testid="stStatusWidget"], [data-stale="true"], [data-testid="stSpinner"]')
  && !document.getAnimations().some(one => one.playState === "running" && one.effect.getTiming().iterations < 1 / 0)
"""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator:
    """An app with a few kept digits, one of them misread and one without a digit."""
    home = tmp_path_factory.mktemp("home")
    mine, digits = Corrections(home / "my-digits"), mnist.load(train=True)
    for image, label in zip(digits.images[:4].numpy(), (5, 0, 4, 2), strict=True):  # the last is a 1
        mine.keep(image, label, "8", "reference", "abc")
    mine.keep(digits.images[9].numpy(), NO_DIGIT, "4", "reference", "abc")
    with start_server(home / "log.txt", home) as running:
        yield running


def show_predict(page: Page, app, way: str = "Draw") -> None:
    """A way in on Predict; the page is loaded once."""
    if "/Predict" in page.url:
        choose(page, way)
    else:
        open_predict(page, app, way)


def open_home(page: Page, app) -> None:
    page.goto(app.url)
    expect(page.get_by_role("heading", name="Digit Lab")).to_be_visible()


def open_sample(page: Page, app) -> None:
    show_predict(page, app, "Samples")
    page.locator("[class*=st-key-gallery] button").first.click()
    expect(answer(page)).to_be_visible()
    expect(page.get_by_text("Wrong? It is a …")).to_be_visible()


def open_example(page: Page, app) -> None:
    show_predict(page, app)
    expect(page.locator(".answer.example")).to_be_visible()


def open_drawing(page: Page, app) -> None:
    show_predict(page, app)
    draw(page, SEVEN)
    expect(answer(page)).to_have_text("7")


def open_files(page: Page, app) -> None:
    show_predict(page, app, "Upload")
    files = [as_file(path.name, path.read_bytes()) for path in sorted((ROOT / "samples").glob("*.png"))[:3]]
    page.get_by_test_id("stFileUploader").locator('input[type="file"]').set_input_files(files)
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()


def open_train(page: Page, app) -> None:
    page.goto(f"{app.url}/Train")
    expect(page.get_by_role("heading", name="Settings")).to_be_visible()
    for box in page.locator("details").all():
        if not box.evaluate("box => box.open"):
            box.locator("summary").click()
    expect(page.get_by_text("About").first).to_be_visible()


def open_my_digits(page: Page, app) -> None:
    page.goto(f"{app.url}/My_digits")
    page.locator(".st-key-kept button").first.click()
    expect(page.get_by_role("button", name="Delete 1 picture")).to_be_visible()


def open_section(section: str) -> Callable[[Page, object], None]:
    def open_it(page: Page, app) -> None:
        if "/Evaluate" in page.url:
            with one_run(page):
                choose(page, section)
        else:
            page.goto(f"{app.url}/Evaluate?evaluate_section={section.replace(' ', '+')}")
        expect(page.get_by_role("radio", name=section, exact=True)).to_be_checked()

    return open_it


def open_view(view: str) -> Callable[[Page, object], None]:
    def open_it(page: Page, app) -> None:
        if "/Explain" in page.url:
            with one_run(page):
                choose(page, view)
        else:
            page.goto(f"{app.url}/Explain?view={view.replace(' ', '+')}")
        expect(page.get_by_role("radio", name=view, exact=True)).to_be_checked()
        expect(page.get_by_text("What am I looking at?")).to_be_visible()

    return open_it


# By page and what is open there, in an order in which one visitor gets from one state of a page to the next.
STATES = {
    "Home": open_home,
    "Predict, an example": open_example,
    "Predict, a drawing": open_drawing,
    "Predict, a sample": open_sample,
    "Predict, three files": open_files,
    "Train, all boxes open": open_train,
    "My digits, one chosen": open_my_digits,
    **{f"Evaluate, {section}": open_section(section) for section in SECTIONS},
    **{f"Explain, {view}": open_view(view) for view in VIEWS},
}


def find(page: Page) -> list[str]:
    """What axe finds once the page has come to rest, but for what is allowed."""
    page.mouse.move(1, 1)
    page.wait_for_function(RESTS, timeout=LONG)
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    return page.evaluate(FOUND, [list(one) for one in ALLOWED])


def test_a_sample_is_for_everybody(page: Page, server) -> None:
    open_sample(page, server)
    assert not (found := find(page)), "\n".join(found)


@pytest.mark.slow
@pytest.mark.parametrize("name", dict.fromkeys(state.split(", ")[0] for state in STATES))
def test_axe_finds_nothing_serious(page: Page, app, name: str) -> None:
    """In no state of the page, in neither theme; the first theme of a state is the last of the one before."""
    found, schemes = [], SCHEMES
    for state in (state for state in STATES if state.split(", ")[0] == name):
        STATES[state](page, app)
        for number, scheme in enumerate(schemes):
            if number:
                follow(page, scheme)
                with one_run(page):  # what Python draws follows the theme at the page's next run
                    page.keyboard.press("r")  # Streamlit's key for it
            found += [f"{state}, {scheme}: {one}" for one in find(page)]
        schemes = schemes[::-1]
    assert not found, "\n".join(found)
