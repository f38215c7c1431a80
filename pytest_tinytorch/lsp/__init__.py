"""What does an editor show of a verdict, and at which line?"""
