"""The small trained network: a second opinion on CT, on MR the first one. ``MODEL_CARD.md`` says what it was shown."""
