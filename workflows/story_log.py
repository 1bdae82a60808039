"""The workflow's log: silent while a history is replayed, every line with the workflow's ids."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from mentoring_lifecycle.contracts.log_lines import log_lines

log = log_lines(workflow.logger)
