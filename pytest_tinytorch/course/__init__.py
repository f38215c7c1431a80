"""What is there to learn?"""
