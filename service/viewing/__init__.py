"""What stands behind the radiologist's page: cases kept open, paths judged, people logged in."""
