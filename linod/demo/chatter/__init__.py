"""A site without background tasks, the page's chatter: linod starts, says so, and sleeps.

`linod --settings linod.demo.chatter`
"""
