"""Several needles in one sitting, chosen together."""
