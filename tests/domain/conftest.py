"""How hard the property of any life looks: quickly and repeatably, or with `--hypothesis-profile=long` at random."""

from hypothesis import HealthCheck, settings

settings.register_profile("quick", deadline=None, derandomize=True, max_examples=150, stateful_step_count=50)
settings.register_profile(
    "long",
    deadline=None,
    max_examples=3_000,
    stateful_step_count=120,
    suppress_health_check=[HealthCheck.too_slow],
)
