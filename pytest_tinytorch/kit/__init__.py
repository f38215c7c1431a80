"""What is a workspace made of, and how is it renewed?"""
