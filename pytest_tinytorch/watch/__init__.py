"""What did a save make right or wrong?"""
