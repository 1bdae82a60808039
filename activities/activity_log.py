"""The activities' log: every line with the ids of the activity and its workflow."""

from temporalio import activity

from mentoring_lifecycle.contracts.log_lines import log_lines

log = log_lines(activity.logger)
