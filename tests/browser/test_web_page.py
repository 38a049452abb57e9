"""What a person does with the web page, in a real browser."""

import json

import pytest

from tests.browser.conftest import prose, show_tip

pytestmark = pytest.mark.browser

TEXT = prose(150)
REPORT = "main#report"
WAIT = 60_000


def open_report(page, text=TEXT):
    page.get_by_role("textbox", name="The text").fill(text)
    page.get_by_role("button", name="Look at the text").click()
    page.wait_for_selector(REPORT, timeout=WAIT)


def fits(page):
    """Nothing sticks out to the side."""
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_paste_report_switch_hover_download(page, width):
    assert fits(page)
    open_report(page)
    assert fits(page)
    assert page.locator("#verdict").get_attribute("data-verdict") in ("human", "machine", "mixed", "inconclusive")
    assert page.locator("#text .t").count() > 150
    shown = page.locator("#text").inner_text()
    assert TEXT.split(".")[3].strip()[:30] in " ".join(shown.split())

    def colours():
        return page.eval_on_selector_all("#text .t", "all => all.map(one => getComputedStyle(one).backgroundColor)")

    seen = []
    for view in ("rank", "fraction", "surprise", "evidence"):
        page.locator(f"label[for=view-{view}]").click()
        assert page.locator(f"#view-{view}").is_checked()
        seen.append(colours())
    assert all(a != b for i, a in enumerate(seen) for b in seen[:i])

    assert page.locator("#tip").is_hidden()
    tip = show_tip(page, 20)
    for word in ("place among the guesses", "probability", "surprise"):
        assert word in tip.inner_text().lower()
    box = tip.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width

    with page.expect_download() as html:
        page.get_by_role("link", name="Download HTML").click()
    saved = html.value.path().read_text(encoding="utf-8")
    assert html.value.suggested_filename == "pasted-text-report.html"
    assert 'id="report"' in saved
    assert "/results/" not in saved
    with page.expect_download() as record:
        page.get_by_role("link", name="Download JSON").click()
    assert json.loads(record.value.path().read_text())["n_words"] == len(TEXT.split())


def test_the_downloaded_report_stands_alone(page, chromium, tmp_path):
    open_report(page)
    with page.expect_download() as html:
        page.get_by_role("link", name="Download HTML").click()
    html.value.save_as(tmp_path / "report.html")
    context = chromium.new_context(offline=True)
    alone = context.new_page()
    alone.goto((tmp_path / "report.html").as_uri())
    show_tip(alone, 5)
    context.close()


def test_a_file_is_dropped(page):
    page.evaluate(
        """text => {
          const data = new DataTransfer();
          data.items.add(new File([text], "dropped essay.txt", {type: "text/plain"}));
          const field = document.getElementById("text");
          for (const kind of ["dragover", "drop"])
            field.dispatchEvent(new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true}));
        }""",
        TEXT,
    )
    assert page.evaluate("document.getElementById('file').files[0].name") == "dropped essay.txt"
    page.get_by_role("button", name="Look at the text").click()
    page.wait_for_selector(REPORT, timeout=WAIT)
    assert "dropped essay.txt" in page.locator("h1").inner_text()


def press_until(page, selector, key="Tab", most=60):
    """Go on with one key until the element has the focus."""
    for _ in range(most):
        if page.evaluate("selector => document.activeElement?.matches(selector)", selector):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{selector} is not reached by {key}; the focus is on {focused(page)}")


def focused(page):
    return page.evaluate("document.activeElement.outerHTML.slice(0, 200)")


def test_the_keyboard_alone_does(page, width):
    page.keyboard.press("Tab")
    assert "Skip" in focused(page)
    press_until(page, "#text")
    page.keyboard.insert_text(TEXT)
    press_until(page, "button[type=submit]")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"  # the focus is seen
    page.keyboard.press("Enter")
    page.wait_for_selector(REPORT, timeout=WAIT)
    press_until(page, "input[name=view]")
    before = page.evaluate("document.activeElement.id")
    page.keyboard.press("ArrowRight")
    after = page.evaluate("document.activeElement.id")
    assert after != before
    assert page.locator(f"#{after}").is_checked()
    press_until(page, "#text .t")
    page.locator("#tip").wait_for(state="visible")
    first = page.locator("#tip").inner_text()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.locator("#tip").inner_text() != first
    page.keyboard.press("Escape")
    assert page.locator("#tip").is_hidden()


