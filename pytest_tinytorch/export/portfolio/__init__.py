"""What can a person publish of their work, so that others can check it?"""
