"""What can be typed besides pytest?"""
