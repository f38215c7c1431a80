"""Progress as one page of HTML that needs nothing else: the journey."""
