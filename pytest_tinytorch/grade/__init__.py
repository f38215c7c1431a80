"""What is each submission of a class worth?"""
