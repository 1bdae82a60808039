"""Somebody who reads the Temporal UI in a browser."""

from io import BytesIO
from pathlib import Path
from urllib.parse import quote

from PIL import Image
from playwright.async_api import FloatRect, Locator, Page, Request, expect

COLUMNS = (
    *("Workflow ID", "MentoringPhase", "MentoringStanding", "MentoringHealth"),
    *("MentoringAwaiting", "MentoringNextDueAt", "MentoringProgramme"),
)
"""What the list shows, in this order."""

_AT_FIRST = ("Status", "Run ID", "Type", "Start", "End")
"""What the UI shows besides by itself."""

_SIDEBAR, _TOP, _MARGIN = 256, 50, 16
"""Pixels of the UI's own bars, and some air below."""


class Operator:
    """One browser tab on one namespace."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self._url = url
        self.elsewhere: list[str] = []
        """Requests that did not go to this computer."""
        page.on("request", self._note)

    def _note(self, request: Request) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "data:", "blob:")):
            self.elsewhere.append(request.url)

    # --- the list -----------------------------------------------------------------------------------------------

    async def choose_columns(self) -> None:
        """By hand, as docs/temporal-ui.md says; the browser remembers it."""
        await self.look_for("")
        await self.page.get_by_role("button", name="Configure Columns").click()
        for column in _AT_FIRST:
            await self.page.get_by_role("button", name=f"Remove {column} column").click()
        for column in COLUMNS[1:]:
            await self.page.get_by_role("button", name=f"Add {column} column").click()
        await self.page.get_by_role("button", name="Close Workflows Table configuration").click()

    async def look_for(self, query: str) -> None:
        """Open the list with a query, as a bookmark does."""
        await self.page.goto(f"{self._url}/workflows?query={quote(query)}")
        await expect(self.page.get_by_test_id("workflow-count")).to_be_visible()

    async def save_view(self, name: str) -> None:
        """Keep the query of the list under a name."""
        await self.page.get_by_test_id("create-view-button").click()
        await self.page.get_by_test_id("workflow-save-view-modal-input").fill(name)
        await self.page.get_by_role("dialog").get_by_test_id("confirm-modal-button").locator("visible=true").click()
        await expect(self.page.get_by_test_id("saved-views-button")).to_contain_text(name)

    async def open_view(self, name: str) -> None:
        """What was kept under a name, from a list that shows everything."""
        await self.look_for("")
        await self.page.get_by_test_id("saved-views-button").click()
        await self.page.get_by_role("menuitem", name=name).click()
        await expect(self.page.get_by_test_id("saved-views-button")).to_contain_text(name)

    async def rows(self, count: int) -> list[dict[str, str]]:
        """The list, as soon as it has so many rows: what each shows by column."""
        await expect(self._rows).to_have_count(count)
        headings = [heading.strip() for heading in await self._headings.all_inner_texts()]
        return [await self._row(row, headings) for row in await self._rows.all()]

    async def _row(self, row: Locator, headings: list[str]) -> dict[str, str]:
        cells = await row.get_by_test_id("workflows-summary-table-body-cell").all_inner_texts()
        return dict(zip(headings, (cell.strip() for cell in cells), strict=True))

    @property
    def _rows(self) -> Locator:
        return self.page.get_by_test_id("workflows-summary-configurable-table-row")

    @property
    def _headings(self) -> Locator:
        return self.page.locator('[data-testid^="workflows-summary-table-header-cell-"]')

    # --- one relationship ---------------------------------------------------------------------------------------

    async def open(self, relationship: str, tab: str) -> None:
        """One tab of the page of a relationship's newest run."""
        await self.page.goto(f"{self._url}/workflows/{quote(f'relationship/{relationship}', safe='')}")
        await self.page.get_by_role("link", name=tab).or_(self.page.get_by_role("tab", name=tab)).first.click()

    async def details(self) -> str:
        """The current details, as soon as they are shown. The UI puts Markdown into a frame, the summary's first."""
        shown = self.page.frame_locator("iframe").last.locator("body")
        await expect(shown).to_contain_text("Phase")
        return await shown.inner_text()

    async def shows(self, words: str) -> None:
        """Wait until these words are to be read; fails where they are not."""
        await expect(self.page.locator("body")).to_contain_text(words)

    async def picture(self, file: Path, *, down_to: Locator) -> None:
        """What is to be seen down to an element, without the bars of the UI itself."""
        file.parent.mkdir(exist_ok=True)
        size, last = self.page.viewport_size, await down_to.bounding_box()
        assert size
        assert last
        height = last["y"] + last["height"] - _TOP + _MARGIN
        width = size["width"] - _SIDEBAR
        await self._photograph(file, {"x": _SIDEBAR, "y": _TOP, "width": width, "height": height})

    @property
    def last_row(self) -> Locator:
        """Of the list."""
        return self._rows.last

    @property
    def details_frame(self) -> Locator:
        """Where the current details are shown."""
        return self.page.locator("iframe").last

    async def picture_of(self, file: Path, heading: str) -> None:
        """From a heading to the end of what is below it."""
        file.parent.mkdir(exist_ok=True)
        start = await self.page.get_by_role("heading", name=heading, exact=True).bounding_box()
        size = self.page.viewport_size
        assert start
        assert size
        top, width = start["y"] - _MARGIN, size["width"] - _SIDEBAR
        await self._photograph(file, {"x": _SIDEBAR, "y": top, "width": width, "height": 360})

    async def _photograph(self, file: Path, clip: FloatRect) -> None:
        shot = await self.page.screenshot(clip=clip)
        # The UI has few colours: so many of them make a picture of a quarter of the size.
        Image.open(BytesIO(shot)).convert("RGB").quantize(64).save(file, optimize=True)
