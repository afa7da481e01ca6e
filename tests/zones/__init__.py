"""Every named zone from 1990 to 2037: one slot for each date, at the first instant that shows its time or a later one.

`make test` takes a sample of the zones, on the days around their clock changes; `make test-zones` takes all zones and
all days, a few minutes.
"""
