"""What has been proved, for which source?"""
