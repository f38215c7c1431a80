"""What does the documentation take from the code?"""
