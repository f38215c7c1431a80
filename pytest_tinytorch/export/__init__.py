"""What do programs and other people read?"""
