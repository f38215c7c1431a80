"""How does progress look as one page that needs nothing else?"""
