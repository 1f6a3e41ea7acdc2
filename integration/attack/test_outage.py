"""outage.py in short."""

import attack
from outage import Outage


class Short(attack.Case):
    def test_15_seconds(self):
        outage = Outage(15).run()
        print(outage.report(), flush=True)
        self.assertEqual(outage.faults(), [])
