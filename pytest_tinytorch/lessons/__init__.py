"""Where is the text that explains this, and how is it read?"""
