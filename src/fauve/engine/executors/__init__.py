"""Where jobs are done. Every executor keeps one contract: answers come back in the order of the jobs."""
