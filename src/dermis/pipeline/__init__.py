"""From a photo to an analysis: quality, exclusion, tasks, several views, visits, batches."""
