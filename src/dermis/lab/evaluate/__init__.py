"""How good a trained model is: subgroups, baselines, comparisons, tables and reports."""
