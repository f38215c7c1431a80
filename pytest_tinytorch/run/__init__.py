"""How does a spec run, and what does its failure mean?"""
