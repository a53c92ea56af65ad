"""The embedded engine: a shop as processes on this machine, against real servers from wheels. No Docker, no root."""

from breakwater.engines.supervised import SupervisedEngine


class EmbeddedEngine(SupervisedEngine):
    """Its supervisor holds a `running.RunningShop`."""

    name = "embedded"
    shops_a_processor = 1.5
