"""Load: many visitors at once, what each of them waited, and the weather that passes meanwhile.

There are two ways to make load, and they answer different questions.

* A *closed loop* (`closed`): so many users, each of whom waits for an answer before it asks again. Locust runs it, in
  a process of its own. When the shop stands still, so do the users: they do not ask, and so nobody measures how long
  they would have waited. Tene called that *coordinated omission* (How NOT to Measure Latency, 2013).
* An *open loop* (`opened`): so many arrivals a second, whatever the shop does, as strangers come. A wait counts from
  the moment at which a visitor *meant* to ask; what the generator itself is late adds to it, and is told.

Schroeder, Wierman and Harchol-Balter (Open Versus Closed: A Cautionary Tale, NSDI 2006) measured how far the two are
apart. Both end as a `Run`, and write what buyers were told where the ledger finds it.
"""

from breakwater.load.run import Run, Sample, Waits
from breakwater.load.traffic import Visit, browse_and_buy

__all__ = ["Run", "Sample", "Visit", "Waits", "browse_and_buy"]
