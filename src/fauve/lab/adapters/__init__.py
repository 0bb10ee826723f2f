"""The lab's family as ordinary generators, scorers, judges and a selector."""
