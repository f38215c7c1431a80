"""How does one achievement look on a picture that a person can share?"""
