"""The radiologist's page: panes, hit-test and session know no web toolkit; ``page.py`` alone does."""
