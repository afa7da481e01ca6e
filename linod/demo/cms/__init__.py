"""A small web site, the page's cms1: two daily procedures and nothing else. `linod --settings linod.demo.cms`."""
