"""The acts of the story, in their order. Each lives on until its claim is true; the domain judges what may happen.

A scene whose act is already over returns at once: that is how a new run finds its place in the story.
"""

from mentoring_lifecycle.domain.events import Phase
from mentoring_lifecycle.workflows.story import Story


async def onboard(story: Story) -> None:
    """Both accept, read the guide and say privately that they are comfortable; or it ends here, under its own name."""
    await story.until(lambda relationship: relationship.phase is not Phase.ONBOARDING)


async def agree_on_ground_rules(story: Story) -> None:
    """Both sign the same version."""
    await story.until(lambda relationship: relationship.phase is not Phase.GROUND_RULES)


async def set_goals(story: Story) -> None:
    """One to three goals, at least one for each, agreed by both."""
    await story.until(lambda relationship: relationship.phase is not Phase.GOALS)


async def hold_sessions(story: Story) -> None:
    """Session after session, each with two witnesses, until the end is announced or somebody leaves."""
    await story.until(lambda relationship: relationship.phase is not Phase.ACTIVE)


async def close_out(story: Story) -> None:
    """Last sessions, a look back, calendars proven clean; then every letter and entry that is left."""
    await story.until(lambda relationship: relationship.is_closed)
    await story.finish()
