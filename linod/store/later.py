"""What is asked of the database when the site runs, and by nobody before its first pass."""

from linod.store.adopting import Adopting
from linod.store.changes import Changes
from linod.store.history import History
from linod.store.installing import Installing
from linod.store.listing import Listing
from linod.store.ordering import Ordering
from linod.store.retention import Retention


class Later(Adopting, Installing, Ordering, Changes, History, Retention, Listing):
    """What operators ask and edit, tables and tasks for what plugins bring, and the removal of old jobs."""
