"""`tito watch`: specs run again at each save, in a process that has done all it can before."""