def test_an_empty_paste_is_a_sentence_that_has_the_focus(page):
    page.get_by_role("button", name="Look at the text").click()
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert "There is no text" in alert.inner_text()
    assert "alert" in focused(page)
    open_report(page)  # the way on is open


def test_a_pdf_is_a_sentence_and_the_pasted_text_stays(page):
    page.get_by_role("textbox", name="The text").fill("kept")
    file = {"name": "secret.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 /Encrypt 2 0 R"}
    page.locator("#file").set_input_files(file)
    page.get_by_role("button", name="Look at the text").click()
    assert "is a PDF" in page.get_by_role("alert").inner_text()
    assert page.get_by_role("textbox", name="The text").input_value() == "kept"


def test_two_texts_are_compared(page):
    page.get_by_role("link", name="Compare two").click()
    page.get_by_role("textbox", name="First text").fill(TEXT)
    page.get_by_role("textbox", name="Second text").fill(prose(160, seed=1))
    page.get_by_role("button", name="Compare the texts").click()
    link = page.get_by_role("link", name="Report on the second text")
    link.wait_for(timeout=WAIT)
    assert fits(page)
    link.click()
    page.wait_for_selector(REPORT)
    page.get_by_role("link", name="Back to the comparison").click()
    link.wait_for()


def test_the_button_is_in_view_and_the_keys_press_it(page):
    for path, name in (("/compare", "Compare the texts"), ("/?sample=essay", "Look at the text")):
        page.goto(path)
        box = page.get_by_role("button", name=name).bounding_box()
        assert box["y"] + box["height"] <= page.viewport_size["height"]
    page.get_by_role("textbox", name="The text").press("Control+Enter")
    page.wait_for_selector(REPORT, timeout=WAIT)


def test_several_files_make_a_set_with_its_table(page):
    files = [{"name": f"{i}.txt", "mimeType": "text/plain", "buffer": prose(80, seed=i).encode()} for i in range(3)]
    page.locator("#file").set_input_files(files)
    page.get_by_role("button", name="Look at the text").click()
    page.wait_for_selector("main#class-set", timeout=WAIT)
    assert fits(page)
    with page.expect_download() as table:
        page.get_by_role("link", name="Download CSV").click()
    assert len(table.value.path().read_text(encoding="utf-8-sig").splitlines()) == 4
    page.get_by_role("link", name="1.txt", exact=True).first.click()
    page.wait_for_selector(REPORT)
    page.get_by_role("link", name="Back to all texts").click()
    page.wait_for_selector("main#class-set")


def test_an_example_runs_on_the_page(page):
    page.goto("/api")
    example = page.locator("[data-try='/api/detect']")
    example.get_by_role("button", name="Send").click()
    example.locator("pre").wait_for(timeout=WAIT)
    assert '"results"' in example.locator("pre").inner_text()
    assert example.get_by_role("status").inner_text().startswith("200")
    assert fits(page)


def test_forgetting(page):
    open_report(page)
    report = page.url
    page.get_by_role("link", name="Forget this text").click()
    page.get_by_role("button", name="Forget").click()
    page.get_by_text("Text and result are forgotten.").wait_for()
    page.goto(report)
    assert page.locator("h1").inner_text() == "Not here"


def test_without_scripts_the_report_comes_too(chromium, address, width):
    context = chromium.new_context(
        base_url=address, java_script_enabled=False, viewport={"width": width, "height": 800}
    )
    page = context.new_page()
    page.goto("/")
    page.get_by_role("textbox", name="The text").fill(TEXT)
    page.get_by_role("button", name="Look at the text").click()
    page.wait_for_selector(REPORT, timeout=WAIT)
    context.close()


@pytest.mark.parametrize("path", ["/", "/compare", "/api", "/sign-in", "/nonsense"])
def test_every_page_has_a_language_a_title_one_heading_and_names_for_its_fields(page, path):
    page.goto(path)
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.title().endswith("detect")
    assert page.locator("h1").count() == 1
    assert page.locator("main").count() == 1
    unnamed = page.eval_on_selector_all(
        "input, textarea, button", "all => all.filter(one => !one.textContent && !one.labels?.length).length"
    )
    assert unnamed == 0
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert fits(page)  # as large as twice
